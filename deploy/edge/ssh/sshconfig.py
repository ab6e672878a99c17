"""Reads ssh_config itself, where no `ssh` can be asked: blocks, Match, Include; the first value counts."""

from __future__ import annotations

import glob
import os
import re
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from deploy.edge.ssh.keywords import KNOWN
from deploy.edge.ssh.localnetwork import here
from deploy.edge.ssh.words import BadWords, fill, matches, seconds, split_line, split_words
from peer.core.errors import system_words

Values = dict[str, list[str]]

_RAW = ("proxycommand", "localcommand", "remotecommand", "knownhostscommand")  # a shell reads them
_LISTS = ("identityfile", "certificatefile")  # each line adds one
_MANY = ("userknownhostsfile", "globalknownhostsfile", "canonicaldomains")  # several words in a line
_DEEPEST = 16  # files that include one another
_EXEC_SECONDS = 20


class ConfigTrouble(Exception):
    """A line that can't be read or decided, and that concerns the host: where, what; and what to do."""

    def __init__(self, where: str, problem: str, remedy: str) -> None:
        super().__init__(f"{where}: {problem}")
        self.remedy = remedy


class Line(NamedTuple):
    """A line of ssh_config: its option in lower case, and what follows."""

    where: str  # file:line
    key: str
    text: str


class _Asked(NamedTuple):
    name: str  # as it was asked for
    user: str
    local_user: str
    final: bool  # the second reading, in which `Match final` holds


def values_of(files: Sequence[Path], name: str, user: str | None, port: int | None, local_user: str) -> Values:
    """What the files say of `name`: option in lower case -> its values. Raises ConfigTrouble."""
    given: Values = {}
    if user is not None:
        given["user"] = [user]
    if port is not None:
        given["port"] = [str(port)]
    reading = _Reading(given, _Asked(name, user or local_user, local_user, False))
    reading.read(files)
    if reading.wants_final:
        reading = _Reading(reading.values, reading.asked._replace(final=True))
        reading.read(files)
    return reading.values


class _Reading:
    """One pass over the files, for one host."""

    def __init__(self, values: Values, asked: _Asked) -> None:
        self.values = values
        self.asked = asked
        self.wants_final = False
        self._lists: Values = {}
        self._ignored = ""  # patterns of IgnoreUnknown

    def read(self, files: Sequence[Path]) -> None:
        for file in files:
            if file.is_file():
                self._read_file(file, True, 0)
        self.values.update(self._lists)

    def _read_file(self, file: Path, active: bool, depth: int) -> None:
        outer = active  # an included file's blocks count only where the Include itself does
        for line in lines_of(file):
            if line.key in ("host", "match"):
                active = outer and self._opens(line)
            elif line.key == "include":
                if active:
                    self._include(line, file, depth)
            elif active:
                self._take(line)

    def _include(self, line: Line, file: Path, depth: int) -> None:
        for path in included(line, file, depth, os.path.expanduser("~")):
            self._read_file(path, True, depth + 1)

    def _take(self, line: Line) -> None:
        if line.key == "ignoreunknown":
            self._ignored = self._ignored or ",".join(_words(line)).lower()
        elif line.key not in KNOWN:
            if not matches(self._ignored, line.key):
                raise ConfigTrouble(line.where, f"no option is called '{line.key}'", "correct the line, or remove it")
        else:
            self._note(line)

    def _note(self, line: Line) -> None:
        words = [line.text] if line.key in _RAW else _words(line)
        if not words or not words[0]:
            raise ConfigTrouble(line.where, f"{line.key} has no value", "write one, or remove the line")
        _check(line, words[0])
        if line.key in _LISTS:
            self._lists.setdefault(line.key, []).append(words[0])
        else:
            self.values.setdefault(line.key, words if line.key in _MANY else words[:1])

    def _opens(self, line: Line) -> bool:
        try:
            words = split_words(line.text)
        except BadWords as error:
            raise ConfigTrouble(line.where, str(error), "correct the line") from None
        if line.key == "host":
            # a list in one: `Host *.lab !bad.lab`
            return matches(",".join(word.lower() for word in words), self.asked.name.lower())
        return self._holds(line, words)

    def _holds(self, line: Line, words: list[str]) -> bool:
        """Whether all criteria of a Match hold; what can't be decided only matters where all others do."""
        if not words:
            raise ConfigTrouble(line.where, "Match has no criterion", "write one, as `Match host NAME`")
        unsure: ConfigTrouble | None = None
        for name, negated, value in _criteria(line, words):
            try:
                if self._criterion(line, name, value) == negated:
                    return False
            except ConfigTrouble as error:
                unsure = unsure or error
        if unsure is not None:
            raise unsure
        return True

    def _criterion(self, line: Line, name: str, value: str) -> bool:
        if name == "all":
            return True
        if name == "canonical":
            return self.asked.final and self.values.get("canonicalizehostname", ["no"])[0] not in ("no", "false")
        if name == "final":
            self.wants_final = True
            return self.asked.final
        texts = self._texts()
        if name in texts:
            return matches(value.lower() if "host" in name else value, texts[name])
        if name == "localnetwork":
            return _on_network(line, value)
        if name == "exec":
            return self._runs(line, value)
        raise ConfigTrouble(
            line.where, f"whether 'Match {name}' holds can't be decided here", "write the options under `Host` instead"
        )

    def _texts(self) -> dict[str, str]:
        return {
            "host": self._hostname().lower(),
            "originalhost": self.asked.name.lower(),
            "user": self.values.get("user", [self.asked.user])[0],
            "localuser": self.asked.local_user,
            "tagged": self.values.get("tag", [""])[0],
        }

    def _hostname(self) -> str:
        return self.values.get("hostname", ["%h"])[0].replace("%h", self.asked.name).replace("%%", "%")

    def _runs(self, line: Line, command: str) -> bool:
        tokens = {
            "h": self._hostname(),
            "n": self.asked.name,
            "p": self.values.get("port", ["22"])[0],
            "r": self.values.get("user", [self.asked.user])[0],
            "u": self.asked.local_user,
            "l": socket.gethostname(),
            "L": socket.gethostname().partition(".")[0],
            "d": os.path.expanduser("~"),
            "i": str(os.getuid()),
        }
        try:
            filled = fill(command, tokens)
            ended = subprocess.run(
                ["/bin/sh", "-c", filled],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=_EXEC_SECONDS,
            )
        except BadWords as error:
            raise ConfigTrouble(line.where, str(error), "write it out") from None
        except subprocess.TimeoutExpired:
            problem = f"its command doesn't end within {_EXEC_SECONDS} s"
            raise ConfigTrouble(line.where, problem, "give the command a limit of its own") from None
        return ended.returncode == 0


