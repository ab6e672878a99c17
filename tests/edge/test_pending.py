"""Room for those who haven't said who they are: shared by address, and few words about those who are refused."""

from __future__ import annotations

import socket
import threading
import time
from typing import Iterator, List

import pytest

from peer.edge import pending
from peer.edge.pending import PendingConnection, PendingConnections
from tests.helpers.sockets import has_ended
from tests.helpers.waiting import DEADLINE, wait_for


class Crowd:
    """Strangers with sockets of their own, by the addresses that the test gives them."""

    def __init__(self) -> None:
        self.room = PendingConnections(1001)
        self._sockets: List[socket.socket] = []

    def come(self, address: str, most: int = 4) -> "tuple[PendingConnection, socket.socket]":
        near, far = socket.socketpair()
        self._sockets += [near, far]
        one = PendingConnection(near, address)
        self.room.admit(one, most)
        return one, far

    def close(self) -> None:
        for sock in self._sockets:
            sock.close()


@pytest.fixture
def crowd() -> Iterator[Crowd]:
    made = Crowd()
    yield made
    made.close()


def still_here(callers: "List[tuple[PendingConnection, socket.socket]]") -> List[str]:
    for one, far in callers:
        assert has_ended(far) == bool(one.shut)
    return [one.address for one, _ in callers if not one.shut]


def test_within_one_address_the_longest_here_goes_first(crowd: Crowd) -> None:
    callers = [crowd.come("10.0.0.1") for _ in range(6)]
    assert [bool(one.shut) for one, _ in callers] == [True, True, False, False, False, False]


def test_a_crowd_from_one_address_shuts_nobody_from_another(crowd: Crowd) -> None:
    lonely = crowd.come("10.0.0.2")
    callers = [lonely, *(crowd.come("10.0.0.1") for _ in range(20)), crowd.come("10.0.0.3")]
    assert still_here(callers) == ["10.0.0.2", "10.0.0.1", "10.0.0.1", "10.0.0.3"]


def test_many_addresses_share_the_room(crowd: Crowd) -> None:
    callers = [crowd.come(f"10.0.0.{number}") for number in range(9)]
    assert still_here(callers) == [f"10.0.0.{number}" for number in range(5, 9)]


@pytest.mark.parametrize(
    "one, other, same",
    [
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.2", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("::1", "127.0.0.1", False),
    ],
)
def test_what_counts_as_one_address(crowd: Crowd, one: str, other: str, same: bool) -> None:
    assert (crowd.come(one)[0].prefix == crowd.come(other)[0].prefix) == same


def test_who_was_shut_can_be_no_neighbour_any_more(crowd: Crowd) -> None:
    (first, _), (second, far) = crowd.come("10.0.0.1", most=1), crowd.come("10.0.0.1", most=1)
    assert not crowd.room.release(first), "it said its name too late"
    assert crowd.room.release(second)
    crowd.room.shut_late(0.0)
    assert not has_ended(far), "a neighbour is shut by nobody here"


def test_who_takes_too_long_is_shut(crowd: Crowd) -> None:
    caller = crowd.come("10.0.0.1")
    crowd.room.shut_late(3600.0)
    assert still_here([caller]) == ["10.0.0.1"]
    crowd.room.shut_late(0.0)
    assert still_here([caller]) == []


# ---- turns


def test_a_peer_is_met_at_once_and_then_after_a_pause(crowd: Crowd) -> None:
    (first, _), (second, _), (other, _) = (crowd.come("10.0.0.1") for _ in range(3))
    begin = time.monotonic()
    crowd.room.take_turn(first, 1002, 3600.0)
    crowd.room.take_turn(other, 1003, 3600.0)
    assert crowd.room.release(first) and crowd.room.release(other), "nobody waits for another's turn"
    crowd.room.take_turn(second, 1002, 0.2)
    assert time.monotonic() - begin >= 0.2
    assert crowd.room.release(second)


def test_of_many_in_one_name_the_newest_waits_and_the_others_go(crowd: Crowd) -> None:
    crowd.room.take_turn(crowd.come("10.0.0.1", most=9)[0], 1002, 3600.0)
    callers = [crowd.come("10.0.0.1", most=9) for _ in range(4)]
    waiting = [threading.Thread(target=crowd.room.take_turn, args=(one, 1002, 3600.0)) for one, _ in callers]
    for place, thread in enumerate(waiting):
        thread.start()
        wait_for(lambda: crowd.room._waiting.get(1002) is callers[place][0], "it to wait")  # noqa: B023
    for thread in waiting[:-1]:
        thread.join(DEADLINE)
        assert not thread.is_alive()
    assert [one.shut for one, _ in callers] == ["came again too soon"] * 3 + [""]
    assert waiting[-1].is_alive()
    crowd.room.shut_late(0.0)
    waiting[-1].join(DEADLINE)
    assert not waiting[-1].is_alive(), "it waits no longer than it is here"


def test_one_that_dials_twice_is_no_news_and_a_flood_is(crowd: Crowd, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(pending.FEW_AGAIN + 1):
        crowd.room.take_turn(crowd.come("10.0.0.1", most=99)[0], 1002, 0.0)
        crowd.room._waiting[1002] = crowd.come("10.0.0.1", most=99)[0]
    crowd.room.tell(at_last=True)
    assert capsys.readouterr().err == ""
    crowd.room.take_turn(crowd.come("10.0.0.1", most=99)[0], 1002, 0.0)
    crowd.room.tell(at_last=True)
    assert "refused 11 callers (11 came again too soon)" in capsys.readouterr().err


# ---- what is told


def test_a_thousand_refusals_are_one_line(
    crowd: Crowd, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pending, "SOON", 0.0)
    for number in range(1000):
        one, _ = crowd.come(f"10.0.0.{number % 200}", most=2000)
        crowd.room.refuse(one, "said something else", "its handshake is odd")
        crowd.room.tell()
    assert capsys.readouterr().err == (
        "peer 1001: refused 1 callers (1 said something else); the last was 10.0.0.0: its handshake is odd\n"
    )
    crowd.come("10.0.0.9", most=0)
    crowd.room.tell(at_last=True)
    assert capsys.readouterr().err == (
        "peer 1001: refused 1000 callers (1 made room for others, 999 said something else); "
        "the last was 10.0.0.9: made room for others\n"
    )
    crowd.room.tell(at_last=True)
    assert capsys.readouterr().err == "", "nothing new"


def test_who_was_shut_isnt_refused_a_second_time(crowd: Crowd, capsys: pytest.CaptureFixture[str]) -> None:
    one, _ = crowd.come("10.0.0.1", most=0)
    crowd.room.refuse(one, "said something else", "half a handshake")
    crowd.room.tell(at_last=True)
    assert "refused 1 callers (1 made room for others)" in capsys.readouterr().err
