"""Each small damage to a sound log is told by exactly one rule, with the line; each misbehaviour by its rule."""

from __future__ import annotations

from functools import lru_cache
from random import Random
from typing import Callable, Dict, FrozenSet, List, Optional, Sequence, Tuple, Type

import pytest

from peer.core import eventlog
from peer.core.choker import ClassicChoker
from peer.core.eventlog import Entry
from peer.core.neighbour import Neighbour
from peer.core.swarm import Swarm
from tests.audit.damages import DAMAGES, Damaged, Logs
from tests.audit.simulated import PIECE, Made, Wish, broken, swarm
from tools.auditing.judging import RULES
from tools.auditing.rule import BROKEN

WISHES = (
    Wish(peers=5, seeds=1, pieces=130, preferred=2, unchoking=5, optimistic=10, rate=PIECE * 10.0),
    Wish(peers=6, seeds=2, pieces=130, preferred=2, unchoking=5, optimistic=10, rate=PIECE * 5.0),
    Wish(peers=7, seeds=1, pieces=200, preferred=1, unchoking=5, optimistic=5, rate=PIECE * 5.0),
    Wish(peers=5, seeds=1, pieces=40, preferred=3, unchoking=5, optimistic=5, rate=PIECE * 5.0),
)


@lru_cache(maxsize=None)
def sound(place: int) -> Made:
    return swarm(WISHES[place], place)


def damaged(name: str) -> Tuple[Made, Damaged]:
    """The first of the sound swarms that can be damaged so."""
    for place in range(len(WISHES)):
        made = sound(place)
        found = DAMAGES[name][1](Logs(made, Random(f"{name} {place}")))
        if found:
            return made, found
    raise AssertionError(f"no swarm can be damaged so: {name}")


@pytest.mark.parametrize("place", range(len(WISHES)))
def test_the_swarms_are_sound_before(place: int) -> None:
    assert broken(sound(place).audited()) == []


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damage_is_told_by_its_rule_alone_with_the_line(name: str) -> None:
    made, (texts, spot) = damaged(name)
    results = made.audited(texts)
    wrong = {one.rule.name: one.findings for one in results if one.state == BROKEN}
    assert list(wrong) == [DAMAGES[name][0]], broken(results)
    found = wrong[DAMAGES[name][0]]
    assert spot in [(one.file, one.line) for one in found], (spot, found[:5])


def test_a_connection_to_a_peer_that_just_ends_may_be_in_one_log_alone() -> None:
    """Both logs show that the peers met again; one has a third connection."""
    made = sound(0)
    logs = Logs(made, Random(1))
    for peer, kind, times in ((1002, "dialled", 2), (1001, "accepted", 1)):
        line = next(one for one in logs.parsed[peer] if one.kind == kind and one.other in (1001, 1002))
        for _ in range(times):
            logs.inserted(peer, line.number, Entry(kind, peer, line.other))
    assert broken(made.audited(logs.texts)) == []


def test_there_are_enough_kinds_for_all_rules_that_logs_can_break() -> None:
    rules = {rule for rule, _ in DAMAGES.values()}
    assert len(DAMAGES) >= 60
    # The other rules are broken by whole behaviours, or by files: see below, and test_audit.
    assert {rule.name for rule in RULES} - rules == {"configuration", "preferred rate", "random", "files"}


# ---- misbehaviour: one peer decides otherwise, and all logs are those of the swarm that comes of it


def _lowest(candidates: int, *_: object) -> Optional[int]:
    return (candidates & -candidates).bit_length() - 1 if candidates else None


def _highest(candidates: int, *_: object) -> Optional[int]:
    return candidates.bit_length() - 1 if candidates else None


def _from_the_middle(candidates: int, *_: object) -> Optional[int]:
    above = candidates >> 150 << 150
    return _lowest(above or candidates)


class _WorstFirst(ClassicChoker):
    def _pick_preferred(self, neighbours: Sequence[Neighbour], complete: bool) -> FrozenSet[int]:
        for neighbour in neighbours:
            neighbour.interval_bytes = -neighbour.interval_bytes
        return super()._pick_preferred(neighbours, complete)


class _OneMore(ClassicChoker):
    def __init__(self, preferred: int, *others: object) -> None:
        super().__init__(preferred + 1, *others)  # type: ignore[arg-type]


class _Hasty(ClassicChoker):
    def __init__(self, preferred: int, unchoking: float, optimistic: float, rng: Random) -> None:
        super().__init__(preferred, unchoking / 5, optimistic, rng)


class _HastyFavourites(ClassicChoker):
    def __init__(self, preferred: int, unchoking: float, optimistic: float, rng: Random) -> None:
        super().__init__(preferred, unchoking, optimistic / 5, rng)


class _Repeats(ClassicChoker):
    fresh = False

    def _pick_preferred(self, neighbours: Sequence[Neighbour], complete: bool) -> FrozenSet[int]:
        self.fresh = True
        return super()._pick_preferred(neighbours, complete)

    def entries(self, me: int) -> List[Entry]:
        others = eventlog.format_others(sorted(self.preferred)) if self.fresh else ""
        self.fresh = False
        optimistic = [entry for entry in super().entries(me) if entry.kind == "optimistic"]
        return ([Entry("preferred", me, others=others)] if others else []) + optimistic


class _Secretive(ClassicChoker):
    def entries(self, me: int) -> List[Entry]:
        return [entry for entry in super().entries(me) if entry.kind == "preferred"]


def _picks(pick: Callable[..., Optional[int]]) -> Callable[[Swarm], None]:
    def change(core: Swarm) -> None:
        core._fetcher._pick = pick  # type: ignore[method-assign]

    return change


def _chooses(kind: Type[ClassicChoker]) -> Callable[[Swarm], None]:
    def change(core: Swarm) -> None:
        core.choker = kind(*core.setup.common[:3], Random(5))

    return change


MISBEHAVIOURS: Dict[str, Tuple[str, Callable[[Swarm], None]]] = {
    "pieces in order": ("random", _picks(_lowest)),
    "pieces in reverse order": ("random", _picks(_highest)),
    "pieces in order from the middle": ("random", _picks(_from_the_middle)),
    "prefers those that give least": ("preferred rate", _chooses(_WorstFirst)),
    "one preferred neighbour more": ("preferred number", _chooses(_OneMore)),
    "chooses five times as often": ("preferred interval", _chooses(_Hasty)),
    "changes the optimistic neighbour too often": ("optimistic interval", _chooses(_HastyFavourites)),
    "tells the preferred neighbours every time": ("preferred change", _chooses(_Repeats)),
    "doesn't tell the optimistic neighbour": ("unchokes", _chooses(_Secretive)),
}


@pytest.mark.parametrize("name", MISBEHAVIOURS)
def test_a_misbehaviour_is_told_by_its_rule_alone(name: str) -> None:
    rule, change = MISBEHAVIOURS[name]
    wish, bad = WISHES[0]._replace(pieces=306), 1003
    if rule == "unchokes":
        wish = wish._replace(unchoking=15, optimistic=15)  # longer than a message may take
    results = swarm(wish, 1, {bad: change}).audited()
    assert [one.rule.name for one in results if one.state == BROKEN] == [rule], broken(results)
    found = next(one.findings for one in results if one.rule.name == rule)
    assert all(str(bad) in one.file or str(bad) in one.found for one in found)
