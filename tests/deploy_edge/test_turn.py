"""A turn on many hosts: whatever a host does in either step, `current` is one release everywhere, or the line says not.

The hosts are played: each answers the two steps as its script says.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from deploy.agent.verbs import Prune, Pruned, Ran, Readied, Ready, Run, Turn, Unready
from deploy.core.inventory import Generate, Host, Inventory, Releases, Swarm, Then
from deploy.core.verdict import UNREACHABLE
from deploy.edge.hosts.errors import HostError, unreachable
from deploy.edge.tasks.turn import turn

OLD, NEW = "r1", "r2"
GONE = unreachable("connection lost", "")
FULL = HostError("No space left on device", "make room")


class Played:
    """A host that fails at some requests: `script` maps a kind of request to its errors, None for an answer."""

    def __init__(self, name: str, script: dict[type, list[HostError | None]]) -> None:
        self.name, self.current, self.is_ready = name, OLD, False
        self.host = Host(name, name, name, releases=Releases("/srv/app", 3))
        self.pruned, self.ran = False, []
        self._script = script

    def ask(self, request: Any, _seconds: float = 0) -> Any:
        errors = self._script.get(type(request), [])
        error = errors.pop(0) if errors else None
        if error is not None:
            raise error
        if isinstance(request, Ready):
            self.is_ready = True
            return Readied(self.current)
        if isinstance(request, Turn):
            self.current = request.name
        if isinstance(request, Run):
            self.ran += [request.command[0]]
            return Ran(3 if self.name == "n2" else 0, "its last words")
        self.is_ready = False
        self.pruned = self.pruned or isinstance(request, Prune)
        return Pruned((), ()) if isinstance(request, Prune) else None


class PlayedChain:
    """What `turn` needs of a chain: requests reach the played hosts, and what is told is kept."""

    run = "r2"

    def __init__(self, hosts: list[Played], then: Then | None = None) -> None:
        self.hosts = {host.name: host for host in hosts}
        self.inventory = Mock(spec=Inventory, swarm=Swarm("t", Generate(1, "f"), then=then))
        self.folder = Path("runs/r2")
        self.screen, self.outcomes = Mock(), []
        self.down: dict[str, Any] = {}

    @contextlib.contextmanager
    def doing(self, _what: str) -> Iterator[None]:
        yield

    timing = doing

    def able(self, names: Any) -> list[str]:
        return [name for name in names if name not in self.down]

    def try_on(self, work: Callable[[Any], Any], names: list[str]) -> tuple[dict[str, Any], dict[str, HostError]]:
        good, bad = {}, {}
        for name in names:
            try:
                good[name] = work(self.hosts[name])
            except HostError as error:
                bad[name] = error
        return good, bad

    def ask(self, work: Callable[[Any], Any], names: Any) -> dict[str, Any]:
        good, bad = self.try_on(work, self.able(names))
        self.fail([error.outcome(name) for name, error in bad.items()])
        return good

    def fail(self, outcomes: Any) -> None:
        self.outcomes += outcomes
        self.down.update({one.host: one for one in outcomes if one.state == UNREACHABLE})

    def record(self, *_: Any, **__: Any) -> None:
        pass

    @property
    def errors(self) -> str:
        return "\n".join(line for call in self.screen.errors.call_args_list for line in call.args[0])


CASES = [
    # what befalls n2, whether --partial was said, the current releases afterwards, and what must be told
    ({}, False, [NEW, NEW, NEW], ""),
    ({Ready: [FULL]}, False, [OLD, OLD, OLD], "stays as it was on every host: not ready on n2"),
    ({Ready: [GONE]}, False, [OLD, OLD, OLD], "stays as it was on every host: not ready on n2"),
    ({Ready: [FULL]}, True, [NEW, OLD, NEW], ""),
    ({Turn: [GONE]}, False, [NEW, NEW, NEW], ""),  # a second try reaches it
    ({Turn: [GONE, GONE]}, False, [NEW, OLD, NEW], "is r2 on n[1,3], and may be the one before on n2; `fab activate"),
    ({Turn: [FULL, FULL]}, False, [NEW, OLD, NEW], "`fab rollback` goes back everywhere"),
]


@pytest.mark.parametrize(("befalls", "partial", "current", "told"), CASES)
def test_current_is_one_release_everywhere_or_the_line_says_where_not(
    befalls: dict[type, list[HostError | None]], partial: bool, current: list[str], told: str
) -> None:
    script = {kind: list(errors) for kind, errors in befalls.items()}
    hosts = [Played("n1", {}), Played("n2", script), Played("n3", {})]
    chain = PlayedChain(hosts)
    turn(chain, [host.name for host in hosts], NEW, partial)  # type: ignore[arg-type]
    assert [host.current for host in hosts] == current
    assert told in chain.errors and bool(told) == bool(chain.errors)
    assert bool(chain.outcomes) == (current != [NEW] * 3)
    assert all(host.pruned for host in hosts) == (current == [NEW] * 3)
    assert not hosts[0].is_ready and not hosts[2].is_ready


def test_a_host_that_cant_even_forget_its_first_step_changes_nothing() -> None:
    hosts = [Played("n1", {Unready: [GONE]}), Played("n2", {Ready: [FULL]})]
    turn(PlayedChain(hosts), ["n1", "n2"], NEW, False)  # type: ignore[arg-type]
    assert [host.current for host in hosts] == [OLD, OLD]


def test_a_command_that_fails_stops_the_batches_that_follow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    hosts = [Played(f"n{number}", {}) for number in range(1, 5)]
    chain = PlayedChain(hosts, Then((("one",), ("two",)), 2, 5.0))
    turn(chain, [host.name for host in hosts], NEW, False)  # type: ignore[arg-type]
    assert [host.current for host in hosts] == [NEW] * 4
    assert [host.ran for host in hosts] == [["one", "two"], ["one"], [], []]
    assert not any(host.pruned for host in hosts)
    assert "nothing was run on n[3-4]" in chain.errors and "`fab rollback` goes back" in chain.errors
    assert "`one` ended with 3: its last words" in chain.outcomes[0].problem
    assert (tmp_path / "runs/r2/n2/then.txt").read_text() == "$ one\nits last words\nexit code 3\n"
