"""Histories of what classic neighbours are granted beyond the rules: when, how often, and that fleet ones aren't."""

from __future__ import annotations

from typing import List

import pytest

from peer.core import habits
from peer.core.dialling import DIAL_BACK
from peer.core.events import Tick
from peer.core.tolerance import (
    CHOKED_SECONDS,
    IDLE_SECONDS,
    KEPT_SECONDS,
    MOST_SERVED,
    PUSH_SECONDS,
    SEED_SECONDS,
    UNINTERESTED_SECONDS,
)
from tests.core.history import History, fleet, requests, set_of, without_logs

TICK = 0.5


def told(peer: int, habit: str) -> str:
    return f"tell tolerated: {peer} {habit}"


def serving(total: int = 4, profile: str = "classic") -> History:
    """A complete peer beside 1003, which is interested, unchoked and has nothing."""
    history = History(total=total, here=range(total), profile=profile, ids=(1002, 1003), seeds=(1002,))
    history.connect(1003, dialled=False)
    history.got(1003, "bitfield")
    history.got(1003, "interested")
    history.wait(5)
    assert not history.core.neighbours[1003].serving.we_choke
    return history


def pause(history: History, seconds: float) -> List[str]:
    """One tick, after a time without any."""
    history.now += seconds
    return history.tell(Tick({}, {}))


def pieces_to(effects: List[str], peer: int = 1003) -> List[int]:
    return [int(effect.split()[-1]) for effect in effects if effect.startswith(f"{peer}: piece ")]


# ---- requests


def test_what_was_asked_while_choked_is_served_once_it_is_unchoked_and_idle() -> None:
    history = History(here=[0, 1, 2, 3], ids=(1002, 1003), seeds=(1002,))
    history.connect(1003, dialled=False)
    history.got(1003, "interested")
    assert history.got(1003, "request", 2) == []
    assert pieces_to(history.wait(5)) == []
    assert told(1003, habits.ASKED_CHOKED) not in history.wait(KEPT_SECONDS - TICK)
    effects = history.wait(2 * TICK)
    assert effects[:2] == [told(1003, habits.ASKED_CHOKED), "1003: piece 2"]


def test_who_asks_again_is_not_sent_it_twice() -> None:
    history = History(here=[0, 1, 2, 3], ids=(1002, 1003), seeds=(1002,))
    history.connect(1003, dialled=False)
    history.got(1003, "interested")
    history.got(1003, "request", 2)
    history.wait(5)
    assert history.got(1003, "request", 2) == ["1003: piece 2"]
    history.sent(1003, 2)
    history.got(1003, "have", 2)
    assert pieces_to(history.wait(KEPT_SECONDS + TICK)) == []


def test_each_piece_is_sent_once_however_often_it_is_asked_for() -> None:
    history = serving()
    effects = history.got(1003, "request", 1)
    for _ in range(5):
        effects += history.got(1003, "request", 1)
    history.sent(1003, 1)
    for _ in range(5):
        effects += history.got(1003, "request", 1)
    assert pieces_to(effects) == [1]
    assert effects.count(told(1003, habits.REPEATED)) == 1


def test_so_many_at_a_time_and_the_others_later() -> None:
    history = serving(total=100)
    effects = [effect for piece in range(100) for effect in history.got(1003, "request", piece)]
    assert pieces_to(effects) == list(range(MOST_SERVED))
    assert effects.count(told(1003, habits.DEEP)) == 1
    for piece in range(100):
        effects += history.sent(1003, piece)
        assert len(pieces_to(effects)) - (piece + 1) <= MOST_SERVED
    assert sorted(pieces_to(effects)) == list(range(100))


def test_a_pause_of_our_own_process_counts_as_no_idleness() -> None:
    """It was stopped, or its machine slept: what the neighbour has sent meanwhile hasn't been read yet."""
    history = serving()
    history.wait(IDLE_SECONDS / 4)
    assert told(1003, habits.IDLE) not in pause(history, 10 * IDLE_SECONDS)
    history.got(1003, "request", 0)
    assert told(1003, habits.IDLE) not in history.wait(IDLE_SECONDS - TICK)


