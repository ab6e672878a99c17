"""The names that a payload and its files may have: safe on every host, and distinct even if case is ignored."""

from __future__ import annotations

from typing import Dict, Iterable, Set

from peer.core.errors import ConfigError

LINK = ("it is a link", "take it out of the payload, or copy the payload with what its links point to: cp -rL")
SPECIAL = ("it is a device, pipe or socket", "take it out of the payload")


def unsafe_name(path: str) -> str:
    """Why `path` may not name a file below a payload's folder; "" if it may."""
    if not path or path.startswith("/"):
        return "is empty" if not path else "is absolute"
    if any(ord(character) < 32 or ord(character) == 127 for character in path):
        return "holds a control character"
    if "\\" in path:
        return "holds a backslash"
    parts = path.split("/")
    if any(part in ("", ".", "..") for part in parts):
        return "holds an empty part, '.' or '..'"
    try:
        if any(len(part.encode()) > 255 for part in parts):
            return "has a part of more than 255 bytes"
    except UnicodeEncodeError:
        return "isn't UTF-8"
    return ""


def check_names(name: str, files: Iterable[str], folders: Iterable[str], source: str) -> None:
    """Refuse names that could leave the payload's folder or collide. Raises ConfigError."""
    if "/" in name or unsafe_name(name):
        raise ConfigError(source, f"payload name {name!r} {unsafe_name(name) or 'holds a slash'}", "rename it")
    file_names = _fold(files, source)
    folder_names = _fold(folders, source)
    parents = _parents((*file_names, *folder_names))
    for path in file_names.keys() & (parents | folder_names.keys()):
        raise ConfigError(source, f"name {file_names[path]!r} is both a file and a folder", "rename one of the two")


def _fold(paths: Iterable[str], source: str) -> Dict[str, str]:
    """Safe paths by their case-folded form: names that differ only in case collide on some file systems."""
    folded: Dict[str, str] = {}
    for path in paths:
        reason = unsafe_name(path)
        if reason:
            raise ConfigError(source, f"name {path!r} {reason}", "rename it, or leave it out of the payload")
        key = _caseless(path)
        if key in folded:
            problem = f"names {folded[key]!r} and {path!r} collide on a case-insensitive file system"
            raise ConfigError(source, problem, "rename one of the two")
        folded[key] = path
    return folded


def _caseless(path: str) -> str:
    """The form in which a case-insensitive file system compares names: letter by letter, so "ß" is not "ss"."""
    if path.isascii():
        return path.lower()
    return "".join(letter.casefold() if len(letter.casefold()) == 1 else letter.lower() for letter in path)


def _parents(paths: Iterable[str]) -> Set[str]:
    """All folders above these paths."""
    found: Set[str] = set()
    for path in paths:
        parent = path.rpartition("/")[0]
        while parent and parent not in found:
            found.add(parent)
            parent = parent.rpartition("/")[0]
    return found
