"""Histories of the fleet's extras: windows, rarest first, endgame, upload slots, a seed's offers, fewer haves."""

from __future__ import annotations

from typing import List

from peer.core.limits import Limits
from tests.core.history import History, fleet, requests, set_of, without_logs

IDS = (1001, 1002, 1003, 1004)


def number(effect: str) -> int:
    return int(effect.split()[-1])


# ---- fetching


def test_a_fleet_neighbour_is_asked_for_several_pieces_and_a_classic_one_for_one() -> None:
    assert len(requests(fleet(total=20, ids=IDS).meet(1003, range(20), fleet=True))) >= 2
    assert len(requests(fleet(total=20, ids=IDS).meet(1003, range(20), fleet=False))) == 1


def test_the_window_grows_with_the_pace() -> None:
    history = fleet(total=200, ids=IDS)
    history.meet(1003, range(200), fleet=True)
    for _ in range(20):
        history.now += 0.001
        history.stored(1003, min(history.core.neighbours[1003].asking.open))
    fast = len(history.core.neighbours[1003].asking.open)
    for _ in range(20):
        history.now += 1.0
        history.stored(1003, min(history.core.neighbours[1003].asking.open))
    slow = len(history.core.neighbours[1003].asking.open)
    assert fast > slow >= 1


def test_the_rarest_piece_is_asked_for_first() -> None:
    history = fleet(total=6, ids=IDS)
    history.connect(1001, fleet=True)
    history.got(1001, "bitfield", set_of(0, 1, 2, 3))
    history.connect(1004, fleet=True)
    history.got(1004, "bitfield", set_of(0, 1, 2, 3, 4, 5))
    asked = requests(history.got(1004, "unchoke"))
    assert {number(effect) for effect in asked} == {4, 5}


def test_a_piece_that_has_come_is_taken_back_from_the_other_neighbour() -> None:
    history = fleet(total=1, ids=IDS)
    history.meet(1003, [0], fleet=True)
    history.meet(1004, [0], fleet=True)
    asked = requests(history.wait(60))  # by then it is late, and asked for a second time
    assert asked[:1] == ["1004: request 0"]
    effects = without_logs(history.stored(1003, 0))
    assert effects[0] == "1004: cancel 0"
    assert history.core.pieces.asked == 0


def test_the_last_pieces_are_never_asked_of_more_than_two() -> None:
    history = fleet(total=1, ids=(*IDS, 1005, 1006))
    effects: List[str] = []
    for peer in (1003, 1004, 1005, 1006):
        effects += history.meet(peer, [0], fleet=True)
    effects += history.wait(0.3)
    assert 1 <= history.core.pieces.askers(0) <= 2
    assert len(requests(effects)) <= 2


def test_a_piece_that_has_just_come_is_not_asked_for_again_in_the_endgame() -> None:
    history = fleet(total=2, ids=IDS)
    history.meet(1003, [0, 1], fleet=True)
    history.meet(1004, [0, 1], fleet=True)
    history.wait(20)  # both are late, and asked of both
    effects = history.stored(1003, 0)
    assert "1003: request 0" not in effects and "1004: request 0" not in effects


def test_what_a_seed_has_offered_is_asked_of_it_also_when_it_shows_all() -> None:
    """The seed offered these to us alone; all others ask it only when they have nothing else to wait for."""
    history = fleet(total=20, ids=IDS)
    history.meet(1003, range(10), fleet=True)
    history.meet(1001, [17, 18, 19], fleet=True)
    history.got(1001, "complete")
    history.now += 0.01
    first, second = history.core.neighbours[1001].asking.open
    asked = requests(history.stored(1001, first))
    (left,) = {17, 18, 19} - {first, second}
    assert history.core.neighbours[1003].asking.open  # something else to wait for
    assert [effect for effect in asked if effect.startswith("1001")] == [f"1001: request {left}"]
    history.now += 0.01
    asked = requests(history.stored(1001, second) + history.stored(1001, left))
    assert not any(effect.startswith("1001") for effect in asked)