def test_a_pause_of_our_own_process_makes_nobody_interested() -> None:
    history = History(total=4, here=range(4), profile="classic", ids=(1002, 1003), seeds=(1002,))
    history.connect(1003, dialled=False)
    history.got(1003, "bitfield")
    assert told(1003, habits.UNINTERESTED) not in pause(history, 10 * UNINTERESTED_SECONDS)
    assert told(1003, habits.UNINTERESTED) in history.wait(UNINTERESTED_SECONDS)


# ---- those that are stuck


def test_who_is_unchoked_and_idle_is_told_again_and_then_sent_what_it_lacks() -> None:
    history = serving(total=3)
    effects = history.wait(IDLE_SECONDS)
    assert effects == [told(1003, habits.IDLE), "1003: unchoke"]
    assert history.wait(IDLE_SECONDS) == ["1003: unchoke"]
    effects = history.wait(IDLE_SECONDS)
    assert effects[0] == told(1003, habits.PUSHED)
    for _ in range(2):
        history.sent(1003, pieces_to(effects)[-1])
        effects += history.wait(PUSH_SECONDS + TICK)
    assert sorted(pieces_to(effects)) == [0, 1, 2], "each once"
    history.sent(1003, pieces_to(effects)[-1])
    assert pieces_to(history.wait(5)) == []


def test_a_request_or_a_piece_from_elsewhere_begins_it_anew() -> None:
    history = serving(total=8)
    history.wait(2 * IDLE_SECONDS)
    history.got(1003, "have", 1)
    assert pieces_to(history.wait(IDLE_SECONDS)) == []
    history.wait(IDLE_SECONDS)
    history.got(1003, "request", 2)
    history.sent(1003, 2)
    assert pieces_to(history.wait(IDLE_SECONDS)) == []


def test_bytes_on_their_way_are_waited_for() -> None:
    history = serving()
    history.unacked[1003] = 100_000
    assert without_logs(history.wait(20)) == []
    del history.unacked[1003]
    assert without_logs(history.wait(IDLE_SECONDS + TICK))[-1] == "1003: unchoke"


def test_who_lacks_pieces_and_is_not_interested_is_counted_in() -> None:
    history = History(here=[0, 1, 2, 3], ids=(1002, 1003), seeds=(1002,))
    history.connect(1003, dialled=False)
    history.got(1003, "bitfield", set_of(1))
    history.got(1003, "not interested")
    assert history.wait(UNINTERESTED_SECONDS - TICK) == []
    assert history.wait(2 * TICK) == [told(1003, habits.UNINTERESTED)]
    assert "1003: unchoke" in history.wait(5)


def test_who_tells_of_nothing_is_left_when_it_has_all_and_who_does_tell_is_waited_for() -> None:
    for tells, leaves in ((False, True), (True, False)):
        history = serving(total=2)
        for piece in (0, 1):
            history.got(1003, "request", piece)
            history.sent(1003, piece)
            if tells and not piece:
                history.got(1003, "have", 0)
        assert ("leave 0: " in history.wait(3)) == leaves


def test_a_fleet_neighbour_is_granted_nothing() -> None:
    history = fleet(total=4, here=range(4), ids=(1002, 1003), seeds=(1002, 1003))
    history.connect(1003, fleet=True, dialled=False)
    history.got(1003, "bitfield")
    history.got(1003, "interested")
    assert [effect for effect in history.wait(30) if "unchoke" in effect or "piece" in effect or "tell" in effect] == []


# ---- as a leecher


