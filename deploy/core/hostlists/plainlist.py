"""A plain list of hosts, one a line: `[USER@]HOST[:PORT]` or `[USER@]HOST:/folder`, with ranges and comments."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.core.hostlists.hostword import read_word
from deploy.core.hostlists.listlines import entries, refuse
from deploy.core.inventory.listed import Listed, ListedHost
from deploy.core.inventory.ranges import expand

_FEWEST_PORT = 22  # a smaller one is the count of a list for MPI: `node01:4`


def read_plain(text: str, source: str) -> Listed:
    """The hosts of a plain list, each once: some tools write a line for each process. Raises InventoryError."""
    found: list[ListedHost] = []
    seen: dict[str, ListedHost] = {}
    for number, line in entries(text):
        word = line.partition(" #")[0].strip()
        if len(word.split()) > 1:
            refuse(source, number, f"'{word}' holds several words; write one host a line")
        try:
            read = read_word(word, number)
        except ValueError as error:
            refuse(source, number, str(error))
        folder = {"destination": read.folder} if read.folder else {}
        for host in read.hosts:
            found += _new(host._replace(keys={**host.keys, **folder}), seen, source)
    return Listed(tuple(found))


def _new(host: ListedHost, seen: dict[str, ListedHost], source: str) -> Iterator[ListedHost]:
    """The part of an entry that is new; `seen` are the hosts before it, by name."""
    port = host.keys.get("port", _FEWEST_PORT)
    if isinstance(port, int) and port < _FEWEST_PORT:
        refuse(source, host.line, f"'{host.name}:{port}' has no port of SSH; a list for MPI is named mpi:{source}")
    names = expand(host.name)
    for before in [seen[name] for name in names if name in seen]:
        if before.keys != host.keys:
            refuse(source, host.line, f"'{host.name}' is at line {before.line} already, and differs; keep one of them")
    new = [name for name in names if name not in seen]
    seen.update(dict.fromkeys(new, host))
    yield from [host] if len(new) == len(names) else (host._replace(name=one) for one in new)
