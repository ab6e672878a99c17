"""Reads one word that names hosts: `user@node[01-16]:2222`, `host:/srv/models`, `[2001:db8::1]:/srv`."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import NamedTuple

from deploy.core.hostlists.listlines import split_names
from deploy.core.inventory import names
from deploy.core.inventory.listed import Key, ListedHost

_WORD = re.compile(
    r"(?:(?P<user>[^@\s/]+)@)?(?:\[(?P<six>[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)\]|(?P<hosts>(?:[^:/@\s\[\]]|\[[^\]\s]*\])+))(?P<rest>:.*)?"
)
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+", re.ASCII)


class HostWord(NamedTuple):
    """The hosts of one word, and the folder after its colon, "" if there is none."""

    hosts: tuple[ListedHost, ...]
    folder: str = ""


def read_word(text: str, line: int = 0, ports: bool = True) -> HostWord:
    """Read one word. Raises ValueError with what is wrong and what to write.

    `ports`: what follows the colon may be a port; else it is a folder.
    """
    found = _WORD.fullmatch(text if not _is_ip6(text) else f"[{text}]")
    if found is None:
        raise ValueError(f"'{text}' isn't a host; write HOST, USER@HOST or node[01-16]")
    keys: dict[str, Key] = {"user": names.user(found["user"])} if found["user"] else {}
    folder = (found["rest"] or "")[1:]
    if ports and folder.isascii() and folder.isdigit():
        keys["port"], folder = _port(text, folder), ""
    if folder:
        names.path(folder)
        if not names.is_rooted(folder):
            raise ValueError(f"'{text}': the folder after ':' must begin with / or ~/")
    if found["six"]:
        name = _UNSAFE.sub("-", found["six"]).strip("-.") or "host"
        return HostWord((ListedHost(name, {"address": names.address(found["six"]), **keys}, line),), folder)
    patterns = [names.name_pattern(pattern) for pattern in split_names(found["hosts"])]
    return HostWord(tuple(ListedHost(pattern, keys, line) for pattern in patterns), folder)


def _is_ip6(text: str) -> bool:
    try:
        return ip_address(text).version == 6
    except ValueError:
        return False


def _port(text: str, digits: str) -> int:
    if not 0 < int(digits[:9]) < 65536:
        raise ValueError(f"'{text}' has the port '{digits}'; write a number from 1 to 65535")
    return int(digits)
