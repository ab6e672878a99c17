"""What an audit has to go by: configuration, logs and files of a swarm, and what follows from one log alone."""

from __future__ import annotations

from functools import cached_property
from typing import Dict, FrozenSet, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from peer.core.config import Common, PeerRow
from tools.auditing.loglines import Line

CONNECTIONS = ("dialled", "accepted")


class FileFact(NamedTuple):
    """A peer's copy of the file: where it is, its bytes, and its SHA-256 in hex."""

    path: str
    size: int
    digest: str


class Log:
    """One peer's log and what can be counted in it. `total`: pieces of the file; `seed`: it started with all."""

    def __init__(self, row: PeerRow, file: str, lines: Sequence[Line], total: int) -> None:
        self.me = row.peer_id
        self.seed = row.has_file
        self.file = file
        self.lines = _ordered(lines)
        self.total = total
        self.of_kind: Dict[str, List[Line]] = {}
        for line in self.lines:
            self.of_kind.setdefault(line.kind, []).append(line)

    def kind(self, *kinds: str) -> List[Line]:
        """The lines of these kinds, in their order."""
        return sorted((line for kind in kinds for line in self.of_kind.get(kind, [])), key=lambda line: line.number)

    @cached_property
    def got(self) -> Dict[int, Line]:
        """Each piece it downloaded -> the line that says so first."""
        found: Dict[int, Line] = {}
        for line in self.of_kind.get("piece", []):
            if line.piece is not None:
                found.setdefault(line.piece, line)
        return found

    @cached_property
    def last(self) -> Optional[int]:
        """The time of its last line, in seconds; None if it tells none."""
        return max((line.seconds for line in self.lines if line.seconds is not None), default=None)

    @cached_property
    def last_piece(self) -> Optional[Line]:
        """The line of its last download; None for a peer that never downloaded."""
        pieces = self.of_kind.get("piece", [])
        return pieces[-1] if pieces else None

    @cached_property
    def whole(self) -> bool:
        """Whether it had all pieces in the end, as its piece lines say."""
        return self.seed or len(self.got) == self.total

    @cached_property
    def sound(self) -> bool:
        """Whether its piece lines can be relied on when other logs are judged by them: no gap, nothing twice."""
        pieces = self.of_kind.get("piece", [])
        steps = all(after.owned == (before.owned or 0) + 1 for before, after in zip(pieces, pieces[1:]))
        begins = not pieces or pieces[0].owned == 1
        inside = all(0 <= piece < self.total for piece in self.got)
        ends = self.whole or "complete" not in self.of_kind
        return steps and begins and inside and ends and len(self.got) == len(pieces) and not (self.seed and pieces)

    def meetings(self, other: int) -> List[Line]:
        """The lines about connections with a neighbour."""
        return [line for line in self.kind(*CONNECTIONS) if line.other == other]

    def had_at(self, number: int) -> FrozenSet[int]:
        """The pieces that it had before a line of its log (of a sound log)."""
        if self.seed:
            return frozenset(range(self.total))
        return frozenset(piece for piece, line in self.got.items() if line.number < number)


def _ordered(lines: Sequence[Line]) -> Tuple[Line, ...]:
    """A time that is earlier than that of a line before is not to be relied on: it is taken out."""
    latest: Optional[int] = None
    kept = []
    for line in lines:
        if line.seconds is not None and latest is not None and line.seconds < latest:
            line = line._replace(seconds=None)
        elif line.seconds is not None:
            latest = line.seconds
        kept.append(line)
    return tuple(kept)


class Evidence(NamedTuple):
    """A swarm as its files show it.

    `raw`: each log's lines with all their times; `files`: each peer's copy, None where its folder holds none;
    a peer without a folder isn't in it. `troubles`: what is wrong with the configuration, as (file:line, words).
    """

    common: Common
    rows: Tuple[PeerRow, ...]
    logs: Mapping[int, Log]
    raw: Mapping[int, Tuple[Line, ...]]
    files: Mapping[int, Optional[FileFact]]
    troubles: Tuple[str, ...] = ()

    @property
    def total(self) -> int:
        """Pieces of the file."""
        return -(-self.common.file_size // self.common.piece_size)

    @property
    def ids(self) -> Tuple[int, ...]:
        """All peers in the order of PeerInfo.cfg."""
        return tuple(row.peer_id for row in self.rows)

    @property
    def seeds(self) -> Tuple[int, ...]:
        """The peers that started with the file."""
        return tuple(row.peer_id for row in self.rows if row.has_file)

    def others(self, peer: int) -> List[Log]:
        """The logs of all other peers."""
        return [log for log in self.logs.values() if log.me != peer]

    def earlier(self, peer: int) -> Tuple[int, ...]:
        """The peers listed before one."""
        return self.ids[: self.ids.index(peer)]

    def seconds_between(self, one: Log, other: Log) -> Optional[int]:
        """What to add to a time of `one`'s clock to have it by `other`'s: from their first connection, to 1 s."""
        here = [line.seconds for line in one.meetings(other.me) if line.seconds is not None]
        there = [line.seconds for line in other.meetings(one.me) if line.seconds is not None]
        return there[0] - here[0] if here and there else None


def evidence(
    common: Common,
    rows: Tuple[PeerRow, ...],
    logs: Mapping[int, Tuple[str, Tuple[Line, ...]]],
    files: Mapping[int, Optional[FileFact]],
    troubles: Tuple[str, ...] = (),
) -> Evidence:
    """`logs`: peer -> (file, lines), of peers in `rows` alone."""
    total = -(-common.file_size // common.piece_size)
    made = {row.peer_id: Log(row, *logs[row.peer_id], total) for row in rows if row.peer_id in logs}
    raw = {peer: lines for peer, (_, lines) in logs.items()}
    return Evidence(common, rows, made, raw, files, troubles)