def test_a_cancel_takes_a_request_out_of_the_queue() -> None:
    history = fleet(total=4, here=range(4), seeds=(1002,), ids=IDS, limits=Limits(60.0, uploads=1))
    history.connect(1003, fleet=True)
    assert history.got(1003, "request", 0) == ["1003: piece 0"]
    assert history.got(1003, "request", 1) == []
    assert history.got(1003, "request", 2) == []
    assert history.got(1003, "cancel", 1) == []
    assert history.got(1003, "cancel", 3) == []
    assert history.sent(1003, 0)[0] == "1003: piece 2"


# ---- telling


def test_when_all_is_here_one_word_says_so() -> None:
    history = fleet(total=1, ids=IDS)
    history.meet(1003, [0], fleet=True)
    history.connect(1004, fleet=True)
    effects = without_logs(history.stored(1003, 0))
    assert "1003: complete" in effects and "1004: complete" in effects
    assert not any(": have" in effect for effect in effects)
    assert effects[-1] == "finish"


def test_who_has_the_piece_is_not_told_of_it_and_a_classic_neighbour_always_is() -> None:
    history = fleet(total=4, ids=IDS)
    history.meet(1003, [0], fleet=True)
    history.meet(1001, [0], fleet=False)
    told = without_logs(history.stored(1003, 0) + history.wait(3))
    assert "1001: have 0" in told
    assert not any(effect.startswith(("1003: have", "1003: bitfield")) for effect in told)


def test_every_fleet_neighbour_that_lacks_a_piece_hears_of_it_soon() -> None:
    history = fleet(total=4, ids=(*IDS, 1005, 1006, 1007))
    for peer in (1003, 1004, 1005, 1006):
        history.meet(peer, [0], fleet=True)
    history.connect(1007, fleet=True)
    told = history.stored(1003, 0) + history.wait(1)
    assert "1007: have 0" in told or "1007: bitfield 0" in told


def test_a_neighbour_that_is_complete_hears_now_and_then_that_we_go_forward() -> None:
    """Nobody else tells it, and it would leave after its patience."""
    history = fleet(total=100, ids=IDS, limits=Limits(20.0))
    history.meet(1001, range(100), fleet=True)
    told: List[str] = []
    for _ in range(40):
        told += history.stored(1001, min(history.core.neighbours[1001].asking.open)) + history.wait(1)
    assert 3 <= len([effect for effect in told if effect.startswith("1001: bitfield")]) <= 9
    quiet = [effect for effect in history.wait(19) if effect.startswith("1001: bitfield")]
    assert len(quiet) <= 1  # no news, no word


def test_a_word_of_progress_is_progress_for_who_waits() -> None:
    history = fleet(total=4, here=range(4), seeds=(1001, 1002), ids=(1001, 1002, 1003), limits=Limits(20.0))
    history.connect(1003, fleet=True)
    for _ in range(5):
        assert not any(effect.startswith("leave") for effect in history.wait(15))
        history.got(1003, "bitfield", set_of(0))
    assert any(effect.startswith("leave 0") for effect in history.wait(21))


def test_interest_does_not_flap_between_fleet_neighbours() -> None:
    history = fleet(total=3, ids=IDS)
    history.meet(1003, [0], fleet=True)
    effects = history.stored(1003, 0) + history.got(1003, "have", 1)
    assert not any("interested" in effect for effect in effects)


# ---- uploads


def seed(uploads: int = 2, total: int = 12) -> History:
    """A seed alone with fleet neighbours 1001, 1003 and 1004, its offers not yet out."""
    return fleet(total=total, here=range(total), seeds=(1002,), ids=IDS, limits=Limits(60.0, uploads=uploads))


def test_a_few_pieces_are_sent_at_a_time_and_a_free_slot_is_filled_at_once() -> None:
    history = seed(uploads=2)
    for peer in (1001, 1003, 1004):
        history.connect(peer, fleet=True)
    assert history.got(1001, "request", 0) == ["1001: piece 0"]
    assert history.got(1001, "request", 1) == []  # one at a time to each
    assert history.got(1003, "request", 2) == ["1003: piece 2"]
    assert history.got(1004, "request", 3) == []
    assert history.sent(1001, 0)[0] in ("1001: piece 1", "1004: piece 3")


