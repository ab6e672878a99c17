"""The nodes of Slurm: a node list (`node[01-04,07],gpu1`), or what `scontrol show nodes` and `show hostnames` print."""

from __future__ import annotations

import re
from collections.abc import Iterator

from deploy.core.hostlists.listlines import entries, refuse, split_names
from deploy.core.inventory import names
from deploy.core.inventory.listed import Listed, ListedHost

_FIELD = re.compile(r"(NodeName|NodeAddr)=(\S+)")


def read_slurm(text: str, source: str) -> Listed:
    """The nodes, each once. Raises InventoryError."""
    hosts = _shown(text, source) if "NodeName=" in text else _listed(text, source)
    return Listed(tuple({host.name: host for host in hosts}.values()))


def _listed(text: str, source: str) -> Iterator[ListedHost]:
    for number, line in entries(text):
        try:
            yield from (ListedHost(names.name_pattern(name), {}, number) for name in split_names(line))
        except ValueError as error:
            refuse(source, number, str(error))


def _shown(text: str, source: str) -> list[ListedHost]:
    """What `scontrol show nodes` prints of each node, on one line or on several: its name, then its address."""
    hosts: list[ListedHost] = []
    for number, line in entries(text):
        if line.startswith("NodeName=DEFAULT"):  # of slurm.conf: it names no node
            continue
        for field, value in _FIELD.findall(line):
            try:
                if field == "NodeName":
                    hosts.append(ListedHost(names.name_pattern(value), {}, number))
                elif hosts and value != hosts[-1].name:
                    hosts[-1] = hosts[-1]._replace(keys={"address": names.address_pattern(value)})
            except ValueError as error:
                refuse(source, number, str(error))
    return hosts
