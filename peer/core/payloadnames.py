"""The names that a payload and what is in it may have: any that Linux takes, below the payload's folder, each once.

A name that isn't UTF-8 has a surrogate for each odd byte, as Python makes them of what a file system holds.
"""

from __future__ import annotations

import re
from itertools import islice
from operator import lt
from typing import Dict, Iterable, List, Set, Tuple

from peer.core.errors import ConfigError
from peer.core.listing import quoted

_ODD = r"""[^ -~]|[\\:*?"<>|]|[. ]$"""  # what some file system refuses or changes
# ASCII parts, none of which begins with a dot: safe.
_PLAIN = re.compile(r"(?!\.)[ -.0-~]{1,255}(?:/(?!\.)[ -.0-~]{1,255})*")
MOST_TARGET = 4095  # bytes of a link's target


def unsafe_name(path: str) -> str:
    """Why `path` may not name something below a payload's folder; "" if it may."""
    if _PLAIN.fullmatch(path):
        return ""
    if not path or path.startswith("/"):
        return "is empty" if not path else "is absolute"
    if "\0" in path:
        return "holds a NUL"
    parts = path.split("/")
    if any(part in ("", ".", "..") for part in parts):
        return "holds an empty part, '.' or '..'"
    try:
        if any(len(part.encode("utf-8", "surrogateescape")) > 255 for part in parts):
            return "has a part of more than 255 bytes"
    except UnicodeEncodeError:
        return "isn't a name that a file can have"
    return ""


def unsafe_top(name: str) -> str:
    """Why `name` may not be the payload's own, which is a word of Common.cfg too; "" if it may."""
    for letter, what in (("/", "a slash"), ("\\", "a backslash")):
        if letter in name:
            return f"holds {what}"
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in name):
        return "holds a control character"
    if any("\ud800" <= letter <= "\udfff" for letter in name):
        return "isn't UTF-8"
    return unsafe_name(name)


def unsafe_target(target: str) -> str:
    """Why a link can't point to `target`; "" if it can."""
    try:
        length = len(target.encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:
        return "isn't a name that a file can have"
    if not target or "\0" in target:
        return "is empty" if not target else "holds a NUL"
    return f"has {length} bytes" if length > MOST_TARGET else ""


def check_names(name: str, leaves: Iterable[str], folders: Iterable[str], source: str) -> None:
    """Refuse names that could leave the payload's folder, or that two things share. Raises ConfigError.

    `leaves`: all but folders, sorted; they are gone through several times, as a set of them would take tens of MiB.
    None of them may be above another name: nothing is ever written through a link. Trees have a hundred thousand of
    them, and each process of a run asks: so they are looked at one by one only where something is odd.
    """
    if unsafe_top(name):
        raise ConfigError(source, f"payload name {quoted(name)} {unsafe_top(name)}", "rename it")
    inner = sorted(folders)
    _need_safe(inner, source)
    _need_safe(leaves, source)
    taken = _parents(inner)
    taken |= _parents(leaves)
    taken.update(inner)
    if not taken.isdisjoint(leaves):
        both = next(path for path in leaves if path in taken)
        raise ConfigError(source, f"name {quoted(both)} is both a file and a folder", "rename one of the two")


def _need_safe(paths: Iterable[str], source: str) -> None:
    """Sorted paths, each of which must be safe and there once."""
    if all(map(_PLAIN.fullmatch, paths)) and all(map(lt, paths, islice(paths, 1, None))):
        return
    before = ""
    for path in paths:
        reason = unsafe_name(path)
        if reason:
            raise ConfigError(source, f"name {quoted(path)} {reason}", "rename it, or leave it out of the payload")
        if path == before:
            raise ConfigError(source, f"name {quoted(path)} is there twice", "rename one of the two")
        before = path


def _parents(paths: Iterable[str]) -> Set[str]:
    """All folders above these paths."""
    found: Set[str] = set()
    for parent in {path.rpartition("/")[0] for path in paths}:
        while parent and parent not in found:
            found.add(parent)
            parent = parent.rpartition("/")[0]
    return found


def doubtful_folders(paths: Iterable[str]) -> Dict[str, List[str]]:
    """Folders with names in them that some file system joins, changes or refuses silently -> these folders' names.

    Such names differ in case only, aren't plain ASCII (Unicode has several forms), or are odd elsewhere. `paths` are
    gone through three times, and nothing is kept of plain names.
    """
    doubtful, lowered = _odd_folders(paths)
    doubtful.update(path.rpartition("/")[0] for path in paths if path in lowered)
    inside: Dict[str, List[str]] = {folder: [] for folder in sorted(doubtful)}
    for path in paths if doubtful else ():
        folder, _, name = path.rpartition("/")
        if folder in inside:
            inside[folder].append(name)
    return inside


def _odd_folders(paths: Iterable[str]) -> Tuple[Set[str], Set[str]]:
    """Folders with odd names, or several that are equal in small letters; and all names with capitals in small ones."""
    folders: Set[str] = set()
    lowered: Set[str] = set()
    for path in paths:
        folder, slash, name = path.rpartition("/")
        small = folder + slash + name.lower()
        if re.search(_ODD, name) or small in lowered:
            folders.add(folder)
        if small != path:
            lowered.add(small)
    return folders, lowered
