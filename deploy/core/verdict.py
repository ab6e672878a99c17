"""The verdict: what happened on each host and peer -> exit code, folded error lines, the final table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from deploy.core.absence import AGAIN, why_absent
from deploy.core.failures import Failure, error_lines, failures
from deploy.core.inventory import Inventory, Peer, shown
from deploy.core.outcome import (
    FAILED,
    INTERRUPTED,
    OK,
    SKIPPED,
    UNREACHABLE,
    Outcome,
    exit_code,
)
from deploy.core.sources import Sources
from peer.core.counting import count_of
from peer.core.errors import ABSENT
from peer.core.status import DONE

__all__ = [
    "BRIEF_COLUMNS",
    "COLUMNS",
    "FAILED",
    "INTERRUPTED",
    "OK",
    "SKIPPED",
    "UNREACHABLE",
    "Copy",
    "Outcome",
    "Row",
    "Verdict",
    "error_lines",
    "exit_code",
    "judge",
    "rows",
]


class Copy(NamedTuple):
    """The result of `verify` (and of the last status) for one peer's copy; None: not known."""

    peer: int
    ok: bool
    proof: str = ""  # hex: what its bytes are known by
    sha256: str = ""  # hex: the file's hash, or a tree's digest
    bytes: int | None = None
    pieces: int | None = None
    total: int | None = None  # pieces of the payload
    seconds: float | None = None  # from the peer's start to its last verified piece
    problem: str = ""
    remedy: str = ""
    extras: int = 0  # files in the tree that aren't part of the payload
    sources: Sources | None = None

    @classmethod
    def of_status(cls, peer: int, about: Mapping[str, Any]) -> Copy:
        """A copy by what its host says of its peer: see `why_absent`."""
        status = about.get("status") or {}
        complete = bool(status.get("completed")) or status.get("state") == DONE
        problem, remedy = ("", "") if complete else why_absent(about)
        return cls(peer, complete, problem=problem, remedy=remedy).with_status(status)

    @classmethod
    def of_check(cls, found: Mapping[str, Any], about: Mapping[str, Any]) -> Copy:
        """A copy by its host's check; the pieces and the time are those of its last status."""
        problem, remedy = str(found.get("problem", "")), ""
        if problem.endswith(f": {ABSENT}"):
            problem, remedy = why_absent(about)
        return cls(
            peer=int(found["peer"]),
            ok=found.get("ok") is True,
            proof=str(found.get("proof", "")),
            sha256=str(found.get("sha256", "")),
            bytes=found.get("bytes"),
            problem=problem,
            remedy=remedy,
            extras=int(found.get("extras", 0)),
        ).with_status(about.get("status") or {})

    def with_status(self, status: Mapping[str, Any]) -> Copy:
        """The same, with the pieces, the time and the sources of the peer's last status."""
        completed = status.get("completed") or 0
        seconds = completed - status["started"] if completed else None
        return self._replace(
            pieces=status.get("pieces"),
            total=status.get("total"),
            seconds=seconds,
            sources=Sources.of_status(status),
        )


class Row(NamedTuple):
    """The facts about one peer's copy; None: not known."""

    peer: int
    host: str
    pieces: int | None
    total: int | None  # pieces of the payload
    bytes: int | None
    seconds: float | None  # None for a seed
    sha256: str
    verdict: str  # "ok", "unreachable: connection refused", "pieces missing", ...
    good: bool
    sources: Sources | None = None  # None for a seed

    @property
    def cells(self) -> tuple[str, ...]:
        """The texts of COLUMNS."""
        pieces = "-" if self.pieces is None else f"{self.pieces}/{'?' if self.total is None else self.total}"
        size = "-" if self.bytes is None else f"{self.bytes:,}"
        seconds = "-" if self.seconds is None else f"{self.seconds:.1f}"
        return (str(self.peer), self.host, pieces, size, seconds, self.sha256 or "-", self.verdict)

    @property
    def brief(self) -> tuple[str, ...]:
        """The texts of BRIEF_COLUMNS: a hash that all share is shown once, above."""
        return (*self.cells[:5], self.verdict)


COLUMNS = ("peer", "host", "pieces", "bytes", "seconds", "sha256", "verdict")
BRIEF_COLUMNS = ("peer", "host", "pieces", "bytes", "seconds", "verdict")


def sources_of(table: Sequence[Row]) -> list[Sources]:
    """Where the bytes of each copy came from, as far as it is known."""
    return [row.sources for row in table if row.sources is not None]


class Verdict(NamedTuple):
    """Exit code, one line for each error (equal ones folded), one row for each chosen peer, and a last sentence.

    `failures`: the first cause of each host's errors, with the command to run next.
    """

    code: int
    lines: tuple[str, ...]
    rows: tuple[Row, ...]
    sentence: str
    failures: tuple[Failure, ...] = ()


