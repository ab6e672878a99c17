"""A start of peers on hosts that answer from a table: what it tells, in which order, and what it stops again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, cast

import pytest

from deploy.agent.verbs import Started
from deploy.core.inventory import Peer, parse_inventory
from deploy.core.plan import facts_of
from deploy.core.starting import Listening, Note, StartEvent, Wrong, waves
from deploy.core.verdict import FAILED, SKIPPED, UNREACHABLE
from deploy.edge.hosts.errors import HostError, unreachable
from deploy.edge.hosts.fleet import Fleet
from deploy.edge.tasks.chain import Halt
from deploy.edge.tasks.phase import describe
from deploy.edge.tasks.start import START, Starter

T = TypeVar("T")
INVENTORY = parse_inventory(
    "swarm: {name: s, payload: {generate: 1MiB}}\nhosts: {a: {address: h1}, b: {address: h2}, c: {address: h3}}\n"
    "seeds: [a]\n"
)
EIGHT = parse_inventory(
    "swarm: {name: s, payload: {generate: 1MiB}}\nhosts: {a: {address: h}}\n"
    "peers: [{host: a, id: 1001, seed: true}, "
    + ", ".join(f"{{host: a, id: {peer}}}" for peer in range(1002, 1009))
    + "]\n"
)
LISTENS = Started(1001, True)
ENDED = Started(1002, False, code=2, reason="peer 1002: port 6008: address already in use")
SILENT = Started(1002, False)
ABSENT = (1009,)
OTHERS = "peer 1002 couldn't be started"


class Hosts:
    """Stands for the fleet. `answers`: what a host answers to a verb, or the error that it raises."""

    def __init__(self, answers: Mapping[tuple[str, str], Any]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, str]] = []
        self.failing = 0  # a peer that never listens
        self.absent: set[int] = set()  # peers that the others were told not to wait for

    def link(self, name: str) -> HostLink:
        return HostLink(self, name)

    def each(
        self, names: Iterable[str], work: Callable[[Any], T], seconds: float = 0
    ) -> tuple[dict[str, T], dict[str, HostError]]:
        good, bad = {}, {}
        for name in names:
            try:
                good[name] = work(self.link(name))
            except HostError as error:
                bad[name] = error
        return good, bad


class HostLink:
    """One host."""

    def __init__(self, hosts: Hosts, name: str) -> None:
        self.name = name
        self._hosts = hosts

    def ask(self, request: Any, *_: Any) -> Any:
        verb = type(request).__name__.lower()
        self._hosts.asked.append((verb, self.name))
        self._hosts.absent.update(getattr(request, "absent", ()))
        if verb == "start" and request.peer == self._hosts.failing:
            return ENDED
        answer = self._hosts.answers.get((self.name, verb), LISTENS if verb == "start" else None)
        if isinstance(answer, HostError):
            raise answer
        return answer


def told(event: StartEvent) -> str:
    """An event in a few words."""
    if isinstance(event, Wrong):
        return "; ".join(f"{one.state} {one.peer or one.host}: {one.problem}" for one in event.outcomes)
    return event.text if isinstance(event, Note) else str(event)


def run(hosts: Hosts, keep_going: bool = False, cancel_at: int = 0) -> tuple[list[str], BaseException | None]:
    """Start all peers, and cancel it when that peer listens; what was told, and the error that ended it."""
    lines: list[str] = []

    def tell(event: StartEvent) -> None:
        lines.append(told(event))
        starter.cancelled = isinstance(event, Listening) and event.peer.peer_id == cancel_at

    steps = describe(START, INVENTORY, facts_of(INVENTORY))
    starter = Starter(cast(Fleet, hosts), INVENTORY, steps, keep_going, tell, ABSENT)
    try:
        starter.run()
    except (Halt, KeyboardInterrupt) as error:
        return lines, error
    return lines, None


A, B, C = (f"peer {peer} on {host} listens on port 6008" for peer, host in ((1001, "a"), (1002, "b"), (1003, "c")))


def test_in_order_once_all_are_loaded() -> None:
    hosts = Hosts({})
    assert run(hosts) == ([A, B, C, "started 3 of 3 peers"], None)
    assert hosts.asked == [("warm", name) for name in "abc"] + [("start", name) for name in "abc"]
    assert hosts.absent == set(ABSENT)


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (ENDED, f"{FAILED} 1002: it ended with exit code 2: port 6008: address already in use"),
        (SILENT, f"{FAILED} 1002: it didn't listen within 30 s"),
        (HostError("its disk is full"), f"{FAILED} 1002: its disk is full"),
    ],
)
def test_the_first_that_fails_ends_it(answer: Any, problem: str) -> None:
    hosts = Hosts({("b", "start"): answer})
    lines, error = run(hosts)
    skipped = f"{SKIPPED} 1001: {OTHERS}; {SKIPPED} 1003: {OTHERS}"
    assert lines == [A, problem, "stopping what was started", skipped]
    assert isinstance(error, Halt) and "--keep-going" in str(error)
    assert sorted(hosts.asked[-2:]) == [("stop", "a"), ("stop", "b")]
    assert ("start", "c") not in hosts.asked


def test_one_that_fails_ends_its_wave_too() -> None:
    """Its fellows are listening by then, and are stopped with the others."""
    lines: list[str] = []
    steps = describe(START, EIGHT, facts_of(EIGHT))
    hosts = Hosts({})
    hosts.failing = 1005
    with pytest.raises(Halt, match="peer 1005 couldn't be started"):
        Starter(cast(Fleet, hosts), EIGHT, steps, False, lambda event: lines.append(told(event))).run()
    assert "peer 1006 on a listens on port 6013" in lines and not [line for line in lines if "1007 on a" in line]
    assert lines[-2] == "stopping what was started"


@pytest.mark.parametrize(
    ("count", "sizes"), [(0, []), (1, [1]), (7, [1, 1, 1, 1, 2, 1]), (200, [1, 1, 1, 1, 2, 4, 8, 16, 32, 64, 64, 6])]
)
def test_waves_keep_the_order_and_double(count: int, sizes: list[int]) -> None:
    peers = [Peer(peer, "a", 6008, False) for peer in range(count)]
    found = list(waves(peers))
    assert [peer for wave in found for peer in wave] == peers
    assert [len(wave) for wave in found] == sizes


def start_eight(hosts: Hosts) -> list[str]:
    """Start eight peers of one host; what was told."""
    lines: list[str] = []
    steps = describe(START, EIGHT, facts_of(EIGHT))
    Starter(cast(Fleet, hosts), EIGHT, steps, True, lambda event: lines.append(told(event))).run()
    return lines


def test_several_peers_of_a_host_are_started_in_order() -> None:
    assert [line.split()[1] for line in start_eight(Hosts({}))[:-1]] == [str(1001 + place) for place in range(8)]


def test_a_host_that_is_lost_is_asked_once_a_wave() -> None:
    lost = Hosts({("a", "start"): unreachable("no answer")})
    with pytest.raises(Halt):
        start_eight(lost)
    assert lost.asked.count(("start", "a")) == 6


def test_keep_going() -> None:
    lines, error = run(Hosts({("b", "start"): ENDED}), keep_going=True)
    assert lines[0] == A and lines[2:] == [C, "started 2 of 3 peers"] and error is None


def test_a_host_that_cannot_be_reached_is_left_out() -> None:
    hosts = Hosts({("b", "warm"): unreachable("connection refused")})
    assert run(hosts) == ([f"{UNREACHABLE} b: connection refused", A, C, "started 2 of 3 peers"], None)
    assert ("start", "b") not in hosts.asked


def test_no_peer_at_all() -> None:
    hosts = Hosts({(name, "warm"): unreachable("connection refused") for name in "abc"})
    lines, error = run(hosts)
    assert lines[-1] == "started 0 of 3 peers"
    assert isinstance(error, Halt) and str(error) == "no peer could be started"


def test_one_that_runs_already() -> None:
    lines, _ = run(Hosts({("a", "start"): LISTENS._replace(already=True)}))
    assert lines[0] == "peer 1001 on a runs already"


def test_cancelled_it_stops_what_it_started() -> None:
    hosts = Hosts({})
    lines, error = run(hosts, cancel_at=1001)
    assert lines == [A, "stopping what was started"]
    assert isinstance(error, KeyboardInterrupt)
    assert hosts.asked[-1] == ("stop", "a")
