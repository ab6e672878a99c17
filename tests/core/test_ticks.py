"""A peer looks at the clock often while it can get pieces, and seldom while it waits for the first."""

from __future__ import annotations

from peer.core.neighbour import Neighbour
from peer.core.pieces import Pieces
from peer.core.ticks import FETCHING_TICK, TICK, Ticks


def waiting(fleet: bool = True) -> "tuple[Ticks, Pieces, Neighbour]":
    """A peer of two pieces, none here, which is connected with a neighbour that has none."""
    pieces, neighbour = Pieces(2, 0), Neighbour(1002, 2)
    neighbour.begin(fleet, 0.0)
    ticks = Ticks(fleet, pieces, {1002: neighbour})
    ticks.start(0.0)
    assert ticks.take(10.0) and not ticks.take(10.0)
    return ticks, pieces, neighbour


def test_with_nothing_to_get_it_looks_seldom() -> None:
    ticks, _, _ = waiting()
    assert ticks.due == 10.0 + TICK
    assert not ticks.take(10.0 + FETCHING_TICK) and ticks.take(10.0 + TICK)


def test_as_soon_as_a_piece_is_asked_for_the_next_look_is_near() -> None:
    ticks, pieces, _ = waiting()
    pieces.asked |= 1
    assert ticks.due == 10.0 + FETCHING_TICK


def test_while_a_neighbour_has_something_it_looks_often() -> None:
    ticks, _, neighbour = waiting()
    neighbour.pieces = 0b10
    assert ticks.take(11.0)
    assert ticks.due == 11.0 + FETCHING_TICK
    neighbour.end("gone")
    assert ticks.take(12.0)
    assert ticks.due == 12.0 + TICK


def test_a_classic_peer_looks_seldom() -> None:
    ticks, pieces, neighbour = waiting(fleet=False)
    pieces.asked, neighbour.pieces = 1, 0b11
    assert ticks.take(11.0) and ticks.due == 11.0 + TICK
