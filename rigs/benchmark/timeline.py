"""Where a seed's link stood still, and why: its bytes over time, laid beside what the peers noted meanwhile.

The time from the first receiver's start to the last copy falls into three parts: before the first request reached the
seed, the seed's link at work and idle, and after its last byte. Pure: samples and notes in, lines out.
"""

from __future__ import annotations

from collections import Counter
from typing import Iterable, List, Mapping, NamedTuple, Sequence, Set, Tuple

from rigs.benchmark.linkwatch import Sample
from rigs.benchmark.tracedpeer import ASK, ASKED, FINISHED, MET, SENDING, SENT, STORED, Note

WIRE = 0.956  # of a link's nominal rate: what is left for bulk data (netlab/shape.py)
IDLE = 0.5  # of the link's rate: a stretch with less counts as idle
FASTEST = 10  # samples that an unshaped link's rate is taken from: the fastest so many in a row
SHORTEST = 0.02  # seconds of a stretch that is told
Notes = Mapping[int, Sequence[Note]]  # by peer


class Stretch(NamedTuple):
    """The link idled from `begin` to `end` (seconds after the first receiver's start). `lost`: seconds of its rate."""

    begin: float
    end: float
    lost: float
    cause: str


class Timeline(NamedTuple):
    """Seconds after the first receiver's start; `lost`: seconds of the link's rate between the first request and the
    last byte, in idle stretches and in slower ones."""

    met: float  # the first connection with the seed
    asked: float  # the seed's first request
    last_met: float
    last_byte: float
    done: float
    lost: float
    stretches: Tuple[Stretch, ...]
    tail: str


class Moment(NamedTuple):
    """What the swarm was doing at one time. Sets of (peer, piece) on the seed's side, and receivers by ID."""

    sending: Set[Tuple[int, int]]
    waiting: Set[Tuple[int, int]]  # asked, not being sent
    coming: Set[Tuple[int, int]]  # a receiver has asked, the seed hasn't read it yet
    met: Set[int]
    never_sent: int
    held: Mapping[int, int]  # pieces of each receiver


def find(
    samples: Sequence[Sample], rate: float, notes: Notes, seed: int, total: int, span: Tuple[float, float]
) -> Timeline:
    """`rate`: nominal bytes a second of the seed's link (0: unshaped); `span`: first start and last copy, by the steady
    clock; `total`: pieces of the payload."""
    begin, done = span
    rate = WIRE * rate or fastest(samples)
    first = {word: min(when for when, what, _, _ in notes[seed] if what == word) for word in (MET, ASKED)}
    last_met = max(when for when, what, _, _ in notes[seed] if what == MET)
    last_byte = _last_byte(samples)
    steps = [step for step in _steps(samples, rate) if first[ASKED] <= step[0] and step[1] <= last_byte]
    stretches = [
        Stretch(start - begin, end - begin, lost, explain(moment(notes, seed, total, (start + end) / 2), total))
        for start, end, lost in _merged(steps)
        if end - start >= SHORTEST
    ]
    return Timeline(
        first[MET] - begin,
        first[ASKED] - begin,
        last_met - begin,
        last_byte - begin,
        done - begin,
        sum(lost for _, _, lost, _ in steps),
        tuple(stretches),
        _tail(notes, seed, last_byte),
    )


def fastest(samples: Sequence[Sample]) -> float:
    """The highest rate of any few samples, in bytes a second."""
    pairs = zip(samples, samples[FASTEST:])
    return max(((after - before) / (end - start) for (start, before), (end, after) in pairs), default=1.0) or 1.0


def _steps(samples: Sequence[Sample], rate: float) -> Iterable[Tuple[float, float, float, bool]]:
    """From one sample to the next: begin, end, seconds of the rate that were lost, whether that is idleness."""
    for (start, before), (end, after) in zip(samples, samples[1:]):
        lost = end - start - (after - before) / rate
        yield start, end, lost, lost > (1 - IDLE) * (end - start)


def _merged(steps: Iterable[Tuple[float, float, float, bool]]) -> List[Tuple[float, float, float]]:
    """Idle steps that follow each other, as one."""
    found: List[Tuple[float, float, float]] = []
    for start, end, lost, idle in steps:
        if not idle:
            continue
        if found and found[-1][1] == start:
            before = found.pop()
            found.append((before[0], end, before[2] + lost))
        else:
            found.append((start, end, lost))
    return found


