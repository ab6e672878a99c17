"""When a watch ends, and what is said of those that left: tables of peers, times and limits."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from deploy.core.ending import FULL, countdown, failure, gone, in_vain, patience_left
from deploy.core.inventory import parse_inventory
from deploy.core.progress import PeerView
from deploy.core.verdict import FAILED, Outcome
from peer.core.status import Status

INVENTORY = parse_inventory(
    "swarm: {name: s, payload: {generate: 1MiB}}\nhosts: {a: {address: h1}, b: {address: h2}, c: {address: h3}}\n"
    "seeds: [a]\n"
)
HOSTS = {1001: "a", 1002: "b", 1003: "c"}


def view(peer: int, state: str, alive: bool | None = True, complete: bool = False, reason: str = "") -> PeerView:
    status = Status(peer, "r", state, "fleet", True, 6008, 1, 5, 5, 10, completed=float(complete), reason=reason)
    return PeerView(peer, HOSTS[peer], peer == 1001, status, alive)


SEEDING = view(1001, "seeding", complete=True)
DONE = view(1002, "seeding", complete=True)
ALSO_DONE = view(1003, "done", alive=False, complete=True)
BUSY = view(1002, "downloading")
LEFT = view(1003, "incomplete", alive=False)
KILLED = view(1003, "downloading", alive=False)


@pytest.mark.parametrize(
    ("views", "failed", "down", "missing"),
    [
        ([SEEDING, BUSY], {None}, [], {}),
        ([SEEDING, BUSY, LEFT], set(), [], {1003: "c"}),
        ([SEEDING, BUSY, KILLED], set(), [], {1003: "c"}),
        ([SEEDING, DONE], {1003, None}, [], {1003: "c"}),  # it couldn't be started
        ([SEEDING, DONE], set(), ["c"], {1003: "c"}),
        ([SEEDING, BUSY], {1003}, ["b"], {1002: "b", 1003: "c"}),
    ],
)
def test_gone(views: list[PeerView], failed: set[int | None], down: list[str], missing: dict[int, str]) -> None:
    assert gone(INVENTORY, views, failed, down) == missing


@pytest.mark.parametrize(
    ("views", "missing", "vain"),
    [
        ([SEEDING, DONE], [1003], True),
        ([SEEDING, BUSY], [1003], False),
        ([SEEDING, DONE], [], False),  # all may still come
        ([SEEDING], [1003], False),  # nobody looks at 1002: it may lack the payload
        ([SEEDING], [1002, 1003], True),
        ([], [1001, 1002, 1003], True),
        ([SEEDING, DONE, ALSO_DONE], [], True),  # one of them may not have heard it of another
    ],
)
def test_in_vain(views: list[PeerView], missing: list[int], vain: bool) -> None:
    assert in_vain(INVENTORY, views, missing) is vain


@pytest.mark.parametrize(
    ("followed", "lost", "patience", "now", "end"),
    [
        ([], {}, 120, 1000, False),
        (["a"], {}, 120, 1000, False),
        (["a"], {"a": 100}, 120, 160, False),
        (["a"], {"a": 100}, 120, 160.1, True),
        (["a"], {"a": 100}, 10, 111, True),  # its peers have left by now
        (["a", "b"], {"a": 100}, 120, 1000, False),  # b can be heard
        (["a", "b"], {"a": 100, "b": 150}, 120, 200, False),
        (["a", "b"], {"a": 100, "b": 150}, 120, 211, True),
        (["a"], {"a": 100, "c": math.inf}, 120, 161, True),  # c isn't followed any more
    ],
)
def test_a_watch_ends_where_all_are_lost_for_long(
    followed: list[str], lost: dict[str, float], patience: float, now: float, end: bool
) -> None:
    left = patience_left(followed, lost, patience, now)
    assert (left is not None and left < 0) is end


def idle(peer: int, seconds: float, silent: float = 0.0, alive: bool = True, pieces: int = 4) -> PeerView:
    made = view(peer, "downloading", alive)
    assert made.status is not None
    status = made.status._replace(pieces=pieces, last_progress=1000.0, updated=1000.0 + seconds)
    return replace(made, status=status, silent=silent)


def idle_seed(seconds: float) -> PeerView:
    made = idle(1001, seconds, pieces=5)
    assert made.status is not None
    return replace(made, status=made.status._replace(state="seeding", completed=1.0))


@pytest.mark.parametrize(
    ("views", "left", "words"),
    [
        ([], None, ""),
        ([idle(1001, 2)], None, ""),
        ([idle(1001, 9), idle(1002, 0)], None, ""),  # somebody makes progress
        ([idle(1001, 23), idle(1002, 40)], None, "no progress for 23 s: the peers give up in 97 s"),
        ([idle(1001, 23), idle(1002, 0, alive=False)], None, "no progress for 23 s: the peers give up in 97 s"),
        ([idle(1001, 1, silent=30)], None, "no progress for 31 s: the peers give up in 89 s"),
        ([idle(1001, 300)], None, "no progress for 300 s: the peers give up in 0 s"),
        ([idle_seed(30), idle(1002, 23, pieces=5)], None, ""),  # it syncs, and nobody gives up
        (
            [idle_seed(30), idle(1002, 23, pieces=5), idle(1003, 40)],
            None,
            "no progress for 23 s: the peers give up in 97 s",
        ),
        (
            [idle_seed(30), idle(1002, 23, silent=20, pieces=5)],
            None,
            "no progress for 30 s: the peers give up in 90 s",
        ),  # it may be dead
        ([idle_seed(30), idle(1002, 40, alive=False)], None, "no progress for 30 s: the peers give up in 90 s"),
        ([idle(1001, 2)], 41.6, "no host can be reached: giving up in 42 s"),
        ([BUSY], None, ""),
    ],
)
def test_the_wait_has_a_countdown(views: list[PeerView], left: float | None, words: str) -> None:
    assert countdown(views, left, 120) == words


@pytest.mark.parametrize(
    ("peer", "words", "problem", "remedy"),
    [
        (LEFT, "", "incomplete", ""),
        (view(1003, "incomplete", False, reason="2 pieces missing"), "", "incomplete: 2 pieces missing", ""),
        (view(1003, "incomplete", False, reason="incomplete: 2 missing"), "", "incomplete: 2 missing", ""),
        (view(1003, "failed", False, reason="/x: in the way"), "", "/x: in the way", ""),
        (view(1003, "failed", False), "", "failed", ""),
        (KILLED, "", "killed while downloading", ""),
        (KILLED, "out of memory", "killed while downloading: out of memory", ""),
        (KILLED, FULL, "killed while downloading: its disk is full", "make room there, then run `fab up` again"),
    ],
)
def test_failure(peer: PeerView, words: str, problem: str, remedy: str) -> None:
    assert failure(peer, words) == Outcome("c", FAILED, problem, remedy, 1003)
