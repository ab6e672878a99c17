"""Histories of the classic rules: interest, requests, chokes, pieces and haves, each in its order."""

from __future__ import annotations

from typing import List

import pytest

from peer.core.fetcher import SILENCE
from tests.core.history import History, requests, set_of, without_logs

# ---- interest


@pytest.mark.parametrize(
    ("here", "theirs", "answer"),
    [
        ([], [0], "interested"),
        ([], [], "not interested"),
        ([0], [0], "not interested"),
        ([0], [0, 1], "interested"),
        ([0, 1, 2, 3], [0, 1, 2, 3], "not interested"),
    ],
)
def test_a_bitfield_is_answered_with_our_interest(here: List[int], theirs: List[int], answer: str) -> None:
    history = History(here=here)
    history.connect(1001)
    assert history.got(1001, "bitfield", set_of(*theirs)) == [f"1001: {answer}"]


def test_a_have_is_logged_and_changes_our_interest_once() -> None:
    history = History()
    history.connect(1001)
    assert history.got(1001, "have", 2) == ["log have 2 1001", "1001: interested"]
    assert history.got(1001, "have", 3) == ["log have 3 1001"]
    assert history.got(1001, "have", 3) == ["log have 3 1001"]


def test_a_have_for_what_we_have_says_nothing_new() -> None:
    history = History(here=[2])
    history.connect(1001)
    history.got(1001, "bitfield")
    assert history.got(1001, "have", 2) == ["log have 2 1001"]


def test_a_neighbour_that_has_nothing_more_for_us_is_told() -> None:
    history = History(total=2)
    history.meet(1001, [0])
    history.meet(1003, [0])
    assert without_logs(history.stored(1001, 0)) == [
        "1001: have 0",
        "1001: not interested",
        "1003: have 0",
        "1003: not interested",
    ]


def test_a_neighbour_that_has_more_is_not_told() -> None:
    history = History(total=3)
    history.meet(1001, [0, 1])
    (asked,) = history.core.neighbours[1001].asking.open
    assert "1001: not interested" not in history.stored(1001, asked)


def test_have_before_the_bitfield_and_the_bitfield_late_or_twice() -> None:
    history = History()
    history.connect(1001)
    assert without_logs(history.got(1001, "have", 1)) == ["1001: interested"]
    assert history.got(1001, "bitfield", set_of(0)) == []
    assert history.core.neighbours[1001].pieces == set_of(0, 1)
    assert history.got(1001, "bitfield", 0) == []
    assert history.core.neighbours[1001].pieces == set_of(0, 1)
    assert history.core.pieces.rarity[1] == set_of(0, 1)


def test_no_bitfield_at_all() -> None:
    history = History(total=1)
    history.connect(1001)
    history.got(1001, "unchoke")
    assert history.got(1001, "have", 0) == ["log have 0 1001", "1001: interested", "1001: request 0"]


def test_their_interest_is_logged_each_time_it_is_said() -> None:
    history = History(here=[0])
    history.connect(1003)
    assert history.got(1003, "interested") == ["log interested 1003"]
    assert history.got(1003, "interested") == ["log interested 1003"]
    assert history.core.neighbours[1003].wants_ours
    assert history.got(1003, "not interested") == ["log not interested 1003"]
    assert not history.core.neighbours[1003].wants_ours


# ---- requests and pieces


def test_nothing_is_asked_for_while_choked() -> None:
    history = History()
    history.connect(1001)
    assert requests(history.got(1001, "bitfield", set_of(0, 1, 2, 3))) == []
    assert requests(history.wait(9)) == []


def test_an_unchoke_is_logged_and_answered_with_one_request() -> None:
    history = History(here=[0, 1, 3])
    history.connect(1001)
    history.got(1001, "bitfield", set_of(0, 1, 2, 3))
    assert history.got(1001, "unchoke") == ["log unchoked 1001", "1001: request 2"]
    assert history.got(1001, "unchoke") == ["log unchoked 1001"]


def test_one_request_at_a_time_whatever_happens() -> None:
    history = History(total=20)
    effects = history.meet(1001, range(20))
    effects += history.got(1001, "have", 5) + history.got(1001, "unchoke") + history.got(1001, "bitfield", set_of(7))
    effects += history.wait(SILENCE / 2)
    assert len(requests(effects)) == 1


def test_a_piece_is_stored_then_the_next_one_asked_for_then_all_told() -> None:
    history = History(total=2)
    history.meet(1001, [0, 1])
    history.connect(1003)
    (first,) = history.core.neighbours[1001].asking.open
    assert history.stored(1001, first) == [
        f"log piece {first} of 1001 (1)",
        f"1001: request {1 - first}",
        f"1001: have {first}",
        f"1003: have {first}",
    ]
    assert history.core.pieces.here == set_of(first)
    assert history.stored(1001, 1 - first) == [
        f"log piece {1 - first} of 1001 (2)",
        f"1001: have {1 - first}",
        "1001: not interested",
        f"1003: have {1 - first}",
        "finish",
    ]
    assert history.finished() == ["log complete"]


def test_no_piece_is_asked_of_two() -> None:
    history = History(total=2)
    asked = requests(history.meet(1001, [0, 1]) + history.meet(1003, [0, 1]))
    assert sorted(effect.split()[-1] for effect in asked) == ["0", "1"]


def test_pieces_are_asked_for_in_an_order_that_chance_gives() -> None:
    asked = {requests(History(total=50, seed=seed).meet(1001, range(50)))[0] for seed in range(30)}
    assert len(asked) > 10


