"""Fetches a file by HTTP: goes on where a connection was cut, and believes nothing but TLS and the hash.

What came so far is in the goal; a note beside it tells which version on the server it is of. A server that ignores
`Range`, or has another version by now, gives the file from its start.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import os
import re
import socket
import ssl
import time
import urllib.error
import urllib.request
from typing import IO, Any, Callable, Dict, Iterator, Optional, Tuple

from peer.core.errors import StoreError, system_words
from peer.core.sizes import format_size
from peer.core.tuples import NamedTuple
from peer.edge.files import READ_SIZE, disk_error, free_bytes

_GONE_FOR_NOW = (408, 425, 429, 500, 502, 503, 504)
_PART = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
_NO_PART = re.compile(r"bytes \*/(\d+)")


class Pace(NamedTuple):
    """Seconds: without a byte before a connection is given up, without any before all is, between two tries.

    The second is less than agents take for a standstill.
    """

    stall: float = 15.0
    patience: float = 40.0
    pause: float = 1.0


PACE = Pace()


class Fetched(NamedTuple):
    """What lies in the goal now. `is_new`: False where the server has what we know already, and nothing was fetched."""

    sha256: str
    validator: str  # by which the server knows this version; "" if it doesn't say
    is_new: bool = True


class _Cut(Exception):
    """The connection ended too soon; another may go on."""


class _Gap(Exception):
    """What we have doesn't go together with what the server has: from the start, please."""


