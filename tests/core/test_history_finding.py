"""Histories of a peer that checks what lies on its disk: when it announces, serves, requests, and calls it its own."""

from __future__ import annotations

import pytest

from peer.core.events import Found
from peer.core.limits import Limits
from peer.core.swarmfile import CLASSIC, FLEET
from tests.core.history import History, requests, set_of, without_logs

ALL = set_of(0, 1, 2, 3)


def starting(profile: str = CLASSIC, **words: object) -> History:
    """A peer that hasn't looked at its disk yet, beside 1001, which has everything, and 1003, which has nothing."""
    history = History(profile=profile, settled=False, **words)  # type: ignore[arg-type]
    history.meet(1001, [0, 1, 2, 3], fleet=profile == FLEET)
    history.connect(1003, fleet=profile == FLEET)
    history.got(1003, "bitfield", 0)
    return history


@pytest.mark.parametrize("profile", [CLASSIC, FLEET])
def test_it_shows_nothing_and_asks_for_nothing_before_it_has_looked(profile: str) -> None:
    history = History(profile=profile, settled=False)
    effects = history.meet(1003, [0, 1, 2, 3], fleet=profile == FLEET)
    assert "1003: bitfield" in effects and not requests(effects)
    assert not requests(history.wait(20))


@pytest.mark.parametrize("profile", [CLASSIC, FLEET])
def test_what_isnt_on_the_disk_is_requested_once_that_is_known(profile: str) -> None:
    history = starting(profile)
    assert requests(history.found(0, 1, 2)) == ["1001: request 3"]


def test_what_may_be_on_the_disk_is_requested_when_its_check_has_failed() -> None:
    history = starting()
    assert not requests(history.found(0, 1, 2, 3))
    assert not requests(history.checked(right=[0, 1]))
    assert not requests(history.wait(2))
    assert requests(history.checked(wrong=[2])) == ["1001: request 2"]


def test_it_doesnt_serve_before_it_has_proved() -> None:
    history = starting(preferred=2)
    history.got(1003, "interested")
    history.wait(6)  # by then it unchokes
    history.found(0, 1, 2, 3)
    history.checked(right=[1])
    assert history.got(1003, "request", 0) == []
    assert history.got(1003, "request", 1) == ["1003: piece 1"]


def test_a_classic_neighbour_gets_haves_for_what_is_proved() -> None:
    history = starting()
    history.found(0, 1, 2, 3)
    assert without_logs(history.checked(right=[0, 2])) == [
        "1001: have 0",
        "1001: have 2",
        "1003: have 0",
        "1003: have 2",
    ]


def test_a_classic_neighbour_that_comes_later_gets_a_bitfield_of_what_is_proved() -> None:
    history = History(settled=False)
    history.found(0, 1, 2, 3)
    history.checked(right=[0, 3])
    effects = history.connect(1003)
    assert effects[1:] == ["1003: bitfield 0,3"] or set(effects[1:]) == {
        "1003: bitfield",
        "1003: have 0",
        "1003: have 3",
    }


def test_fleet_neighbours_get_one_bitfield_however_many_pieces_were_proved() -> None:
    history = starting(FLEET)
    history.found(0, 1, 2, 3)
    assert history.checked(right=[0]) == history.checked(right=[1, 2]) == []
    told = history.wait(0.6)
    assert told == ["1003: bitfield 0,1,2", "1001: bitfield 0,1,2"], "the seed has them all, and hears how far we are"


@pytest.mark.parametrize("profile", [CLASSIC, FLEET])
def test_a_copy_that_is_complete_stays_and_is_no_download(profile: str) -> None:
    history = starting(profile)
    history.found(0, 1, 2, 3)
    effects = history.checked(right=[0, 1, 2, 3]) + history.settled(complete=True)
    assert not [effect for effect in effects if effect.startswith("log ") or effect == "finish"]
    assert history.core.leaving.finished
    assert "leave 0: " not in effects, "1003 lacks everything"


def test_it_leaves_when_all_have_what_it_has_proved() -> None:
    history = History(ids=(1001, 1002), settled=False)
    history.meet(1001, [0, 1, 2, 3])
    history.found(0, 1, 2, 3)
    assert history.checked(right=[0, 1, 2, 3])[-1] != "leave 0: "
    assert history.settled(complete=True) == ["leave 0: "]


def test_an_incomplete_copy_gets_its_name_when_the_last_piece_came_and_all_are_at_their_place() -> None:
    history = starting()
    history.found(0, 1, 2, 3)
    history.checked(right=[0, 1, 2], wrong=[3])
    assert "finish" not in history.stored(1001, 3), "some are still being copied to their place"
    assert history.settled(complete=False) == ["finish"]
    assert history.finished() == ["log complete"]


def test_the_log_counts_what_an_earlier_start_stored() -> None:
    """Else its numbers would fall at a restart, and the last one could be too low."""
    history = starting()
    history.found(0, 1, 2)
    history.checked(right=[0])
    assert history.stored(1001, 3)[0] == "log piece 3 of 1001 (4)"
    history.checked(wrong=[1])
    history.checked(right=[2])
    assert history.stored(1001, 1)[0] == "log piece 1 of 1001 (4)"


def test_the_log_counts_no_older_copy_before_it_is_proved() -> None:
    history = starting()
    history.tell(Found(ALL))
    history.checked(wrong=[3])
    assert history.stored(1001, 3)[0] == "log piece 3 of 1001 (1)"


def test_the_last_piece_may_come_after_the_check() -> None:
    history = starting()
    history.found(0, 1, 2, 3)
    history.checked(right=[0, 1, 2], wrong=[3])
    assert history.settled(complete=False) == []
    assert history.stored(1001, 3)[0] == "log piece 3 of 1001 (4)"
    assert "finish" in history.finished() or history.core.pieces.complete


@pytest.mark.parametrize("profile", [CLASSIC, FLEET])
def test_a_check_may_take_longer_than_patience(profile: str) -> None:
    history = starting(profile, limits=Limits(patience=5.0))
    history.found(0, 1, 2, 3)
    assert not [effect for effect in history.wait(100) if effect.startswith("leave")]


def test_a_neighbour_that_has_everything_is_shown_that_a_check_goes_forward() -> None:
    """Else it would give up a peer that has found nothing right yet."""
    history = starting(FLEET, limits=Limits(patience=40.0))
    history.found(0, 1, 2, 3)
    history.wait(10)
    history.checked(wrong=[0])
    assert "1001: bitfield" in history.wait(1)


def test_nothing_is_asked_twice_when_the_check_ends() -> None:
    history = History(profile=FLEET, seeds=(), settled=False)
    history.meet(1003, [0, 1, 2, 3], fleet=True)
    effects = history.found(0) + history.checked(wrong=[0]) + history.settled(complete=False) + history.wait(0.2)
    assert len(requests(effects)) == len(set(requests(effects))) > 0


def test_the_reason_for_standing_still_is_the_disk() -> None:
    history = starting()
    history.found(0, 1, 2, 3)
    assert history.core.leaving.reason() == "waiting for the disk, to check what is on it"
