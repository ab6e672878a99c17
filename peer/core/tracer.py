"""Decides what of a peer's life its trace holds, and keeps it small.

Pieces: each, or with more than MOST_PIECES those whose index is a multiple of `every`, which is the same for all peers
of a swarm. Bytes, load: at each status, and half as often after every MOST_SAMPLES samples. States: where they change.
"""

from __future__ import annotations

from typing import Dict, List, Mapping, Optional, Tuple

from peer.core import messages, trace
from peer.core.eventlog import Entry
from peer.core.messages import Message
from peer.core.status import ENDED, Status
from peer.core.trace import Note

MOST_PIECES = 2048  # that are noted one by one
MOST_SAMPLES = 600  # of bytes at one rate: five minutes at the first
FIRST_GAP = 400  # ms: less than between two statuses
_LOGGED = {
    "dialled": trace.MET,
    "accepted": trace.MET,
    "choked": trace.CHOKED,
    "unchoked": trace.UNCHOKED,
    "optimistic": trace.OPTIMISTIC,
}
ENTRIES = frozenset((*_LOGGED, "piece", "preferred"))  # kinds of log lines that a trace is interested in
_SENT = {messages.CHOKE: trace.CHOKE, messages.UNCHOKE: trace.UNCHOKE}
MESSAGES = frozenset((*_SENT, messages.REQUEST, messages.REQUEST_PART))  # the same, of messages
Counts = Tuple[int, int]  # bytes up and down


def every_of(total: int) -> int:
    """Which pieces are noted: those whose index this divides."""
    return 1 + (max(1, total) - 1) // MOST_PIECES


class Tracer:
    """Turns a peer's log entries, messages and statuses into notes. All times are ms since the trace began."""

    def __init__(self, total: int) -> None:
        self._every = every_of(total)
        self._asked: Dict[int, Dict[int, int]] = {}  # piece -> of whom -> when
        self._gone: Dict[int, Counts] = {}  # bytes of connections that have ended
        self._told: Dict[int, Counts] = {}
        self._held = -1
        self._load: Tuple[int, ...] = (0, 0, 0)
        self._state = ("", "")
        self._sampled = -FIRST_GAP
        self._gap = FIRST_GAP
        self._left = MOST_SAMPLES  # samples until the gap doubles

    def entry(self, entry: Entry, ms: int) -> Optional[Note]:
        """A line of the event log."""
        kind = entry.kind
        if kind == "piece":
            return self._piece(entry, ms)
        if kind == "preferred":
            return Note(ms, trace.PREFERRED, ([int(one) for one in entry.others.split(",") if one.strip()],))
        return Note(ms, _LOGGED[kind], (entry.other,)) if kind in _LOGGED else None

    def _piece(self, entry: Entry, ms: int) -> Optional[Note]:
        assert entry.other is not None and entry.piece is not None
        if entry.piece % self._every:
            return None
        asked = self._asked.pop(entry.piece, {}).get(entry.other, -1)
        return Note(ms, trace.PIECE, (entry.other, entry.piece, asked))

    def sent(self, peer: int, message: Message, ms: int) -> Optional[Note]:
        """A message to a neighbour."""
        kind, piece = message.type, message.value
        if kind in (messages.REQUEST, messages.REQUEST_PART):
            if not piece % self._every:
                self._asked.setdefault(piece, {})[peer] = ms
            return None
        return Note(ms, _SENT[kind], (peer,)) if kind in _SENT else None

    def parted(self, peer: int, up: int, down: int, ms: int) -> Note:
        """A connection has ended, on which so many bytes went."""
        before = self._gone.get(peer, (0, 0))
        self._gone[peer] = (before[0] + up, before[1] + down)
        return Note(ms, trace.PARTED, (peer,))

    def status(self, status: Status, ms: int) -> List[Note]:
        """A status, as it is written or as it came."""
        notes = []
        ended = status.state in ENDED
        state = (status.state, status.reason[: trace.MOST_TEXT])
        if state != self._state:
            self._state = state
            notes.append(Note(ms, trace.STATE, state))
        if ended or ms - self._sampled >= self._gap:
            notes += self._sample(status, ms)
        if ended:
            notes.append(Note(ms, trace.END, (-1 if status.exit_code is None else status.exit_code, state[1])))
        return notes

    def _sample(self, status: Status, ms: int) -> List[Note]:
        counts = {one.peer: self._sum(one.peer, one.bytes_up, one.bytes_down) for one in status.neighbours}
        changed = [[peer, *two] for peer, two in counts.items() if self._told.get(peer, (0, 0)) != two]
        if not changed and status.pieces == self._held:
            return []
        self._told.update(counts)
        self._held = status.pieces
        self._pass(ms)
        return [Note(ms, trace.BYTES, (status.pieces, changed)), *self._spent(status, ms)]

    def _spent(self, status: Status, ms: int) -> List[Note]:
        seconds = status.cpu_seconds, status.queue_seconds, status.disk_seconds
        load = tuple(max(0, round(1000 * one)) for one in seconds)
        if load == self._load:
            return []
        self._load = load
        return [Note(ms, trace.LOAD, load)]

    def _sum(self, peer: int, up: int, down: int) -> Counts:
        gone = self._gone.get(peer, (0, 0))
        return gone[0] + up, gone[1] + down

    def _pass(self, ms: int) -> None:
        """A sample is taken: when the next may come."""
        self._sampled = ms
        self._left -= 1
        if not self._left:
            self._left = MOST_SAMPLES
            self._gap *= 2


def last_counts(notes: List[Note]) -> Mapping[int, Counts]:
    """The bytes to and from each neighbour in all, by the samples."""
    found: Dict[int, Counts] = {}
    for note in notes:
        if note.kind == trace.BYTES:
            found.update({peer: (up, down) for peer, up, down in note.values[1]})
    return found
