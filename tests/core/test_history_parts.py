"""Histories of parts: only what is missing of a piece is asked for, zeros and twins never, and all is served."""

from __future__ import annotations

from typing import List, Tuple

import pytest

from peer.core.repeats import Repeats
from tests.core.history import History, fleet, requests, set_of, without_logs
from tests.core.samples import manifest_of, payload

A, B, C, ZERO = payload(4, 1), payload(4, 2), payload(4, 3), bytes(4)
# Pieces of four blocks: one of all kinds, one of zeros, one of twins only, and one that looks like chance.
REPEATS = Repeats(manifest_of(A + B + ZERO + A + ZERO * 4 + A + B + A + B + payload(16, 4), 16, block=4))


def starting(here: "tuple[int, ...]" = (), **words: object) -> History:
    return fleet(total=4, here=here, repeats=REPEATS, **words)


def asked(effects: List[str]) -> List[str]:
    return sorted(requests(effects))


def test_what_needs_no_travel_is_never_asked_for() -> None:
    h = starting()
    told = h.meet(1003, [0, 1, 2, 3], fleet=True)
    assert asked(told) == ["1003: request 0 (0,1)", "1003: request 3"]
    assert set(asked(h.wait(50))) == set(asked(told)), "only these again, from a neighbour that was silent"


def test_what_was_made_or_copied_here_is_announced_and_ends_the_work() -> None:
    h = starting()
    h.meet(1003, [0, 3], fleet=True)
    assert h.checked(right=[1]) == [], "they go with the next tick, in one bitfield"
    assert "1003: bitfield 1" in h.wait(1.0)
    h.stored(1003, 3)
    assert without_logs(h.part(1003, 0)) == [], "the rest of it is copied"
    h.checked(right=[0])
    told = h.checked(right=[2])
    assert told[0] == "1003: complete" and told[-1] == "finish"
    assert "finish" not in h.checked(wrong=[2], parts={2: [1]}), "once"


def test_a_seed_offers_only_what_travels() -> None:
    seed = History(total=4, here=(0, 1, 2, 3), profile="fleet", ids=(1001, 1002, 1003), seeds=(1002,), repeats=REPEATS)
    told = [effect for effect in seed.connect(1003, fleet=True) if "have" in effect]
    assert sorted(told) == ["1003: have 0", "1003: have 3"]
    seed.got(1003, "bitfield")
    assert seed.got(1003, "request part", 0, set_of(0, 1)) == ["1003: piece 0 (0,1)"]
    assert "1003: complete" in seed.sent(1003, 0), "all that travels was offered"
    assert seed.got(1003, "request", 3) == ["1003: piece 3"]


def test_blocks_that_an_older_version_has_are_not_asked_for() -> None:
    h = fleet(settled=False)
    h.meet(1003, [0, 1, 2, 3], fleet=True)
    h.found(0, 1, 2, 3)
    told = h.checked(right=[0], wrong=[1, 2, 3], parts={1: [2], 2: [0, 3]})
    told += h.stored(1003, 3) + h.part(1003, 1) + h.part(1003, 2, 3)
    assert "1003: request 1 (2)" in told and "1003: request 2 (0,3)" in told and "1003: request 3" in told
    assert told[-1] == "1003: request 2 (3)", "a part of that part came"
    assert "log piece 2 of 1003 (3)" in h.stored(1003, 2)


def test_classic_neighbours_are_asked_for_complete_pieces() -> None:
    h = starting()
    assert requests(h.meet(1003, [0])) == ["1003: request 0"]


def test_a_part_that_neighbours_are_asked_for_twice_is_withdrawn() -> None:
    h = starting(here=(3,), seeds=(), ids=(1001, 1002, 1003))
    h.meet(1003, [0], fleet=True)
    h.meet(1001, [0], fleet=True)
    assert asked(h.wait(1.0)) == ["1001: request 0 (0,1)"], "late"
    assert "1003: cancel 0" in h.part(1001, 0)


def test_a_request_for_a_part_of_what_isnt_here_is_ignored() -> None:
    h = fleet(here=[1])
    h.meet(1003, [0], fleet=True)
    assert h.got(1003, "request part", 0, set_of(0)) == []
    assert h.got(1003, "request part", 1, set_of(0)) == ["1003: piece 1 (0)"]
    h.got(1003, "request part", 1, set_of(0))
    h.got(1003, "request", 1)
    assert h.sent(1003, 1) == ["1003: piece 1"], "the newest request for a piece counts"


def test_what_was_copied_while_it_was_asked_for_is_withdrawn() -> None:
    h = starting()
    h.meet(1003, [0, 3], fleet=True)
    assert "1003: cancel 0" in h.checked(right=[0])


def test_what_couldnt_be_copied_is_asked_for() -> None:
    h = starting()
    h.meet(1003, [0, 1, 2, 3], fleet=True)
    told = h.checked(wrong=[2], parts={2: [0, 1]})
    told += h.stored(1003, 3)
    assert "1003: request 2 (0,1)" in told


def test_a_seed_waits_a_moment_before_it_sends_a_piece_to_a_second_neighbour() -> None:
    seed = History(total=4, here=(0, 1, 2, 3), profile="fleet", ids=(1001, 1002, 1003), seeds=(1002,))
    for peer in (1001, 1003):
        seed.connect(peer, fleet=True)
        seed.got(peer, "bitfield")
    assert seed.got(1001, "request", 0) == ["1001: piece 0"]
    assert seed.got(1003, "request", 0) == []
    seed.sent(1001, 0)
    assert "1003: piece 0" not in seed.wait(0.4)
    assert "1003: piece 0" in seed.wait(1.0)


@pytest.mark.parametrize("older", [(2, 3, 4, 5), ()], ids=["of a new version", "of a new payload"])
def test_a_seed_waits_so_for_each_piece_of_a_new_version_however_long_it_takes(older: Tuple[int, ...]) -> None:
    seed = History(total=6, here=range(6), profile="fleet", ids=(1001, 1002, 1003), seeds=(1002,))
    for peer in (1001, 1003):
        seed.connect(peer, fleet=True)
        seed.got(peer, "bitfield", set_of(*older))
    seed.got(1001, "request", 0)
    seed.wait(1.5)
    seed.sent(1001, 0)
    assert "1001: piece 1" in seed.got(1001, "request", 1)
    seed.sent(1001, 1)
    assert ("1003: piece 1" in seed.got(1003, "request", 1)) == (not older)
    assert "1003: piece 1" not in seed.wait(2.5), "it was sent that, or waits for it longer than at first"
    assert ("1003: piece 1" in seed.wait(1.5)) == bool(older)