def test_a_neighbour_that_never_unchokes_is_asked_when_nothing_comes_for_long() -> None:
    history = History(total=3)
    history.connect(1001)
    history.got(1001, "bitfield", set_of(0, 1, 2))
    assert requests(history.wait(2 * CHOKED_SECONDS - TICK)) == []
    (asked,) = requests(history.wait(2 * TICK))
    piece = int(asked.split()[-1])
    effects = history.stored(1001, piece)
    assert told(1001, habits.NEVER_UNCHOKES) in effects
    assert len(requests(effects)) == 1, "it is asked on"


def test_one_that_has_unchoked_us_once_means_its_choke() -> None:
    history = History(total=3)
    history.meet(1001, [0, 1, 2])
    history.got(1001, "choke")
    assert requests(history.wait(6 * CHOKED_SECONDS)) == []


def test_a_neighbour_that_is_listed_with_the_file_counts_as_complete() -> None:
    history = History(total=3, seeds=(1001,))
    history.connect(1001)
    assert history.wait(SEED_SECONDS - TICK) == []
    assert history.wait(2 * TICK) == [told(1001, habits.SEED_BITFIELD), "1001: interested"]
    assert history.core.neighbours[1001].complete


def test_a_bitfield_that_says_less_is_told_of_only_if_no_haves_follow() -> None:
    history = History(total=3, seeds=(1001,))
    history.connect(1001)
    assert history.got(1001, "bitfield", set_of(0)) == ["1001: interested"]
    for piece in (1, 2):
        history.got(1001, "have", piece)
    assert history.wait(SEED_SECONDS + TICK) == []


# ---- connections


def test_a_later_neighbour_that_stays_away_is_dialled() -> None:
    history = History(here=[0, 1, 2, 3], seeds=(1002,))
    history.connect(1003, dialled=False)
    history.wait(1)
    assert history.disconnect(1003) == []
    assert history.wait(DIAL_BACK - TICK) == []
    assert history.wait(2 * TICK) == ["dial 1003"]
    assert history.connect(1003, dialled=True)[:2] == ["log dialled 1003", told(1003, habits.DIALLED_BACK)]


def test_a_later_neighbour_that_comes_back_meanwhile_ends_the_dialling() -> None:
    history = History(here=[0, 1, 2, 3], seeds=(1002,))
    history.connect(1003, dialled=False)
    history.disconnect(1003)
    assert "dial 1003" in history.wait(DIAL_BACK + TICK)
    assert history.connect(1003, dialled=False)[:2] == ["log accepted 1003", "stop dialling 1003"]
    history.disconnect(1003)
    history.connect(1003, dialled=False)
    assert "dial 1003" not in history.wait(DIAL_BACK + TICK)


@pytest.mark.parametrize("fleet_neighbour", [False, True])
def test_one_that_needs_nothing_is_not_dialled_back(fleet_neighbour: bool) -> None:
    history = fleet(here=[0, 1, 2, 3], seeds=(1002,))
    history.connect(1003, fleet=fleet_neighbour, dialled=False)
    history.got(1003, "bitfield", set_of(0, 1, 2, 3))
    history.disconnect(1003)
    assert "dial 1003" not in history.wait(2 * DIAL_BACK)


def test_a_fault_is_told_with_its_bytes_once() -> None:
    history = History()
    for _ in range(3):
        history.connect(1001)
        effects = history.disconnect(1001, "protocol error: x", "protocol error: x; bytes: 00; rule: y")
        assert effects == ["tell dropped 1001: protocol error: x; bytes: 00; rule: y"]
    first = history.dial_failed(1001, "a: wrong", "a: wrong; bytes: 00")
    assert first == ["tell 1001: a: wrong; bytes: 00"]
    assert history.dial_failed(1001, "a: wrong", "a: wrong; bytes: 00") == []


def test_the_status_has_a_line_for_each_habit() -> None:
    history = serving(total=3)
    history.wait(2 * IDLE_SECONDS)
    assert history.core.tolerance.lines == (f"1003 {habits.IDLE} (2 times)",)
