"""Errors and warnings on the paths of future copies, and on the payload on its seeds, before any data is sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from deploy.core.inventory import Inventory
from deploy.core.verdict import FAILED, Outcome
from peer.core.counting import count_of
from peer.core.errors import ABSENT
from peer.core.listing import listed, quoted
from peer.core.sizes import format_size

_MOST_SKEW = 5.0  # seconds; beyond that the times in the logs of two hosts can't be compared
KEYS_BEFORE, KEYS_AFTER = 2 * 86400.0, 30 * 86400.0  # seconds that a host's clock may be slow or fast, with keys


class Spot(Protocol):
    """The path of one peer's copy on its host, as the agent found it: see deploy/agent/verbs/content.py."""

    @property
    def peer(self) -> int: ...
    @property
    def path(self) -> str: ...
    @property
    def problem(self) -> str: ...
    @property
    def disk(self) -> int: ...
    @property
    def free(self) -> int | None: ...
    @property
    def held(self) -> int: ...
    @property
    def modes(self) -> bool: ...
    @property
    def size(self) -> int | None: ...
    @property
    def obstacle(self) -> str: ...
    @property
    def no_obstacle(self) -> tuple[int, int]: ...
    @property
    def left_files(self) -> int: ...
    @property
    def left_bytes(self) -> int: ...
    @property
    def room(self) -> int | None: ...
    @property
    def skipped(self) -> tuple[str, ...]: ...


Spots = Sequence[Spot]


def payload_size(spots: Iterable[Spot], known: int | None) -> int | None:
    """Bytes of the payload: as they are `known` already, or from a seed; None if no seed has it yet."""
    return known if known is not None else next((spot.size for spot in spots if spot.size is not None), None)


def room_needed(spots: Iterable[Spot], size: int | None) -> int | None:
    """Bytes that a copy takes on a disk: by what a seed says of the payload's holes, else its `size`."""
    return next((spot.room for spot in spots if spot.room is not None), size)


def spot_problems(inventory: Inventory, host: str, spots: Spots, size: int | None) -> list[Outcome]:
    """The errors for a host that can't hold its copies, and for a seed without the payload.

    `size`: bytes that a copy takes on a disk, None if nobody knows.
    """
    placed = inventory.host(host).destination or inventory.host(host).releases
    remedy = "name another `destination`" if placed else "name another `workdir`"
    found = []
    for spot in spots:
        if spot.problem and spot.size is None:
            found.append(Outcome(host, FAILED, f"the payload can't be put into {spot.path}: {spot.problem}", remedy))
        elif spot.problem:
            found.append(_of_seed(host, spot))
    if size is not None:
        found += _without_room(host, [spot for spot in spots if spot.size is None and not spot.problem], size, remedy)
    return found


def obstacles(inventory: Inventory, host: str, spots: Spots, size: int | None) -> list[Outcome]:
    """Foreign things with the payload's name at the path of a future copy; `size`: the payload's bytes.

    A thing with the payload's size may be the payload, so it is no error.
    """
    if inventory.host(host).replace:
        return []
    remedy = "move it away, or write `replace: true` (push: `--replace`) to have it put aside"
    return [
        Outcome(host, FAILED, spot.obstacle, remedy)
        for spot in spots
        if spot.obstacle and not (size is not None and spot.no_obstacle[0] <= size <= spot.no_obstacle[1])
    ]


def _of_seed(host: str, spot: Spot) -> Outcome:
    if spot.problem == f"{spot.path}: {ABSENT}":
        problem, remedy = f"the seed's payload isn't there: {spot.path}", "put it there, or name another seed"
        return Outcome(host, FAILED, problem, remedy)
    return Outcome(host, FAILED, f"the seed's payload: {spot.problem}")


def least_free(spots: Spots) -> int | None:
    """The least free space among the disks of a host's copies; None if no disk reports it."""
    return min((spot.free for spot in spots if spot.size is None and spot.free is not None), default=None)


def _without_room(host: str, spots: Spots, size: int, remedy: str) -> list[Outcome]:
    """The disks on which the copies of this host don't fit; parts of them that exist already count as free."""
    disks: dict[int, list[Spot]] = {}
    for spot in spots:
        disks.setdefault(spot.disk, []).append(spot)
    found = []
    for alike in disks.values():
        free, needed = alike[0].free, sum(max(0, size - spot.held) for spot in alike)
        if free is not None and free < needed:
            problem = f"{format_size(free)} free where {format_size(needed)} are needed"
            found.append(Outcome(host, FAILED, problem, f"make room in {alike[0].path}, or {remedy}"))
    return found


def without_modes(found: Mapping[str, Spots]) -> list[str]:
    """A line for each host whose copies can't have the payload's permission bits."""
    return [
        f"{host}: {spot.path} is on a file system without permission bits: the copy gets the modes of that file system"
        for host, spots in found.items()
        for spot in spots
        if not spot.modes
    ]


def left_out(spot: Spot) -> list[str]:
    """What stays out of a payload, in lines: how much is excluded, and which special files aren't carried."""
    lines = []
    if spot.left_files:
        files = count_of(spot.left_files, "file")
        lines.append(f"{files}, {format_size(spot.left_bytes)}, of {spot.path} stay out by `exclude`")
    if spot.skipped:
        names = listed([quoted(name) for name in spot.skipped], 5)
        lines.append(f"left out of {spot.path}, as no file, folder or link: {names}")
    return lines


def clock_problems(host: str, skew: float, tls: bool) -> list[Outcome]:
    """The error for a host whose clock is `skew` seconds ahead of ours."""
    if tls and not -KEYS_BEFORE < skew < KEYS_AFTER:
        return keys_problems(host, skew)
    if abs(skew) > _MOST_SKEW:
        return [Outcome(host, FAILED, _clock(skew), "set it, or times in the logs can't be compared")]
    return []


def keys_problems(host: str, skew: float) -> list[Outcome]:
    """The error for a host's clock in a swarm with keys; none if they are valid there."""
    if -KEYS_BEFORE < skew < KEYS_AFTER:
        return []
    problem = f"{_clock(skew)}, so the swarm's keys aren't valid there and no peer will talk to it"
    return [Outcome(host, FAILED, problem, "set the clock, or write `tls: false`")]


def _clock(skew: float) -> str:
    """A skew for people: a few seconds as a number, a longer one in minutes, hours or more."""
    for unit, length in (("years", 365.25 * 86400), ("days", 86400.0), ("hours", 3600.0)):
        if abs(skew) >= 2 * length:
            return f"its clock is {abs(skew) / length:.0f} {unit} {'ahead' if skew > 0 else 'behind'}"
    return f"its clock is {skew:+.0f} s off"