def test_a_neighbour_that_takes_far_too_long_keeps_no_slot_from_the_others() -> None:
    history = seed(uploads=1)
    for peer in (1001, 1003):
        history.connect(peer, fleet=True)
    history.got(1001, "request", 0)
    assert history.got(1003, "request", 1) == []
    assert "1003: piece 1" in history.wait(10)


def test_a_neighbours_slot_is_free_when_it_is_gone() -> None:
    history = seed(uploads=1)
    for peer in (1001, 1003):
        history.connect(peer, fleet=True)
    history.got(1001, "request", 0)
    assert history.got(1003, "request", 1) == []
    history.disconnect(1001)
    assert "1003: piece 1" in history.wait(1)


# ---- a seed's order


def offers(effects: List[str], peer: int) -> List[int]:
    return [number(effect) for effect in effects if effect.startswith(f"{peer}: have")]


def test_a_seed_offers_each_piece_once_before_any_twice() -> None:
    history = seed(uploads=4)
    waiting = {peer: offers(history.connect(peer, fleet=True), peer) for peer in (1001, 1003, 1004)}
    sent: List[int] = []
    while any(waiting.values()):
        for peer, pieces in waiting.items():
            if pieces:
                piece = pieces.pop(0)
                assert history.got(peer, "request", piece) == [f"{peer}: piece {piece}"]
                sent.append(piece)
                pieces += offers(history.sent(peer, piece), peer)
    assert sorted(sent) == list(range(12))
    assert history.core._first_round.hidden == set()


def test_a_classic_neighbour_sees_all_of_a_seed_at_once() -> None:
    answer = without_logs(seed(total=9).connect(1003, fleet=False))
    assert answer == ["1003: bitfield 0,1,2,3,4,5,6,7", "1003: have 8", "1003: unchoke"]


def test_a_seed_hides_nothing_from_another_seed() -> None:
    history = fleet(total=3, here=range(3), seeds=(1001, 1002), ids=IDS)
    assert "1001: bitfield 0,1,2" in history.connect(1001, fleet=True)
    assert "1003: bitfield" in history.connect(1003, fleet=True)


def test_two_seeds_begin_with_their_own_share() -> None:
    one = fleet(total=6, here=range(6), seeds=(1001, 1002), ids=IDS, limits=Limits(60.0))
    offered = set(offers(one.connect(1003, fleet=True), 1003))
    assert offered == {1, 3, 5}


def test_when_all_is_out_a_seed_shows_itself_whole() -> None:
    history = seed(total=2)
    assert sorted(offers(history.connect(1001, fleet=True), 1001)) == [0, 1]
    assert "1003: bitfield 0,1" in history.connect(1003, fleet=True)
    assert "1001: complete" in history.wait(1)


def test_offers_that_the_neighbour_has_make_room_for_others() -> None:
    """It came back with half of the payload, and its bitfield arrives after our offers."""
    history = seed()
    offered = offers(history.connect(1001, fleet=True), 1001)
    history.got(1001, "bitfield", set_of(*offered))
    again = offers(history.wait(1), 1001)
    assert again and not set(again) & set(offered)


def test_offers_of_a_neighbour_that_is_gone_are_made_to_others() -> None:
    history = seed(total=5)
    gone = offers(history.connect(1001, fleet=True), 1001)
    kept = offers(history.connect(1003, fleet=True), 1003)
    assert sorted(gone + kept) == [0, 1, 2, 3, 4]
    history.disconnect(1001)
    for piece in kept:
        history.got(1003, "request", piece)
    effects: List[str] = []
    for piece in kept:
        effects += history.sent(1003, piece)
    effects += history.wait(1)
    assert set(offers(effects, 1003)) == set(gone) or "1003: complete" in effects


def test_offers_that_are_never_asked_for_keep_nobody_waiting() -> None:
    history = seed(total=30)
    first = offers(history.connect(1001, fleet=True), 1001)
    later = offers(history.wait(20), 1001)
    assert len(first) == 3 and len(later) >= 3