def amended(inventory: Inventory, verdict: Verdict, outcomes: Sequence[Outcome]) -> Verdict:
    """The verdict with what went wrong after the copies were judged."""
    return verdict._replace(
        code=exit_code(outcomes) or verdict.code,
        lines=(*verdict.lines, *error_lines(outcomes)),
        failures=(*verdict.failures, *failures(inventory, outcomes)),
    )


def rows(inventory: Inventory, copies: Sequence[Copy], outcomes: Sequence[Outcome] = ()) -> tuple[Row, ...]:
    """The final table: a row for each chosen peer in PeerInfo order, also for those without news."""
    known = {copy.peer: copy for copy in copies}
    troubles = _troubles(outcomes)
    return tuple(_row(peer, known.get(peer.peer_id), troubles) for peer in inventory.chosen_peers)


def judge(inventory: Inventory, copies: Sequence[Copy], outcomes: Sequence[Outcome] = (), proof: str = "") -> Verdict:
    """The verdict on the chosen peers. Code 0 requires a good copy on every one of them, all with the same proof.

    `proof` (hex): that of the manifest; "" compares the copies only with one another.
    """
    checked = _checked(copies, proof)
    table = rows(inventory, checked, outcomes)
    doubts = _doubts(inventory, checked, _troubles(outcomes))
    everything = (*outcomes, *doubts)
    sentence = _sentence(inventory, table)
    return Verdict(exit_code(everything), error_lines(everything), table, sentence, failures(inventory, everything))


def _checked(copies: Sequence[Copy], proof: str) -> tuple[Copy, ...]:
    """The copies, where those with a different proof no longer count as good."""
    expected = proof or next((copy.proof for copy in copies if copy.ok and copy.proof), "")
    source = "the manifest" if proof else "the other peers"
    compared = tuple(_compared(copy, expected, source) for copy in copies)
    known = next((copy.sha256 for copy in compared if copy.ok and copy.sha256), "")  # of equal bytes it is the same
    return tuple(copy._replace(sha256=known) if copy.ok else copy for copy in compared)


def _compared(copy: Copy, expected: str, source: str) -> Copy:
    if not copy.ok or (copy.proof and copy.proof.lower() == expected.lower()):
        return copy
    problem = f"its hash differs from that of {source}" if copy.proof else "its hash isn't known"
    return copy._replace(ok=False, problem=problem)


Troubles = dict[object, Outcome]  # the first error of a peer (by its ID) or of a host (by its name)


def _troubles(outcomes: Sequence[Outcome]) -> Troubles:
    troubles: Troubles = {}
    for outcome in outcomes:
        if outcome.state != OK:
            troubles.setdefault(outcome.host if outcome.peer is None else outcome.peer, outcome)
    return troubles


def _doubts(inventory: Inventory, copies: Sequence[Copy], troubles: Troubles) -> list[Outcome]:
    """An error for each chosen peer that has no good copy, and for which no error has been reported."""
    known = {copy.peer: copy for copy in copies}
    doubts = []
    for peer in inventory.chosen_peers:
        copy = known.get(peer.peer_id)
        if (copy and copy.ok) or peer.peer_id in troubles or peer.host in troubles:
            continue
        problem = (copy.problem or "its copy is incomplete") if copy else "its copy was never checked"
        remedy = copy.remedy if copy and copy.remedy else AGAIN
        doubts.append(Outcome(peer.host, FAILED, problem, remedy, peer.peer_id))
    return doubts


def _row(peer: Peer, copy: Copy | None, troubles: Troubles) -> Row:
    good = copy is not None and copy.ok
    facts = copy or Copy(peer.peer_id, ok=False)
    return Row(
        peer=peer.peer_id,
        host=peer.host,
        pieces=facts.pieces,
        total=facts.total,
        bytes=facts.bytes,
        seconds=None if peer.seed else facts.seconds,
        sha256=facts.sha256,
        verdict="ok" if good else _why(peer, copy, troubles),
        good=good,
        sources=None if peer.seed else facts.sources,
    )


def _why(peer: Peer, copy: Copy | None, troubles: Troubles) -> str:
    trouble = troubles.get(peer.peer_id) or troubles.get(peer.host)
    if copy and copy.problem:
        return shown(copy.problem)
    if trouble:
        return shown(f"{trouble.state}: {trouble.problem}" if trouble.problem else trouble.state)
    return "its copy is incomplete" if copy else "never checked"


def _sentence(inventory: Inventory, table: Sequence[Row]) -> str:
    hosts = dict.fromkeys(row.host for row in table)
    bad = {row.host for row in table if not row.good}
    name, good = inventory.swarm.payload.name, len(hosts) - len(bad)
    if not bad:
        return f"{name} is complete on all {good} hosts" if good != 1 else f"{name} is complete on its one host"
    return f"{name} is complete on {good} of {count_of(len(hosts), 'host')}"
