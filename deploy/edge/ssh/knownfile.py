"""Reads known_hosts as OpenSSH does: one line, its marker, the names it speaks of, the key as bytes."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from deploy.edge.ssh.plainfile import refuse_pipe
from deploy.edge.ssh.words import matches

REVOKED, AUTHORITY = "@revoked", "@cert-authority"
_KRL = b"SSHKRL\n\0"


class Entry(NamedTuple):
    """One line. `problem`: why its key can't be read; `blob` is empty then."""

    where: str  # file:line
    marker: str  # "", REVOKED or AUTHORITY
    names: str
    kind: str  # as ssh-ed25519
    blob: bytes
    problem: str = ""

    def speaks_of(self, name: str) -> bool:
        """Whether it is about `name` (`host`, or `[host]:port`): as it is, hashed, with wildcards, without `!`."""
        if self.names.startswith("|"):
            return _is_hash_of(self.names, name)
        return matches(self.names.lower(), name.lower())


def entries(path: Path) -> list[Entry]:
    """The lines of a file of known hosts; [] where there is none. Raises OSError where it can't be read."""
    try:
        refuse_pipe(path)
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    lines = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", errors="surrogateescape").split("\n")
    return [
        entry for number, line in enumerate(lines, 1) for entry in _entry(f"{path}:{number}", line.strip(" \t\r\f\0"))
    ]


def revoked_keys(path: Path) -> set[bytes]:
    """The keys in a file that RevokedHostKeys names: one a line. Raises OSError, ValueError."""
    refuse_pipe(path)
    data = path.read_bytes()
    if data.startswith(_KRL):
        raise ValueError("it is a binary list (KRL)")
    found = set()
    for number, line in enumerate(data.decode("utf-8", errors="surrogateescape").splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        kind, text = (words * 2)[:2]
        blob, problem = _blob(kind, text)
        if problem:
            raise ValueError(f"line {number} can't be read")
        found.add(blob)
    return found


def fingerprint(blob: bytes) -> str:
    """A key's fingerprint as `ssh-keygen -l` shows it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def _entry(where: str, line: str) -> Iterator[Entry]:
    words = line.split(None, 4)
    if not words or words[0].startswith("#"):
        return
    marker = words.pop(0) if words[0].startswith("@") else ""
    if marker not in ("", REVOKED, AUTHORITY) or not words:
        return
    names, kind, text = [*words, "", ""][:3]
    blob, problem = _blob(kind, text)
    yield Entry(where, marker, names, kind, blob, problem)


def _blob(kind: str, text: str) -> tuple[bytes, str]:
    """(key, "") or (b"", why it can't be read)."""
    try:
        blob = base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), validate=True)
        (size,) = struct.unpack(">I", blob[:4])
    except (binascii.Error, ValueError, struct.error):
        return b"", "its key isn't readable"
    if blob[4 : 4 + size] != kind.encode("utf-8", errors="surrogateescape"):
        return b"", "its key isn't of the kind that the line names" if text else "it has no key"
    if not _complete(blob):
        return b"", "its key is cut off"
    return blob, ""


def _complete(blob: bytes) -> bool:
    """Whether the key consists of fields that have the lengths they say: a cut line hasn't."""
    place, fields = 0, 0
    while place + 4 <= len(blob):
        place += 4 + int(struct.unpack(">I", blob[place : place + 4])[0])
        fields += 1
    return place == len(blob) and fields > 1


def _is_hash_of(text: str, name: str) -> bool:
    parts = text.split("|")  # "", 1, salt, hash
    if len(parts) != 4 or parts[1] != "1":
        return False
    try:
        salt, noted = (base64.b64decode(part, validate=True) for part in parts[2:])
    except (binascii.Error, ValueError):
        return False
    # the format prescribes SHA-1
    return any(hmac.digest(salt, one.encode(), "sha1") == noted for one in {name, name.lower()})
