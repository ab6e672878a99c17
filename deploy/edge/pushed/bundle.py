"""What `deploy` sends to a host in one transfer: files from memory or disk, less those that are there already."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from deploy.agent.packing import pack
from deploy.agent.verbs import PushedFile, PushedFolder, Receive
from deploy.edge.hosts.agent import Body
from deploy.edge.hosts.host import WORK_SECONDS, HostLink

_BLOCK = 1024 * 1024
_LARGE = 64 * 1024  # bytes; less isn't worth the time
_MUCH_SHORTER = 0.8  # of its bytes


class Parcel(NamedTuple):
    """One file on its way; its hash as `Receive` says.

    `path` is below the swarm's folder; the bytes are in `data`, or in the file `source`. `packed` travels instead,
    where there is something.
    """

    path: str
    mode: int
    size: int
    hash: str
    data: bytes = b""
    source: Path | None = None
    packed: bytes = b""

    @property
    def travels(self) -> int:
        """How many bytes go over the line."""
        return len(self.packed) or self.size


def parcel(path: str, data: bytes, mode: int = 0o644) -> Parcel:
    """A parcel from memory."""
    return Parcel(path, mode, len(data), hashlib.sha256(data).hexdigest(), data)


def packed(one: Parcel) -> Parcel:
    """A parcel from memory, packed if that makes it much shorter; once for all hosts, as it takes time."""
    if one.size < _LARGE:
        return one
    shorter = pack(one.data)
    return one._replace(packed=shorter) if len(shorter) < _MUCH_SHORTER * one.size else one


def missing(parcels: Sequence[Parcel], have: Mapping[str, str]) -> list[Parcel]:
    """Those whose hash the host doesn't have under their name."""
    return [one for one in parcels if have.get(one.path) != one.hash]


def send(
    link: HostLink,
    parcels: Sequence[Parcel],
    folders: Iterable[tuple[str, int]] = (),
    aside: str = "",
    doing: str = "sending",
    block: int = 0,
    parts: dict[str, Any] | None = None,
) -> int:
    """Send them in one transfer; the bytes sent. Raises HostError.

    `folders`: path and mode of a tree's folders. `doing`: what this is called. The others: see `Receive`.
    """
    size = sum(one.travels for one in parcels)
    files = tuple(PushedFile(one.path, one.mode, one.size, one.hash, len(one.packed)) for one in parcels)
    request = Receive(files, tuple(PushedFolder(*folder) for folder in folders), aside, block, parts)
    link.ask(request, WORK_SECONDS, Body(_bytes(parcels), size, doing))
    return size


def _bytes(parcels: Sequence[Parcel]) -> Iterator[bytes]:
    for one in parcels:
        if one.source is None:
            yield one.packed or one.data
            continue
        with one.source.open("rb") as file:
            left = one.size  # as many as were announced, though the file may grow meanwhile
            while left > 0 and (block := file.read(min(left, _BLOCK))):
                left -= len(block)
                yield block
        yield bytes(left)  # it became shorter: the hash will tell
