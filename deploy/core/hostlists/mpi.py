"""Host files of MPI: `node1 slots=4` (Open MPI) and `node1:4` (MPICH); a host that occurs twice is one."""

from __future__ import annotations

import re

from deploy.core.hostlists.listlines import entries, refuse
from deploy.core.inventory import names
from deploy.core.inventory.listed import Key, Listed, ListedHost

_COUNTS = ("slots", "max_slots", "max-slots", "cpu", "np", "maxslots")  # of processes, which are no concern of ours
_OTHERS = ("binding", "ifname", "sockets", "cores")
_HOST = re.compile(r"(?:([^@\s]+)@)?([^\s:]+)(?::([0-9]+))?")


def read_mpi(text: str, source: str) -> Listed:
    """The hosts, each once. Raises InventoryError."""
    found: dict[str, ListedHost] = {}
    for number, line in entries(text):
        word, *rest = line.partition("#")[0].split()
        match = _HOST.fullmatch(word)
        if match is None:
            refuse(source, number, f"'{word}' isn't a host; write HOST, HOST:COUNT or HOST slots=COUNT")
        keys: dict[str, Key] = {}
        try:
            if match[1]:
                keys["user"] = names.user(match[1])
            for one in _attributes(rest, source, number):
                keys["user"] = names.user(one)
            host = ListedHost(names.name_pattern(match[2]), keys, number)
        except ValueError as error:
            refuse(source, number, str(error))
        found.setdefault(host.name, host)
    return Listed(tuple(found.values()))


def _attributes(words: list[str], source: str, number: int) -> list[str]:
    """The users that a line's `KEY=VALUE` words name; what else they say is known, or refused."""
    users = []
    for word in words:
        key, equals, value = word.partition("=")
        if key == "user" and value:
            users.append(value)
        elif not equals or key not in (*_COUNTS, *_OTHERS) or (key in _COUNTS and not value.isdigit()):
            refuse(source, number, f"'{word}' is none of slots=COUNT, max_slots=COUNT and user=NAME")
    return users
