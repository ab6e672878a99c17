"""Says what was wrong with a round: pure rules over what is known of each peer at its end."""

from __future__ import annotations

from typing import List, NamedTuple, Optional, Sequence

from peer.core.errors import EXIT_INCOMPLETE, EXIT_OK
from rigs.soaking.faults import DIE, LOST, ORPHAN, ROT
from rigs.soaking.roundplan import Round, peer_id

UNCAUGHT = ("Traceback", "internal error")


class Found(NamedTuple):
    """One peer at the end. `code`: of its last life, None if that had to be ended by us; `problem`: of its payload.

    `gone`: the round killed it for good; `left`: what it left beside the payload; `words`: all that it said.
    """

    place: int
    code: Optional[int]
    gone: bool
    named: bool  # something is under the final name
    problem: str
    left: Sequence[str]
    words: str


def judge(swarm: Round, found: Sequence[Found], obtainable: bool, stalls: Sequence[str]) -> List[str]:
    """Everything that shouldn't be; `obtainable`: each piece is on the disk of a peer that the others could reach."""
    wrong = list(stalls)
    for one in found:
        wrong += [f"peer {peer_id(one.place)}: {what}" for what in _wrong(swarm, one, obtainable)]
    return wrong


def _wrong(swarm: Round, one: Found, obtainable: bool) -> List[str]:
    wrong = [f"it said: {line}" for line in one.words.splitlines() if any(word in line for word in UNCAUGHT)][:1]
    if one.gone:
        return wrong
    if one.code is None:
        return [*wrong, f"it had not ended by the deadline; it said: {_last(one.words)}"]
    if one.place in {fault.place for fault in swarm.of(ROT)}:
        return wrong + ([] if one.code == EXIT_OK else [f"a rotten seed, exit code {one.code}: {_last(one.words)}"])
    if one.code == EXIT_OK:
        return wrong + _wrong_with_a_copy(one)
    if one.code == EXIT_INCOMPLETE and _may_lack(swarm, one.place, obtainable):
        return wrong + _wrong_without(one)
    return [*wrong, f"exit code {one.code}: {_last(one.words)}"]


def _wrong_with_a_copy(one: Found) -> List[str]:
    wrong = [f"exit code 0, and yet {one.problem}"] if one.problem else []
    return wrong + ([f"it left {', '.join(one.left)}"] if one.left else [])


def _may_lack(swarm: Round, place: int, obtainable: bool) -> bool:
    """Who is cut off for good, or where pieces are gone with the seed."""
    return any(fault.place == place for fault in swarm.of(LOST)) or (bool(swarm.of(ORPHAN)) and not obtainable)


def _wrong_without(one: Found) -> List[str]:
    wrong = ["exit code 3, and yet something is under the final name"] if one.named else []
    honest = ": incomplete: " in _last(one.words)
    return wrong + ([] if honest else [f"exit code 3 without a word of what is missing: {_last(one.words)}"])


def _last(words: str) -> str:
    return (words.strip().splitlines() or ["nothing"])[-1]


def dead_for_good(swarm: Round) -> List[int]:
    """The places of seeds that the round kills and never starts again."""
    return [fault.place for fault in swarm.of(DIE, ORPHAN)]
