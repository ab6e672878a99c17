"""Hundreds of seeded swarms: all equal or an honest failure, every rule kept, and the same seed gives the same run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from typing import Any, Callable, List

import pytest

from peer.core import asking
from peer.core.announcing import Announcer
from peer.core.errors import EXIT_INCOMPLETE, EXIT_OK
from peer.core.events import Effect, Leave
from peer.core.fetcher import Fetcher
from peer.core.leaving import Leaving
from peer.core.neighbour import Neighbour
from peer.core.pieces import Pieces
from peer.core.swarm import Swarm
from peer.core.swarmfile import CLASSIC, FLEET
from tests.sim.scenario import KINDS, PIECE, Outcome, draw, faults_of, run

SEEDS = range(120)
REPEATED = range(0, 120, 8)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", KINDS)
def test_all_are_equal_or_have_failed_honestly(kind: str, seed: int) -> None:
    assert faults_of(run(kind, seed)) == []


@pytest.mark.parametrize("seed", REPEATED)
@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_run(kind: str, seed: int) -> None:
    assert run(kind, seed).digest == run(kind, seed).digest


def test_another_process_with_other_hashes_gives_the_same_runs() -> None:
    program = "from tests.sim.scenario import *; print([run(kind, seed).digest for kind in KINDS for seed in (3, 7)])"
    answers = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": hashes, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            check=True,
            text=True,
            timeout=100,
        ).stdout
        for hashes in ("1", "2")
    ]
    assert answers[0] == answers[1]
    assert answers[0].strip() == str([run(kind, seed).digest for kind in KINDS for seed in (3, 7)])


def test_the_seeds_cover_what_can_happen() -> None:
    """Or the tests above would promise more than they look at."""
    seen: "Counter[str]" = Counter()
    for kind in KINDS:
        for seed in SEEDS:
            scenario = draw(kind, seed)
            seen.update(_marks(scenario))
    assert {mark: count for mark, count in seen.items() if count < 10} == {}
    assert len(seen) == 13


def _marks(scenario: Any) -> List[str]:
    fates = scenario.fates
    marks = {
        "cut": bool(scenario.cuts),
        "killed and back": any(fate.back for fate in fates),
        "killed for good": any(fate.killed and not fate.back for fate in fates),
        "frozen and thawed": any(fate.thawed for fate in fates),
        "frozen for good": any(fate.frozen and not fate.thawed for fate in fates),
        "a bad sender": any(fate.sent_bad for fate in fates),
        "a seed gone": any(fates[seed].gone for seed in scenario.seeds),
        "a late starter": any(fate.start > 1 for fate in fates),
        "several seeds": len(scenario.seeds) > 1,
        "empty payload": scenario.size == 0,
        "exact multiple": scenario.size > 0 and scenario.size % PIECE == 0,
        "sparse graph": scenario.degree < len(fates) - 1,
        "in good health": scenario.jitter == 0 and not scenario.cuts and not any(any(fate[1:]) for fate in fates),
    }
    return [mark for mark, there in marks.items() if there]


def test_some_fail_and_say_so_and_most_do_not() -> None:
    codes: "Counter[int]" = Counter()
    for kind in KINDS:
        for seed in SEEDS[::3]:
            codes.update(peer.left.code for peer in run(kind, seed).peers if peer.left)
    assert codes[EXIT_INCOMPLETE] >= 5
    assert codes[0] > 10 * codes[EXIT_INCOMPLETE]


# ---- the tests above can fail: cores with one fault each are found out


def _answer(value: Any) -> Callable[..., Any]:
    return lambda *_: value


def _introduce_late(self: Swarm, neighbour: Neighbour) -> List[Effect]:
    return _USUAL_INTRODUCTION(self, neighbour)[::-1]


def _leave_when_complete(self: Swarm, _: float) -> List[Effect]:
    return [Leave(EXIT_OK, "")] if self.leaving.finished else []


_USUAL_INTRODUCTION = Swarm._introduce

FAULTS = {
    "it forgets released requests": (CLASSIC, Pieces, "release", _answer(None)),
    "it asks for two pieces at once": (CLASSIC, asking, "CLASSIC_WINDOW", 2),
    "it never gives up on the silent": ("mixed", asking, "SILENCE", 1e9),
    "it introduces itself late": (FLEET, Swarm, "_introduce", _introduce_late),
    "it leaves a classic swarm when complete": (CLASSIC, Swarm, "_leave_if_over", _leave_when_complete),
    "it leaves a fleet when complete": (FLEET, Swarm, "_leave_if_over", _leave_when_complete),
    "it never gives up": (CLASSIC, Leaving, "give_up", _answer([])),
    "it tells nobody what it has": (FLEET, Announcer, "announce", _answer([])),
    "it doesn't count": (FLEET, Pieces, "store", _answer(None)),
    "it asks for anything": (CLASSIC, Fetcher, "_choose", _answer(0)),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_core_with_a_fault_is_found_out(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, owner, name, wrong = FAULTS[fault]
    monkeypatch.setattr(owner, name, wrong)
    assert any(faults_of(_run_or_crash(kind, seed)) for seed in SEEDS)


def _run_or_crash(kind: str, seed: int) -> Outcome:
    """A run; a core that crashes has one fault more."""
    try:
        return run(kind, seed)
    except Exception as error:
        return Outcome(draw(kind, seed), [], True, "", [f"crashed: {error!r}"])
