"""The errors of a peer, and the exit code with which each kind ends the process."""

from __future__ import annotations

import re

EXIT_OK = 0  # the complete payload is here, and every peer that needed us has it too
EXIT_FAILED = 1  # this machine got in the way: disk, port, permissions
EXIT_USAGE = 2  # the command line or a configuration file is wrong
EXIT_INCOMPLETE = 3  # the swarm could not give us every piece
EXIT_INTERRUPTED = 130  # Ctrl-C or a TERM signal, as shells report it

MOST_SHOWN = 40  # bytes of a neighbour's mistake that a line on stderr shows


class WeftError(Exception):
    """One line for a person: what happened, where, and what to do next."""

    code = EXIT_FAILED


class ConfigError(WeftError):
    """A configuration file or the command line is wrong; `where` is `file:line` or the file's name."""

    code = EXIT_USAGE

    def __init__(self, where: str, problem: str, remedy: str) -> None:
        super().__init__(f"{where}: {problem}; {remedy}")


class StoreError(WeftError):
    """The payload can't be read or written on this machine."""


class BusyError(WeftError):
    """Another process holds something that we need: the port, or the lock of this peer's folder."""


class ProtocolError(Exception):
    """A neighbour broke the protocol: its connection is closed, and `str(error)` is the reason logged.

    `data`: the bytes that broke it, as far as they help (the first MOST_SHOWN are shown); `rule`: what it should be.
    """

    def __init__(self, reason: str, data: bytes = b"", rule: str = "") -> None:
        super().__init__(reason)
        self._data = data
        self._rule = rule

    @property
    def account(self) -> str:
        """The reason with the bytes and the rule, to find the fault in the other program."""
        shown = self._data[:MOST_SHOWN].hex(" ") + (" ..." if len(self._data) > MOST_SHOWN else "")
        parts = [str(self), f"bytes: {shown}" if self._data else "", f"rule: {self._rule}" if self._rule else ""]
        return "; ".join(part for part in parts if part)


ABSENT = "no such file or directory"  # as `system_words` has it


def system_words(error: Exception) -> str:
    """The system's text for an error, in lower case and without its number; a library's may be of another kind."""
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()


_SPOKEN = r"peer(?: [a-z0-9]+)?: "  # not compiled at each start


def peer_name(peer: int) -> str:
    """The name that begins a running peer's lines on standard error."""
    return f"peer {peer}"


def format_words(name: str, words: str) -> str:
    """A peer's line on standard error. `name`: `peer_name`, or the command ("peer", "peer verify")."""
    return f"{name}: {words}"


def parse_words(line: str) -> str:
    """The text of such a line without the name; any other line is left as it is."""
    spoken = re.match(_SPOKEN, line)
    return line[spoken.end() :] if spoken else line