def lines_of(file: Path) -> Iterator[Line]:
    """The lines of one file that say something. Raises ConfigTrouble."""
    try:
        text = file.read_bytes().decode("utf-8-sig", errors="surrogateescape")
    except OSError as error:
        raise ConfigTrouble(str(file), system_words(error), "make it readable") from None
    for number, line in enumerate(text.split("\n"), 1):
        parts = split_line(line)
        if parts is not None:
            yield Line(f"{file}:{number}", *parts)


def included(line: Line, file: Path, depth: int, home: str) -> Iterator[Path]:
    """The files that an Include in `file` names, itself included `depth` times. `home`: the user's, for `~`.

    Raises ConfigTrouble.
    """
    if depth >= _DEEPEST:
        raise ConfigTrouble(line.where, "files include one another without end", "take one Include out")
    folder = "/etc/ssh" if str(file).startswith("/etc/") else os.path.join(home, ".ssh")
    for pattern in _words(line):
        if "\0" in pattern:
            raise ConfigTrouble(line.where, "a file's name can't have a NUL byte in it", "correct the line")
        named = home + pattern[1:] if pattern.startswith("~/") else os.path.expanduser(pattern)
        yield from map(Path, sorted(glob.glob(os.path.join(folder, named))))


def _words(line: Line) -> list[str]:
    try:
        return split_words(line.text)
    except BadWords as error:
        raise ConfigTrouble(line.where, str(error), "correct the line") from None


def _port(value: str) -> None:
    if not re.fullmatch(r"[0-9]{1,5}", value) or not 1 <= int(value) <= 65535:
        raise BadWords(f"'{value}' isn't a port")


def _count(value: str) -> None:
    if not re.fullmatch(r"[0-9]{1,9}", value):
        raise BadWords(f"'{value}' isn't a number")


_CHECKS: dict[str, Callable[[str], object]] = {
    "port": _port,
    "connecttimeout": seconds,
    "serveraliveinterval": seconds,
    "serveralivecountmax": _count,
}


def _check(line: Line, value: str) -> None:
    try:
        _CHECKS.get(line.key, str)(value)
    except BadWords as error:
        raise ConfigTrouble(line.where, str(error), "correct the line") from None


def _criteria(line: Line, words: list[str]) -> Iterator[tuple[str, bool, str]]:
    """(criterion, whether it is negated by `!`, its value) of a Match."""
    rest = list(words)
    while rest:
        name, joined, value = rest.pop(0).partition("=")
        negated, name = name.startswith("!"), name.lstrip("!").lower()
        if name not in ("all", "canonical", "final") and not joined:
            if not rest:
                raise ConfigTrouble(line.where, f"'Match {name}' has no value", "write one, or remove the line")
            value = rest.pop(0)
            if value == "=" and rest:
                value = rest.pop(0)
        yield name, negated, value


def _on_network(line: Line, networks: str) -> bool:
    try:
        return here(networks)
    except ValueError as error:
        raise ConfigTrouble(line.where, str(error), "write networks as 192.168.1.0/24") from None
