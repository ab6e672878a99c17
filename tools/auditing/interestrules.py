"""The rule about interest: 'interested' and 'not interested' come where they must, as far as both logs tell."""

from __future__ import annotations

from typing import Dict, Iterator, List, NamedTuple, Optional, Set

from tools.auditing.evidence import CONNECTIONS, Evidence, Log
from tools.auditing.loglines import Line
from tools.auditing.piecerules import SLACK
from tools.auditing.rule import Finding, Seen, at, seen

WORDS = ("interested", "not interested")
OWED_SECONDS = 3  # in which a peer that lacks a piece of a neighbour must have told so


class Pair(NamedTuple):
    """Who listens, and whose interest it is; `words`: the lines about it in the listener's log."""

    listener: Log
    speaker: Log
    words: List[Line]


def interest(swarm: Evidence) -> Seen:
    """A neighbour that lacks a piece of a peer's tells it 'interested', else 'not interested', and each change."""
    found: List[Finding] = []
    judged = 0
    for log in swarm.logs.values():
        for other in swarm.others(log.me):
            pair = Pair(log, other, [line for line in log.kind(*WORDS) if line.other == other.me])
            judged += len(pair.words)
            found += list(_untrue(pair)) or list(_first(_silent(pair), _late(pair), _for_ever(pair)))
    return seen(judged, found, "no two logs of neighbours are there")


def _first(*found: Iterator[Finding]) -> Iterator[Finding]:
    """One finding for each pair of peers: the others follow from it."""
    for one in found:
        for finding in one:
            yield finding
            return


def _untrue(pair: Pair) -> Iterator[Finding]:
    """'interested' although the listener has nothing that the speaker lacks."""
    listener, speaker, words = pair
    for line in words:
        if line.kind == "interested" and not _wanting(pair, line):
            yield at(line, f"'not interested': {listener.me} has no piece that {speaker.me} lacks")


def _wanting(pair: Pair, line: Line) -> bool:
    """Whether the listener may have, at a line, a piece that the speaker lacks."""
    listener, speaker, _ = pair
    if speaker.seed:
        return False
    if not listener.sound:
        return True
    told = {have.piece for have in listener.kind("have") if have.other == speaker.me and have.number < line.number}
    return bool(listener.had_at(line.number) - told - _from_the_start(pair))


def _from_the_start(pair: Pair) -> "Set[int | None]":
    """The pieces that the speaker's bitfield held."""
    meetings = pair.speaker.meetings(pair.listener.me)
    return set(pair.speaker.had_at(meetings[0].number)) if meetings and pair.speaker.sound else set()


def _silent(pair: Pair) -> Iterator[Finding]:
    """The speaker wanted something, or was told what there is, and its neighbour knows nothing of it."""
    listener, speaker, words = pair
    told = f"in {listener.file}: Peer {listener.me} received the 'interested' message from {speaker.me}."
    wanted = next(_wanted(pair), None)
    if wanted and not any(line.kind == "interested" for line in words):
        yield at(wanted, told)
    meetings = listener.meetings(speaker.me)
    had = listener.had_at(meetings[0].number) if meetings and listener.sound else ()
    if had and not words and (listener.last or 0) - (meetings[0].seconds or 0) >= OWED_SECONDS:
        yield at(meetings[0], f"then an answer to the bitfield, 'interested' or not, from {speaker.me}")


def _wanted(pair: Pair) -> Iterator[Line]:
    """The lines of the speaker's log that show that it was interested."""
    listener, speaker, _ = pair
    for line in speaker.kind("have", "piece"):
        if line.other != listener.me:
            continue
        piece = line.piece if line.piece is not None else -1
        lacked = piece not in speaker.got or speaker.got[piece].number > line.number
        if line.kind == "piece" or (speaker.sound and not speaker.seed and lacked):
            yield line


def _late(pair: Pair) -> Iterator[Finding]:
    """The speaker knew for long of a piece that it lacked, and until it got that its neighbour knew of no interest.

    Messages keep their order: the interest comes before the 'have' of the piece.
    """
    listener, speaker, _ = pair
    if not speaker.sound or speaker.seed or len(listener.meetings(speaker.me)) != 1:
        return
    known = _known(pair)
    since: Optional[int] = 0  # when interest ended; None: it lasts
    for line in listener.kind(*WORDS, "have"):
        if line.other != speaker.me or line.seconds is None:
            continue
        if line.kind == "have":
            first, got = known.get(line.piece), speaker.got.get(line.piece if line.piece is not None else -1)
            seconds = (got.seconds or 0) - (first.seconds or 0) if first and got else 0
            if seconds > OWED_SECONDS and since is not None and line.seconds - since >= SLACK:
                yield at(line, f"before it, 'interested' from {speaker.me}, which lacked this piece for {seconds} s")
        else:
            since = None if line.kind == "interested" else line.seconds


def _known(pair: Pair) -> "Dict[int | None, Line]":
    """Each piece of the listener -> the line of the speaker's log at which that certainly knew of it."""
    listener, speaker, _ = pair
    from_it = [line for line in speaker.lines if line.other == listener.me and line.kind not in CONNECTIONS]
    found: "Dict[int | None, Line]" = {line.piece: line for line in reversed(from_it) if line.kind == "have"}
    meetings = listener.meetings(speaker.me)
    if from_it and meetings and listener.sound:  # whatever comes, comes after the bitfield
        found.update(dict.fromkeys(listener.had_at(meetings[0].number), from_it[0]))
    return found


def _for_ever(pair: Pair) -> Iterator[Finding]:
    """The speaker has everything, and never said that its interest is over."""
    listener, speaker, words = pair
    last = speaker.last_piece
    if not words or words[-1].kind != "interested" or not speaker.whole or last is None or listener.last is None:
        return
    told = [line for line in listener.kind("have") if line.other == speaker.me and line.piece == last.piece]
    if told and told[0].seconds is not None and listener.last - told[0].seconds >= SLACK:
        yield at(
            words[-1], f"then 'not interested' from {speaker.me}, which has all pieces on {last.file}:{last.number}"
        )
