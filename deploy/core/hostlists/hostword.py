"""Reads one word that names hosts: `user@node[01-16]:2222`, `host:/srv/models`, `ssh://user@host:2222/srv`."""

from __future__ import annotations

import re
from typing import NamedTuple

from deploy.core.hostlists.ip6word import ip6_address, name_of
from deploy.core.hostlists.listlines import split_names
from deploy.core.inventory import names
from deploy.core.inventory.listed import Key, ListedHost

_WORD = re.compile(
    r"(?:(?P<user>[^@\s/]+)@)?(?:\[(?P<six>[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)\]|(?P<hosts>(?:[^:/@\s\[\]]|\[[^\]\s]*\])+))(?P<rest>:.*)?"
)
_URI = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<host>[^/]*)(?P<folder>/.*)?")
_SCHEMES = ("ssh", "scp", "sftp")


class HostWord(NamedTuple):
    """The hosts of one word, and the folder after its colon, "" if there is none."""

    hosts: tuple[ListedHost, ...]
    folder: str = ""


def read_word(text: str, line: int = 0, ports: bool = True) -> HostWord:
    """Read one word. Raises ValueError with what is wrong and what to write.

    `ports`: what follows the colon may be a port; else it is a folder.
    """
    uri = _URI.fullmatch(text)
    if uri is not None:
        return _of_uri(text, uri, line)
    found = _WORD.fullmatch(f"[{text}]" if ip6_address(text) == text else text)
    if found is None:
        raise ValueError(f"'{text}' isn't a host; write HOST, USER@HOST or node[01-16]")
    keys: dict[str, Key] = {"user": names.user(found["user"])} if found["user"] else {}
    folder = (found["rest"] or "")[1:]
    if ports and folder.isascii() and folder.isdigit():
        keys["port"], folder = _port(text, folder), ""
    if folder:
        names.path(folder)
        if not names.is_rooted(folder):
            raise ValueError(f"'{text}': the folder after ':' must begin with / or ~/{_meant(folder)}")
    if found["six"]:
        keys = {"address": names.address(found["six"]), **keys}
        return HostWord((ListedHost(name_of(found["six"]), keys, line),), folder)
    patterns = [names.name_pattern(pattern) for pattern in split_names(found["hosts"])]
    return HostWord(tuple(ListedHost(pattern, keys, line) for pattern in patterns), folder)


def _of_uri(text: str, uri: re.Match[str], line: int) -> HostWord:
    """`ssh://user@host:2222/srv`, where `/~/` begins in the user's home, as for scp."""
    if uri["scheme"].lower() not in _SCHEMES:
        raise ValueError(f"'{text}' isn't a host; write HOST, USER@HOST or ssh://USER@HOST:PORT")
    read = read_word(uri["host"], line)
    if read.folder:
        raise ValueError(f"'{text}' holds ':{read.folder}', which isn't a port; write ssh://USER@HOST:PORT/folder")
    folder = uri["folder"] or ""
    folder = names.path(folder[1:] if folder.startswith("/~/") else folder) if folder.strip("/") else ""
    return read._replace(folder=folder)


def _meant(folder: str) -> str:
    """What else than a folder may be meant by what begins with neither."""
    if ":" not in folder:
        return ""
    return "; an IPv6 address has brackets, and a port is written ssh://USER@HOST:PORT/folder"


def _port(text: str, digits: str) -> int:
    if not 0 < int(digits[:9]) < 65536:
        raise ValueError(f"'{text}' has the port '{digits}'; write a number from 1 to 65535")
    return int(digits)
