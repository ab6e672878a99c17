"""The hosts that an ssh_config names: every name of its `Host` lines that isn't a pattern."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from deploy.core.hostlists.ip6word import ip6_address, name_of
from deploy.core.hostlists.listlines import entries, refuse
from deploy.core.inventory import names
from deploy.core.inventory.listed import Key, Listed, ListedHost

_LINE = re.compile(r"(\w+)(?:\s*=\s*|\s+)(.*)")


class _Block(NamedTuple):
    """One `Host` line with what follows it, as far as it concerns us."""

    line: int
    patterns: tuple[str, ...]
    hostname: str = ""


def read_ssh_config(text: str, source: str) -> Listed:
    """The names, each with its HostName as the address for other peers. `Match` blocks name no hosts.

    Names of one `Host` line with the same HostName are one machine, which is listed by the first of them.
    Raises InventoryError.
    """
    blocks = list(_blocks(text, source))
    found: dict[str, ListedHost] = {}
    for block in blocks:
        machines: set[object] = set()
        for name in block.patterns:
            if not any(character in name for character in "*?!"):
                host = _host(name, block.line, blocks, source)
                machine = host.keys.get("peer_address", name)
                if machine not in machines:
                    found.setdefault(host.name, host)
                machines.add(machine)
    return Listed(tuple(found.values()))


def included(text: str) -> list[str]:
    """The files that its `Include` lines name, as they are written; they may have patterns."""
    words: list[str] = []
    for _, line in entries(text):
        found = _LINE.fullmatch(line)
        if found and found[1].lower() == "include":
            words += found[2].split()
    return words


def _blocks(text: str, source: str) -> Iterator[_Block]:
    block: _Block | None = None
    for number, line in entries(text):
        found = _LINE.fullmatch(line)
        key = found[1].lower() if found else ""
        if key in ("host", "match"):
            if block is not None:
                yield block
            block = _Block(number, _words(found[2], source, number)) if found and key == "host" else None
        elif found and key == "hostname" and block is not None and not block.hostname:
            block = block._replace(hostname=found[2].strip().strip('"'))
    if block is not None:
        yield block


def _words(text: str, source: str, line: int) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(text, comments=True))
    except ValueError:
        refuse(source, line, "a quote isn't closed")


def _host(name: str, line: int, blocks: Sequence[_Block], source: str) -> ListedHost:
    try:
        address = ip6_address(name)
        keys: dict[str, Key] = {"address": names.address(address)} if address else {}
        own = next((block.hostname for block in blocks if block.hostname and _matches(name, block)), "")
        if own and "%" not in own.replace("%h", ""):
            keys["peer_address"] = names.address(own.replace("%h", name))
        return ListedHost(name_of(address) if address else names.safe_name(name), keys, line)
    except ValueError as error:
        refuse(source, line, str(error))


def _matches(name: str, block: _Block) -> bool:
    refused = [pattern[1:] for pattern in block.patterns if pattern.startswith("!")]
    if any(fnmatchcase(name, pattern) for pattern in refused):
        return False
    return any(fnmatchcase(name, pattern) for pattern in block.patterns if not pattern.startswith("!"))