class _OnlyHttps(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        if not newurl.startswith("https://"):
            raise StoreError(f"{req.full_url}: it redirects to {newurl}, which isn't https; name another `url`")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class Download:
    """One file on its way from `url` to the file `goal`, which exists, as does its `note`.

    `tell` gets the bytes of each step; `sha256`: "" where nobody knows it; `known`: a validator of a version that
    needn't be fetched again.
    """

    def __init__(
        self, url: str, goal: str, note: str, sha256: str = "", known: str = "",
        tell: Callable[[int], None] = lambda _: None, pace: Pace = PACE, context: Optional[ssl.SSLContext] = None,
    ) -> None:  # fmt: skip
        self._url, self._goal, self._note = url, goal, note
        self._sha256, self._known = sha256, known
        self._tell = tell
        self._pace = pace
        tls = urllib.request.HTTPSHandler(context=context or ssl.create_default_context())
        self._opener = urllib.request.build_opener(tls, _OnlyHttps())
        self._validator = ""
        self._moved = time.monotonic()
        self._answered = False  # the server was there once

    def run(self) -> Fetched:
        """Until all of it is here and right. Raises StoreError, with nothing left of bytes that are wrong."""
        try:
            with open(self._goal, "r+b") as file:
                return self._run(file)
        except OSError as error:
            raise disk_error(error, self._goal) from None

    def _run(self, file: IO[bytes]) -> Fetched:
        resumed = self._has_part(file)
        if not self._fetch(file):
            return Fetched("", self._known, is_new=False)
        found = self._hash(file)
        if self._sha256 not in ("", found):
            file.truncate(0)
            if not resumed:
                problem = f"its SHA-256 is {found}, and the inventory says {self._sha256}"
                raise StoreError(f"{self._url}: {problem}; what was fetched is removed")
            return self._run(file)  # the part may have been of another version
        os.fsync(file.fileno())
        return Fetched(found, self._validator)

    def _has_part(self, file: IO[bytes]) -> bool:
        """Whether bytes of an earlier start are there that may count; others go."""
        note = self._read_note()
        self._validator = str(note.get("validator", ""))
        is_ours = note.get("url") == self._url and (self._validator or self._sha256)
        if not is_ours:
            self._validator = ""
            file.truncate(0)
        return file.seek(0, os.SEEK_END) > 0

    def _fetch(self, file: IO[bytes]) -> bool:
        """Try until all is here; False where nothing needs to be fetched."""
        while True:
            try:
                return self._once(file)
            except _Gap:
                file.truncate(0)
                self._validator = ""
            except _Cut as error:
                patience = self._pace.patience if self._answered else self._pace.patience / 4
                if time.monotonic() - self._moved > patience:
                    have = format_size(file.seek(0, os.SEEK_END))
                    problem = f"{error}, and nothing came for {patience:.0f} s; {have} are here"
                    raise StoreError(f"{self._url}: {problem}: run it again to go on") from None
                self._tell(0)
                time.sleep(self._pace.pause)

    def _once(self, file: IO[bytes]) -> bool:
        have = file.seek(0, os.SEEK_END)
        try:
            with self._opener.open(self._request(have), timeout=self._pace.stall) as answer:
                self._take(answer, file, have)
        except urllib.error.HTTPError as error:
            return self._refused(error, have)
        except urllib.error.URLError as error:
            raise self._trouble(error.reason) from None
        except (http.client.HTTPException, OSError) as error:  # the disk's are StoreErrors already
            raise self._trouble(error) from None
        return True

    def _request(self, have: int) -> urllib.request.Request:
        headers = {"Accept-Encoding": "identity", "User-Agent": "weft"}
        if have:
            headers["Range"] = f"bytes={have}-"
            headers.update({"If-Range": self._validator} if self._validator else {})
        elif self._known:
            key = "If-None-Match" if self._known.startswith('"') else "If-Modified-Since"
            headers[key] = self._known
        return urllib.request.Request(self._url, headers=headers)

    def _take(self, answer: Any, file: IO[bytes], have: int) -> None:
        """The bytes of an answer, to their place."""
        self._answered = True
        begin, total = _place(answer)
        if begin not in (0, have):
            raise _Gap
        validator = _validator_of(answer)
        if begin and self._validator and validator and validator != self._validator:
            raise _Gap
        self._validator = validator or (self._validator if begin else "")
        with self._disk():
            file.seek(begin)
            file.truncate(begin)
            self._write_note()
        self._check_room(total - begin if total is not None else 0)
        at = begin
        for data in iter(lambda: answer.read(READ_SIZE), b""):
            with self._disk():
                file.write(data)
                file.flush()
            at += len(data)
            self._moved = time.monotonic()
            self._tell(len(data))
        if total is not None and at != total:
            raise _Cut(f"the connection ended after {format_size(at)} of {format_size(total)}")

    @contextlib.contextmanager
    def _disk(self) -> Iterator[None]:
        """Tell an error of the disk from those of the network."""
        try:
            yield
        except OSError as error:
            raise disk_error(error, self._goal) from None

    def _refused(self, error: urllib.error.HTTPError, have: int) -> bool:
        code = error.code
        if code == 304 and self._known and not have:
            return False
        if code == 416 and have:
            match = _NO_PART.fullmatch(error.headers.get("Content-Range", ""))
            if match and int(match.group(1)) == have:
                return True  # all of it came already
            raise _Gap
        if code in _GONE_FOR_NOW:
            raise _Cut(f"the server says {code} {error.reason}")
        raise StoreError(f"{self._url}: the server says {code} {error.reason}; look at `url`")

    def _trouble(self, reason: object) -> Exception:
        """What the network did: a try that failed, or the end where another would fare no better."""
        if isinstance(reason, ssl.SSLCertVerificationError):
            why = getattr(reason, "verify_message", "") or "unknown issuer"
            return StoreError(f"{self._url}: its certificate isn't trusted ({why}); nothing was fetched")
        if isinstance(reason, (TimeoutError, socket.timeout)):
            return _Cut(f"no byte came for {self._pace.stall:.0f} s")
        if isinstance(reason, OSError):
            return _Cut(system_words(reason))
        return _Cut(str(reason) or type(reason).__name__)

    def _check_room(self, size: int) -> None:
        free = free_bytes(os.path.dirname(self._goal))
        if free is not None and free < size:
            problem = f"{format_size(size)} are to come and {format_size(free)} are free"
            raise StoreError(f"{self._goal}: {problem}; make room there")

    def _hash(self, file: IO[bytes]) -> str:
        sha = hashlib.sha256()
        file.seek(0)
        for data in iter(lambda: file.read(READ_SIZE), b""):
            sha.update(data)
            self._tell(0)
        return sha.hexdigest()

    # ---- the note

    def _read_note(self) -> Dict[str, Any]:
        try:
            with open(self._note, encoding="utf-8") as file:
                fields = json.load(file)
        except (OSError, ValueError):
            return {}
        return fields if isinstance(fields, dict) else {}

    def _write_note(self) -> None:
        with open(self._note, "r+", encoding="utf-8") as file:
            file.truncate(0)
            json.dump({"url": self._url, "validator": self._validator}, file)


def _place(answer: Any) -> Tuple[int, Optional[int]]:
    """Where the bytes of an answer begin, and how many the file has, if that is said."""
    if answer.status == 206:
        match = _PART.fullmatch(answer.headers.get("Content-Range", ""))
        if match is None:
            raise _Gap
        return int(match.group(1)), None if match.group(2) == "*" else int(match.group(2))
    length = answer.headers.get("Content-Length", "")
    return 0, int(length) if length.isdigit() else None


def _validator_of(answer: Any) -> str:
    """What names this very version; a weak ETag may name two that differ in bytes."""
    tag = str(answer.headers.get("ETag", ""))
    return tag if tag.startswith('"') else str(answer.headers.get("Last-Modified", ""))
