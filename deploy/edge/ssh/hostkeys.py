"""Host keys: decides whether a host's key may be trusted; a revoked one never is, a new one only with `accept_new`."""

from __future__ import annotations

import base64
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import paramiko

from deploy.edge.ssh import phrases
from deploy.edge.ssh.knownfile import AUTHORITY, REVOKED, Entry, entries, fingerprint, revoked_keys
from peer.core.errors import system_words

SYSTEM_FILES = (Path("/etc/ssh/ssh_known_hosts"), Path("/etc/ssh/ssh_known_hosts2"))
USER_FILES = (Path("~/.ssh/known_hosts"), Path("~/.ssh/known_hosts2"))


class UntrustedKey(paramiko.SSHException):
    """The host showed a key that isn't on file for it, or a revoked one; `remedy` is what to do."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.remedy = remedy


class Names(NamedTuple):
    """What a host may be called in known_hosts: `main` is where new keys are noted."""

    main: str
    bare: str = ""  # without the port: there a key counts that is the one shown, as ssh has it


class KnownHosts:
    """The keys of known_hosts files; new ones go to the first. For many threads.

    `paths` are the files of known keys; in `others` only revoked ones count. Raises UntrustedKey for a
    file that can't be read.
    """

    def __init__(self, paths: Sequence[Path], others: Sequence[Path] = (), revoked: str = "") -> None:
        self.path = paths[0]
        self._lock = threading.Lock()
        self._entries = [entry for path in dict.fromkeys(paths) for entry in _read(path)]
        further = [entry for path in dict.fromkeys(others) if path not in paths for entry in _read(path)]
        self._revoked = [entry for entry in (*self._entries, *further) if entry.marker == REVOKED]
        self._revoked_blobs = _read_revoked(revoked) if revoked else set()

    def kinds_of(self, names: Names) -> list[str]:
        """The kinds of the keys on file, in their order: the host is to show one of these."""
        for name in names:
            found = [entry.kind for entry in self._known(name) if not entry.problem]
            if found:
                return list(dict.fromkeys(found))
        return []

    def check(self, names: Names, key: bytes, kind: str, accept_new: bool, strict: bool = False) -> None:
        """Whether the host of these names may show this key. Raises UntrustedKey.

        `strict`: ssh_config forbids to note a new one.
        """
        with self._lock:
            self._refuse_revoked(names, key)
            known = self._known(names.main)
            if any(entry.blob == key for entry in (*known, *self._known(names.bare))):
                return
            self._refuse_changed(known, key, kind)
            if not accept_new or strict:
                raise self._unknown(names, key, kind, phrases.NOTE_KEY_BY_HAND if strict else phrases.NOTE_KEY)
            self._note(names.main, key, kind)

    def _known(self, name: str) -> list[Entry]:
        return [entry for entry in self._entries if name and not entry.marker and entry.speaks_of(name)]

    def _refuse_revoked(self, names: Names, key: bytes) -> None:
        """A key that got out is good for no host, whichever the line names."""
        for entry in self._revoked:
            if entry.blob == key:
                problem = f"its host key {fingerprint(key)} is marked as revoked in {entry.where}"
                raise UntrustedKey(problem, phrases.REVOKED_REMEDY)
            if entry.problem and any(entry.speaks_of(name) for name in names if name):
                problem = f"{entry.where} revokes a key of it, and can't be read: {entry.problem}"
                raise UntrustedKey(problem, "correct that line")
        if key in self._revoked_blobs:
            raise UntrustedKey(
                f"its host key {fingerprint(key)} is in the file that RevokedHostKeys names",
                phrases.REVOKED_REMEDY,
            )

    def _refuse_changed(self, known: Sequence[Entry], key: bytes, kind: str) -> None:
        others = [entry for entry in known if not entry.problem]
        if not others:
            return
        same = [entry for entry in others if entry.kind == kind]
        shown = f"{fingerprint(key)} ({kind})"
        noted = ", ".join(f"{fingerprint(entry.blob)} ({entry.where})" for entry in (same or others)[:3])
        names = f"'{others[0].names}'" if not others[0].names.startswith("|") else "the host"
        raise UntrustedKey(*phrases.changed(shown, noted, names, others[0].where.rpartition(":")[0]))

    def _unknown(self, names: Names, key: bytes, kind: str, remedy: str) -> UntrustedKey:
        problem = f"unknown host key {fingerprint(key)} ({kind})"
        about = [entry for entry in self._entries if any(entry.speaks_of(name) for name in names if name)]
        broken = [entry for entry in about if entry.problem and not entry.marker]
        if broken:
            return UntrustedKey(f"{problem}; {broken[0].where} is about it, and {broken[0].problem}", remedy)
        if any(entry.marker == AUTHORITY for entry in about):
            problem += "; known_hosts has an authority for it, whose certificates Paramiko can't check"
            return UntrustedKey(problem, f"write {phrases.BY_OPENSSH}, or {remedy}")
        return UntrustedKey(problem, remedy)

    def _note(self, name: str, key: bytes, kind: str) -> None:
        line = f"{name} {kind} {base64.b64encode(key).decode()}\n"
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            complete = not self.path.exists() or self.path.read_bytes()[-1:] in (b"", b"\n")
            with self.path.open("a", encoding="utf-8") as file:
                file.write(("" if complete else "\n") + line)
        except OSError as error:
            reason = system_words(error)
            raise UntrustedKey(*phrases.not_noted(str(self.path), reason)) from None
        self._entries.append(Entry(str(self.path), "", name, kind, key))


def _read(path: Path) -> list[Entry]:
    try:
        return entries(path)
    except OSError as error:
        reason = system_words(error)
        raise UntrustedKey(f"{path} can't be read: {reason}", "make it a file that you may read") from None


def _read_revoked(path: str) -> set[bytes]:
    try:
        return revoked_keys(Path(path))
    except (OSError, ValueError) as error:
        reason = system_words(error)
        problem = f"the file that RevokedHostKeys names, {path}, can't be read: {reason}"
        raise UntrustedKey(problem, "name a text file with one key a line") from None