def test_a_choke_gives_the_request_back_and_the_late_piece_is_kept() -> None:
    history = History(total=2)
    history.meet(1001, [0])
    history.meet(1003, [0])
    assert history.got(1001, "choke") == ["log choked 1001", "1003: request 0"]
    assert without_logs(history.stored(1001, 0)) == [
        "1001: have 0",
        "1001: not interested",
        "1003: have 0",
        "1003: not interested",
    ]
    assert history.core.pieces.has(0)
    assert history.surplus(1003, 0) == []  # the other answer comes too
    assert history.core.pieces.asked == 0
    assert history.core.pieces.count == 1


def test_choke_unchoke_new_request_then_the_old_piece() -> None:
    """The old piece is kept, and the new request stays open: its answer comes too."""
    history = History(total=3)
    history.meet(1001, [0])
    history.got(1001, "choke")
    history.got(1001, "have", 1)
    history.core.pieces.ask(0)  # somebody else is asked for piece 0 meanwhile
    assert requests(history.got(1001, "unchoke")) == ["1001: request 1"]
    assert requests(history.stored(1001, 0)) == []
    assert list(history.core.neighbours[1001].asking.open) == [1]
    assert history.core.pieces.has(0)


def test_a_surplus_piece_is_followed_by_the_next_request() -> None:
    history = History(total=2)
    history.meet(1001, [0, 1])
    (first,) = history.core.neighbours[1001].asking.open
    history.stored(1003, first)
    assert history.surplus(1001, first) == [f"1001: request {1 - first}"]


def test_a_piece_nobody_asked_for_is_kept() -> None:
    history = History(total=2)
    history.connect(1001)
    assert history.stored(1001, 1) == ["log piece 1 of 1001 (1)", "1001: have 1"]


def test_a_silent_neighbours_request_goes_elsewhere_and_its_late_answer_is_kept() -> None:
    history = History(total=1)
    history.meet(1001, [0])
    history.meet(1003, [0])
    assert requests(history.wait(SILENCE - 0.4, received={1001: 5})) == []
    assert requests(history.wait(3 * SILENCE)) == ["1003: request 0"]
    assert history.stored(1001, 0)[0] == "log piece 0 of 1001 (1)"


def test_a_slow_neighbour_that_still_sends_is_not_silent() -> None:
    history = History(total=1)
    history.meet(1001, [0])
    history.meet(1003, [0])
    for _ in range(20):
        assert requests(history.wait(1.0, received={1001: 3})) == []


def test_a_silent_neighbour_that_alone_has_the_piece_gets_another_chance() -> None:
    history = History(total=1)
    history.meet(1001, [0])
    assert requests(history.wait(8 * SILENCE))[:1] == ["1001: request 0"]


# ---- what others ask of us


def unchoked(history: History, peer: int) -> None:
    """Have a neighbour unchoked by the choker's next choice."""
    history.connect(peer)
    history.got(peer, "interested")
    assert f"{peer}: unchoke" in history.wait(5)


def test_a_request_is_answered_with_the_piece() -> None:
    history = History(here=[0, 1])
    unchoked(history, 1003)
    assert history.got(1003, "request", 1) == ["1003: piece 1"]
    assert history.got(1003, "request", 0) == ["1003: piece 0"]
    assert history.sent(1003, 1) == []


def test_a_request_while_choked_is_not_answered() -> None:
    history = History(here=[0, 1])
    history.connect(1003)
    history.got(1003, "interested")
    assert history.got(1003, "request", 1) == []
    assert history.wait(4) == []


def test_a_request_for_what_we_lack_is_not_answered() -> None:
    history = History(here=[0])
    unchoked(history, 1003)
    assert history.got(1003, "request", 1) == []


def test_the_empty_piece_behind_the_last_is_sent_to_those_who_count_it() -> None:
    history = History(total=4, here=[0])
    unchoked(history, 1003)
    assert history.got(1003, "request", 4) == ["1003: piece 4"]


# ---- preferred and optimistic, and the lines that name them


def test_the_choice_is_logged_when_it_changes_and_unchokes_in_that_order() -> None:
    history = History(here=[0], preferred=2)
    for peer in (1001, 1003):
        history.connect(peer)
        history.got(peer, "bitfield", set_of(0))
    assert history.wait(5) == []  # nobody is interested
    history.got(1003, "interested")
    assert history.wait(5) == ["log preferred 1003", "1003: unchoke"]
    history.got(1001, "interested")
    # At fifteen seconds both timers are due: 1001 becomes preferred, and so nobody is left to be optimistic about.
    assert history.wait(5) == ["log preferred 1001, 1003", "1001: unchoke"]
    assert history.wait(10) == []
    history.got(1003, "not interested")
    assert history.wait(5) == ["log preferred 1001", "1003: choke"]


def test_one_of_the_choked_is_unchoked_at_the_optimistic_interval() -> None:
    history = History(here=[0], preferred=0, ids=(1001, 1002, 1003, 1004))
    for peer in (1001, 1003, 1004):
        history.connect(peer)
        history.got(peer, "bitfield", set_of(0))
        history.got(peer, "interested")
    first = history.wait(15)
    assert [effect.split()[1] for effect in first] == ["optimistic", "unchoke"]
    second = history.wait(15)
    assert [effect.split()[1] for effect in second][:1] == ["optimistic"]
    assert sorted(effect.split()[1] for effect in second[1:]) == ["choke", "unchoke"]


def test_no_preferred_neighbours_at_all_is_a_setting_that_works() -> None:
    history = History(here=[0], preferred=0)
    history.connect(1001)
    history.got(1001, "interested")
    assert history.wait(10) == []


def test_a_choke_forgets_what_was_asked() -> None:
    history = History(here=[0, 1], preferred=1)
    unchoked(history, 1003)
    history.got(1003, "bitfield", set_of(0, 1))
    history.got(1003, "not interested")
    assert "1003: choke" in history.wait(5)
    assert history.got(1003, "request", 0) == []
