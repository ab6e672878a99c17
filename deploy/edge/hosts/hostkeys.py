"""Host keys: reads known_hosts as OpenSSH does, refuses unknown ones, notes new ones if that was said."""

from __future__ import annotations

import fnmatch
import threading
from pathlib import Path

import paramiko
from paramiko.hostkeys import HostKeyEntry, HostKeys, InvalidHostKey

SYSTEM_FILE = Path("/etc/ssh/ssh_known_hosts")
USER_FILE = Path("~/.ssh/known_hosts")


class UntrustedKey(paramiko.SSHException):
    """The host showed a key that we don't know, and nobody said to accept new ones; or a revoked one."""


class KnownHosts:
    """The keys of one known_hosts file and the system's; new ones go to the former. For many threads."""

    def __init__(self, path: Path, system: Path = SYSTEM_FILE) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._entries: list[HostKeyEntry] = []
        self._revoked: list[paramiko.PKey] = []
        for file in (path, system):
            self._load(file)

    def keys_of(self, name: str) -> list[paramiko.PKey]:
        """All keys on file for `name` (`host`, or `[host]:port`)."""
        return [entry.key for entry in self._entries if _names(entry.hostnames, name)]

    def check_new(self, name: str, key: paramiko.PKey, accept_new: bool) -> None:
        """What to do about a key when there is none on file for `name`. Raises UntrustedKey."""
        with self._lock:
            if key in self._revoked:
                raise UntrustedKey(f"its host key {key.fingerprint} is marked as revoked in {self.path}")
            known = self.keys_of(name)
            if key in known:
                return  # another connection of ours has just noted it
            if known or not accept_new:
                raise UntrustedKey(f"unknown host key {key.fingerprint} ({key.get_name()})")
            self._note(name, key)

    def _note(self, name: str, key: paramiko.PKey) -> None:
        entry = HostKeyEntry([name], key)
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        whole = not self.path.exists() or self.path.read_bytes()[-1:] in (b"", b"\n")
        with self.path.open("a", encoding="utf-8") as file:
            file.write(("" if whole else "\n") + entry.to_line())
        self._entries.append(entry)

    def _load(self, path: Path) -> None:
        """Line by line: one that can't be read (or a certificate authority's) mustn't hide the others."""
        if not path.is_file():
            return
        for line in path.read_text("utf-8", errors="replace").splitlines():
            marker, _, rest = line.strip().partition(" ")
            if marker == "@revoked":
                self._revoked += [entry.key for entry in _parse(rest.strip())]
            elif not marker.startswith(("#", "@")):
                self._entries += _parse(line.strip())


class StrictPolicy(paramiko.MissingHostKeyPolicy):
    """Asks `known` about a key that Paramiko found nothing on file for."""

    def __init__(self, known: KnownHosts, accept_new: bool) -> None:
        self._known = known
        self._accept_new = accept_new

    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:
        """Called by Paramiko within the handshake; raising ends the connection."""
        self._known.check_new(hostname, key, self._accept_new)


def _parse(line: str) -> list[HostKeyEntry]:
    try:
        entry = HostKeyEntry.from_line(line) if line else None
    except (InvalidHostKey, paramiko.SSHException, ValueError):
        return []
    return [entry] if entry is not None else []


def _names(patterns: list[str], name: str) -> bool:
    """Whether a line's first field speaks of `name`: as it is, hashed, or with wildcards; `!` takes out."""
    matching = [pattern for pattern in patterns if _matches(pattern.lstrip("!"), name)]
    return bool(matching) and not any(pattern.startswith("!") for pattern in matching)


def _matches(pattern: str, name: str) -> bool:
    if pattern.startswith("|1|"):
        return bool(HostKeys.hash_host(name, pattern) == pattern)
    if "*" in pattern or "?" in pattern:
        return fnmatch.fnmatchcase(name.lower(), pattern.lower().replace("[", "[[]"))
    return pattern.lower() == name.lower()
