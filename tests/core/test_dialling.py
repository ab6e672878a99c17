"""Both ends dial where the first dial doesn't get through: who begins, and which of two connections stays."""

from __future__ import annotations

import itertools

import pytest

from peer.core.dialling import FIRST_BACK, RACE
from tests.core.history import History, fleet, set_of


def test_a_fleet_neighbour_that_does_not_come_is_dialled_after_a_moment() -> None:
    history = fleet()
    assert history.started == ["dial 1001"]
    assert history.wait(1) == ["dial 1003"]
    assert history.connect(1003, fleet=True)[0] == "log dialled 1003"
    assert "dial 1003" not in history.wait(60)


def test_one_that_comes_is_not_dialled() -> None:
    history = fleet()
    history.connect(1003, fleet=True, dialled=False)
    assert "dial 1003" not in history.wait(60)


def test_one_that_comes_while_it_is_dialled_ends_that() -> None:
    history = fleet()
    history.wait(1)
    assert history.connect(1003, fleet=True, dialled=False)[:2] == ["log accepted 1003", "stop dialling 1003"]


def test_a_lost_fleet_neighbour_listed_later_is_dialled_if_it_does_not_come() -> None:
    history = fleet()
    history.connect(1003, fleet=True, dialled=False)
    history.got(1003, "bitfield", set_of(0))
    assert "dial 1003" not in history.disconnect(1003)
    assert "dial 1003" in history.wait(2)


def test_a_classic_neighbour_has_time_to_be_started() -> None:
    history = History()
    assert "dial 1003" not in history.wait(FIRST_BACK - 1)
    assert "dial 1003" in history.wait(2)


@pytest.mark.parametrize("order", list(itertools.permutations(("later", "earlier"))))
def test_two_connections_become_one_and_the_same_on_both_sides(order: "tuple[str, str]") -> None:
    """1002 and 1003 dial each other simultaneously; each side sees the two connections in either order."""
    for other, mine_is in ((1003, "earlier"), (1001, "later")):  # we are 1002
        history = fleet()
        kept = ""
        for dialler in order:
            dialled = dialler == mine_is
            if kept and history.core.dialling.keeps_old(other, dialled, history.now):
                continue
            history.connect(other, fleet=True, dialled=dialled)
            kept = dialler
        assert kept == "later"


def test_later_the_newest_counts_whoever_made_it() -> None:
    history = fleet()
    history.connect(1003, fleet=True, dialled=False)
    assert history.core.dialling.keeps_old(1003, True, history.now)
    history.wait(RACE + 1)
    assert not history.core.dialling.keeps_old(1003, True, history.now)


# ---- hosts that only SSH reaches


@pytest.mark.parametrize(
    ("relayed", "at_once", "later"),
    [
        ((), ["dial 1001"], ["dial 1003"]),
        ((1002,), ["dial 1001", "dial 1003"], []),  # we are: nobody dials us
        ((1001, 1003), [], []),  # they dial us, and can't be dialled
        ((1002, 1003), ["dial 1001"], ["dial 1003"]),  # of two that are, who is listed later dials
        ((1001, 1002), ["dial 1001", "dial 1003"], []),
    ],
)
def test_who_is_relayed_dials(relayed: "tuple[int, ...]", at_once: "list[str]", later: "list[str]") -> None:
    history = fleet(relayed=relayed)
    assert history.started == at_once
    assert [line for line in history.wait(10) if line.startswith("dial")] == later
    setup = history.setup
    assert setup.by_relay == ([1001, 1003] if 1002 in relayed else [])


def test_a_relayed_neighbour_that_was_lost_comes_again_by_itself() -> None:
    history = fleet(relayed=(1003,))
    history.connect(1003, fleet=True, dialled=False)
    history.disconnect(1003)
    assert "dial 1003" not in history.wait(30)


# ---- neighbours that never meet


def meet(history: History, peer: int, dialled: bool = True) -> None:
    """A connection, and the first message on it."""
    history.connect(peer, fleet=True, dialled=dialled)
    history.got(peer, "bitfield")


def test_nobody_is_sought_where_all_meet() -> None:
    history = fleet()
    meet(history, 1001)
    meet(history, 1003, dialled=False)
    assert not [line for line in history.wait(30) if "roll" in line]


def test_a_neighbour_that_another_cares_for_is_not_waited_for() -> None:
    history = fleet(here=[0, 1, 2, 3], seeds=(1002,))
    meet(history, 1001)
    history.got(1001, "complete")
    history.connect(1003, fleet=True, dialled=False)
    history.disconnect(1003)  # it was dropped before it was ever read: that isn't a meeting
    asked = history.wait(10)
    assert "1001: roll 4" in asked and "leave 0: " not in asked
    assert "leave 0: " not in history.got(1001, "roll", 0b010000)  # 1003 is sought by others, too
    history.got(1001, "roll", 0b110000)  # the neighbour has met it
    assert "leave 0: " in history.wait(1)


def test_who_was_met_and_left_complete_is_told_to_who_seeks_it() -> None:
    history = fleet()
    meet(history, 1001)
    meet(history, 1003, dialled=False)
    history.got(1003, "complete")
    history.disconnect(1003)
    history.got(1001, "roll", 0b010000)
    assert "1001: roll 4,5" in history.wait(1)


def test_who_is_connected_with_somebody_sought_says_so_to_all() -> None:
    history = fleet()
    meet(history, 1001)
    meet(history, 1003, dialled=False)
    history.got(1001, "roll", 0b010000)
    assert {"1001: roll 4,5", "1003: roll 4,5"} <= set(history.wait(1))
    assert history.wait(5) == []


def test_who_is_sought_asks_at_once_for_those_it_never_met() -> None:
    history = fleet(here=[0, 1, 2, 3])
    meet(history, 1001)
    assert history.got(1001, "roll", 0b000100) == ["1001: roll 2,3,4"]
    assert history.got(1001, "roll", 0b000100) == []


def test_who_leaves_answers_before() -> None:
    history = fleet(here=[0, 1, 2, 3], seeds=(1002,))
    meet(history, 1001)
    meet(history, 1003, dialled=False)
    history.got(1003, "complete")
    history.disconnect(1003)
    history.got(1001, "roll", 0b010000)
    assert history.got(1001, "complete")[-2:] == ["1001: roll 4,5", "leave 0: "]