def _last_byte(samples: Sequence[Sample]) -> float:
    """When the link's counter stood where it stood at the end, but for a few messages."""
    few = 64 * 1024
    return next((when for when, sent in samples if samples[-1][1] - sent < few), samples[-1][0])


def moment(notes: Notes, seed: int, total: int, now: float) -> Moment:
    """What all peers' notes up to `now` say."""
    sending: Set[Tuple[int, int]] = set()
    waiting: Set[Tuple[int, int]] = set()
    met: Set[int] = set()
    sent: Set[int] = set()
    read: Set[Tuple[int, int]] = set()
    for when, what, peer, piece in notes[seed]:
        if when > now:
            break
        if what == MET:
            met.add(peer)
        elif what == ASKED:
            waiting.add((peer, piece))
            read.add((peer, piece))
        elif what == SENDING:
            waiting.discard((peer, piece))
            sending.add((peer, piece))
            sent.add(piece)
        elif what == SENT:
            sending.discard((peer, piece))
    receivers = [peer for peer in notes if peer != seed]
    asked = {(peer, note[3]) for peer in receivers for note in _until(notes[peer], now) if note[1:3] == (ASK, seed)}
    held = {peer: sum(note[1] == STORED for note in _until(notes[peer], now)) for peer in receivers}
    return Moment(sending, waiting, asked - read, met, total - len(sent), held)


def _until(notes: Sequence[Note], now: float) -> Iterable[Note]:
    return (note for note in notes if note[0] <= now)


def explain(at: Moment, total: int) -> str:
    """The cause of an idle link, and which peers lacked what."""
    if at.sending:
        peers = ", ".join(map(str, sorted({peer for peer, _ in at.sending})))
        cause = f"{len(at.sending)} pieces go out slowly, to {peers}: their links are full, or there is no CPU"
    elif at.waiting:
        cause = f"{len(at.waiting)} requests wait for a slot"
    elif at.coming:
        cause = f"{len(at.coming)} requests on their way: no CPU"
    elif at.never_sent:
        cause = f"nobody asks, though {at.never_sent} pieces were never sent"
    else:
        cause = "every piece was sent once, and the receivers ask each other"
    lacking = [f"{peer} lacks {total - count}" for peer, count in sorted(at.held.items()) if count < total]
    shown = ", ".join(lacking[:4]) + (f" and {len(lacking) - 4} more" if len(lacking) > 4 else "")
    return f"{cause} ({len(at.met)} of {len(at.held)} connected; {shown or 'nobody lacks any'})"


def _tail(notes: Notes, seed: int, last_byte: float) -> str:
    """What came after the seed's last byte: how many pieces, to how many, and the last one's way."""
    late = [(when, peer, source) for peer in notes if peer != seed for when, what, source, _ in notes[peer]
            if what == STORED and when > last_byte]  # fmt: skip
    if not late:
        return "no piece came after it"
    when, peer, source = max(late)
    finished = [at for at, what, _, _ in notes[peer] if what == FINISHED]
    sealed = f", which took {1000 * (max(finished) - when):.0f} ms to finish" if finished else ""
    counts = Counter(receiver for _, receiver, _ in late)
    return (
        f"{len(late)} pieces came to {len(counts)} receivers after it, {max(counts.values())} of them to one; the last"
        f" after {1000 * (when - last_byte):.0f} ms, from {source} to {peer}{sealed}"
    )


def lines(found: Timeline) -> List[str]:
    """The timeline for a person."""
    inner = found.last_byte - found.asked
    return [
        f"{found.asked:6.3f} s until the seed's first request (its first connection at {found.met:.3f}, the last at"
        f" {found.last_met:.3f})",
        f"{inner:6.3f} s until its last byte, {found.lost:.3f} of them lost to its link",
        *(
            f"       idle {1000 * (one.end - one.begin):4.0f} ms at {one.begin:.3f}: {one.cause}"
            for one in found.stretches
        ),
        f"{found.done - found.last_byte:6.3f} s until the last copy: {found.tail}",
    ]
