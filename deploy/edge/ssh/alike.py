"""Tells whether ssh_config treats all names alike: then one answer of `ssh -G` serves many hosts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from deploy.edge.ssh.sshconfig import ConfigTrouble, Line, included, lines_of
from deploy.edge.ssh.words import BadWords, split_words

_PLAIN_NAME = re.compile(r"[a-z0-9][a-z0-9.:-]*")  # a name that `ssh` leaves as it is


def is_plain(name: str) -> bool:
    """Whether `ssh -G` gives the name itself as the host's, where no line says otherwise."""
    return _PLAIN_NAME.fullmatch(name) is not None


def names_alike(files: Sequence[Path], home: str) -> bool:
    """Whether no line of the files, nor of those that they include, depends on a host's name; if in doubt, not.

    `home`: the user's, as `ssh` knows it.
    """
    try:
        return all(_is_for_all(line) for file in files for line in _every(file, home, 0))
    except (ConfigTrouble, BadWords):
        return False


def _every(file: Path, home: str, depth: int) -> Iterator[Line]:
    if not file.is_file():
        return
    for line in lines_of(file):
        if line.key != "include":
            yield line
            continue
        for path in included(line, file, depth, home):
            yield from _every(path, home, depth + 1)


def _is_for_all(line: Line) -> bool:
    if line.key == "host":
        return split_words(line.text) == ["*"]
    if line.key in ("match", "hostname") or line.key.startswith("canonical"):
        return False
    return "%" not in line.text
