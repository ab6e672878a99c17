"""Work on many hosts: results by name, failures as values, nobody waits for a hung one."""

from __future__ import annotations

import threading

import pytest

from deploy.edge.hosts.errors import HostError
from deploy.edge.hosts.fanout import fan_out


def nothing(name: str) -> None:
    """Nobody to hang up on."""


def test_results_come_in_the_order_of_names() -> None:
    assert list(fan_out(["b", "a", "c"], str.upper, 30, nothing).items()) == [("b", "B"), ("a", "A"), ("c", "C")]


def test_a_failure_is_a_value() -> None:
    def work(name: str) -> str:
        if name == "bad":
            raise HostError("disk full", "make room")
        if name == "worse":
            raise ConnectionResetError(104, "Connection reset by peer")
        if name == "here":
            raise OSError(28, "No space left on device", "runs/r1/a")
        return name

    results = fan_out(["good", "bad", "worse", "here"], work, 30, nothing)
    assert results["good"] == "good"
    assert str(results["bad"]) == "disk full: make room"
    assert str(results["worse"]) == "connection reset by peer"
    assert str(results["here"]).startswith("on this machine: no space left on device: runs/r1/a: make room there")


def test_a_hung_host_is_given_up_and_the_others_are_not_harmed() -> None:
    woken = threading.Event()

    def work(name: str) -> str:
        if name == "hung":
            woken.wait(60)
        return name

    results = fan_out(["hung", "good"], work, 0.2, lambda _: woken.set())
    assert results["good"] == "good"
    assert "no progress for" in str(results["hung"])
    assert woken.is_set()


def test_a_host_may_take_any_time_while_it_goes_forward() -> None:
    """It takes several times the silence that is allowed, and is never quiet; then it is."""
    looks = 0
    woken = threading.Event()

    def look(_: list[str]) -> None:
        nonlocal looks
        looks += 1
        if looks == 4:
            woken.set()

    def work(name: str) -> str:
        woken.wait(60)
        return name

    assert fan_out(["slow"], work, 0.1, nothing, lambda _: 0.0, look=look) == {"slow": "slow"}
    woken.clear()
    stuck = fan_out(["slow"], work, 0.1, lambda _: woken.set(), lambda _: 1.0)
    assert "no progress for" in str(stuck["slow"])


def test_more_hosts_than_threads() -> None:
    names = [str(number) for number in range(100)]
    assert fan_out(names, int, 30, nothing, width=3) == {name: int(name) for name in names}


def test_no_hosts() -> None:
    assert fan_out([], str, 30, nothing) == {}


def test_a_fault_of_ours_is_not_hidden_as_a_hosts() -> None:
    def work(_: str) -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fan_out(["a"], work, 30, nothing)
