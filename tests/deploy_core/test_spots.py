"""What is decided of places, payloads and clocks before any byte moves."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from deploy.core import spots
from deploy.core.inventory import parse_inventory
from deploy.core.verdict import Outcome
from deploy.edge.pushed import authority

REPLACING = "hosts: {a: {address: 10.0.0.1, replace: true}}\n"
INVENTORY = parse_inventory(
    "swarm: {name: demo, payload: {generate: 20MiB}}\n"
    "hosts: {a: {address: 10.0.0.1}, b: {address: 10.0.0.2, destination: /data}}\nseeds: [a]\n",
    "test",
)


class Spot(NamedTuple):
    peer: int = 1002
    path: str = "/data"
    problem: str = ""
    disk: int = 1
    free: int | None = 100
    held: int = 0
    modes: bool = True
    size: int | None = None
    obstacle: str = ""
    no_obstacle: tuple[int, int] = (0, -1)
    left_files: int = 0
    left_bytes: int = 0
    room: int | None = None
    skipped: tuple[str, ...] = ()


def test_holes_need_no_room() -> None:
    assert spots.room_needed([Spot(), Spot(size=8000, room=300)], 8000) == 300
    assert spots.room_needed([Spot()], 8000) == 8000


def told(found: list[Outcome]) -> list[str]:
    return [f"{outcome.problem}; {outcome.remedy}" for outcome in found]


@pytest.mark.parametrize(
    ("found", "size", "expected"),
    [
        ([Spot()], 100, []),
        ([Spot()], None, []),
        ([Spot(free=None)], 10**12, []),
        ([Spot()], 101, ["100 B free where 101 B are needed; make room in /data, or name another `destination`"]),
        ([Spot(held=1)], 101, []),
        ([Spot(), Spot(1003)], 50, []),
        (
            [Spot(), Spot(1003)],
            51,
            ["100 B free where 102 B are needed; make room in /data, or name another `destination`"],
        ),
        ([Spot(), Spot(1003, disk=2)], 100, []),
        ([Spot(), Spot(1003, held=500)], 100, []),
        ([Spot(1001, size=500), Spot()], 100, []),
        ([Spot(problem="no")], 10**9, ["the payload can't be put into /data: no; name another `destination`"]),
        (
            [Spot(1001, "/p", problem="/p: no such file or directory", size=0)],
            None,
            ["the seed's payload isn't there: /p; put it there, or name another seed"],
        ),
        ([Spot(1001, problem="p: it is a link; x", size=0)], None, ["the seed's payload: p: it is a link; x; "]),
    ],
)
def test_problems_of_places(found: list[Spot], size: int | None, expected: list[str]) -> None:
    assert told(spots.spot_problems(INVENTORY, "b", found, size)) == expected
    without = [line.replace("destination", "workdir") for line in expected]
    assert told(spots.spot_problems(INVENTORY, "a", found, size)) == without


def test_the_size_is_known_here_or_on_a_seed() -> None:
    assert spots.payload_size([Spot()], None) is None
    assert spots.payload_size([Spot(), Spot(1001, size=7)], None) == 7
    assert spots.payload_size([Spot(1001, size=7)], 9) == 9


def test_the_least_room_is_shown() -> None:
    assert spots.least_free([Spot(), Spot(free=50), Spot(free=None), Spot(free=1, size=3)]) == 50
    assert spots.least_free([Spot(free=None)]) is None


def test_places_without_modes_are_named() -> None:
    found = {"a": [Spot()], "b": [Spot(path="/mnt/usb", modes=False)]}
    assert [line.partition(" is on ")[0] for line in spots.without_modes(found)] == ["b: /mnt/usb"]


DAY = 86400.0


@pytest.mark.parametrize(
    ("skew", "tls", "problem"),
    [
        (0.0, True, ""), (-4.9, True, ""), (4.9, False, ""),
        (6.0, True, "its clock is +6 s off"), (-90 * 60.0, False, "its clock is -5400 s off"),
        (-3 * 3600.0, True, "its clock is 3 hours behind"), (29 * DAY, True, "its clock is 29 days ahead"),
        (-56 * 365.25 * DAY, False, "its clock is 56 years behind"),
        (-56 * 365.25 * DAY, True, "its clock is 56 years behind, so the swarm's keys aren't valid there"),
        (-3 * DAY, True, "its clock is 3 days behind, so the swarm's keys aren't valid there"),
        (31 * DAY, True, "its clock is 31 days ahead, so the swarm's keys aren't valid there"),
    ],
)  # fmt: skip
def test_a_clock_is_told_as_what_it_does(skew: float, tls: bool, problem: str) -> None:
    found = spots.clock_problems("a", skew, tls)
    assert [outcome.problem.partition(" and no peer")[0] for outcome in found] == ([problem] if problem else [])


def test_the_bounds_of_clocks_are_those_of_the_keys() -> None:
    assert authority.CLOCK_SKEW.total_seconds() == spots.KEYS_BEFORE
    assert authority.LIFETIME.total_seconds() == spots.KEYS_AFTER


@pytest.mark.parametrize(
    ("sizes", "size", "told_of"),
    [((0, -1), 5, True), ((5, 5), 5, False), ((5, 5), 6, True), ((1, 9), 5, False), ((5, 5), None, True)],
)
def test_what_is_in_the_way_unless_it_may_be_the_payload(
    sizes: tuple[int, int], size: int | None, told_of: bool
) -> None:
    found = [Spot(), Spot(obstacle="/data/x: no record", no_obstacle=sizes)]
    remedy = "move it away, or write `replace: true` (push: `--replace`) to have it put aside"
    assert told(spots.obstacles(INVENTORY, "b", found, size)) == [f"/data/x: no record; {remedy}"] * told_of
    replacing = parse_inventory(f"swarm: {{name: demo, payload: {{generate: 20MiB}}}}\n{REPLACING}seeds: [a]\n", "test")
    assert spots.obstacles(replacing, "a", found, size) == []
