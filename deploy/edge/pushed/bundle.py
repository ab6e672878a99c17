"""What `deploy` sends to a host in one transfer: files from memory or disk, less those that are there already."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from deploy.agent.verbs import PushedFile, PushedFolder, Receive
from deploy.edge.hosts.host import HostLink

_BLOCK = 1024 * 1024
_SLOWEST = 256 * 1024  # bytes a second below which a transfer is given up


class Parcel(NamedTuple):
    """One file on its way. `path` is below the swarm's folder; the bytes are in `data`, or in the file `source`."""

    path: str
    mode: int
    size: int
    sha256: str
    data: bytes = b""
    source: Path | None = None


def parcel(path: str, data: bytes, mode: int = 0o644) -> Parcel:
    """A parcel from memory."""
    return Parcel(path, mode, len(data), hashlib.sha256(data).hexdigest(), data)


def missing(parcels: Sequence[Parcel], have: Mapping[str, str]) -> list[Parcel]:
    """Those whose hash the host doesn't have under their name."""
    return [one for one in parcels if have.get(one.path) != one.sha256]


def send(
    link: HostLink,
    parcels: Sequence[Parcel],
    folders: Iterable[tuple[str, int]] = (),
    aside: str = "",
    tally: list[int] | None = None,
) -> int:
    """Send them in one transfer; the bytes sent. Raises HostError.

    `folders`: path and mode of a tree's folders. `aside`: see `Receive`. `tally`: its first number
    grows by the bytes that were sent.
    """
    size = sum(one.size for one in parcels)
    files = tuple(PushedFile(one.path, one.mode, one.size, one.sha256) for one in parcels)
    request = Receive(files, tuple(PushedFolder(*folder) for folder in folders), aside)
    link.ask(request, 60 + size / _SLOWEST, body=_counted(_bytes(parcels), tally), body_size=size)
    return size


def _counted(blocks: Iterable[bytes], tally: list[int] | None) -> Iterator[bytes]:
    """The blocks, each noted in the first number of the tally once it has been sent."""
    for block in blocks:
        yield block
        if tally is not None:
            tally[0] += len(block)


def _bytes(parcels: Sequence[Parcel]) -> Iterator[bytes]:
    for one in parcels:
        if one.source is None:
            yield one.data
            continue
        with one.source.open("rb") as file:
            left = one.size  # as many as were announced, though the file may grow meanwhile
            while left > 0 and (block := file.read(min(left, _BLOCK))):
                left -= len(block)
                yield block
        yield bytes(left)  # it became shorter: the hash will tell
