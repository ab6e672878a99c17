"""The verdict: what happened on each host and peer -> exit code, folded error lines, the final table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from deploy.core.inventory import Inventory, Peer, fold, shown
from peer.core.errors import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK
from peer.core.status import DONE

EXIT_UNREACHABLE = 4  # as ansible has it: some host couldn't be reached

OK, FAILED, UNREACHABLE, INTERRUPTED, SKIPPED = "ok", "failed", "unreachable", "interrupted", "skipped"


class Outcome(NamedTuple):
    """How one step ended on one host, or for one peer of it."""

    host: str
    state: str = OK  # OK, FAILED, UNREACHABLE, INTERRUPTED; SKIPPED: not tried, because of another's failure
    problem: str = ""  # cause: "connection refused"
    remedy: str = ""  # next step: "is sshd running on that port?"
    peer: int | None = None


class Copy(NamedTuple):
    """What `verify` (and the last status) says of one peer's copy; None: not known."""

    peer: int
    ok: bool
    sha256: str = ""  # hex: the file's hash, or a tree's digest
    bytes: int | None = None
    pieces: int | None = None
    total: int | None = None  # pieces of the payload
    seconds: float | None = None  # from the peer's start to its last verified piece
    problem: str = ""
    extras: int = 0  # files that lie in a tree beside the payload's own

    @classmethod
    def of_status(cls, peer: int, status: Mapping[str, Any]) -> Copy:
        """What a peer's last status says of its copy; {}: it has none."""
        complete = bool(status.get("completed")) or status.get("state") == DONE
        problem = "" if complete else status.get("reason", "") or "its copy isn't whole"
        return cls(peer, complete, problem=problem).with_status(status)

    @classmethod
    def of_check(cls, found: Mapping[str, Any], status: Mapping[str, Any]) -> Copy:
        """What a host's check found of a peer's copy; the pieces and the time are those of its last status."""
        return cls(
            peer=int(found["peer"]),
            ok=found.get("ok") is True,
            sha256=str(found.get("sha256", "")),
            bytes=found.get("bytes"),
            problem=str(found.get("problem", "")),
            extras=int(found.get("extras", 0)),
        ).with_status(status)

    def with_status(self, status: Mapping[str, Any]) -> Copy:
        """The same, with the pieces and the time of the peer's last status."""
        completed = status.get("completed") or 0
        seconds = completed - status["started"] if completed else None
        return self._replace(pieces=status.get("pieces"), total=status.get("total"), seconds=seconds)


class Row(NamedTuple):
    """One line of the final table, as texts; `good` says how to draw it."""

    peer: str
    host: str
    pieces: str  # "320/320"
    bytes: str  # "20,971,520"
    seconds: str  # "4.2"; "-" for a seed
    sha256: str
    verdict: str  # "ok", "unreachable: connection refused", "pieces missing", ...
    good: bool

    @property
    def cells(self) -> tuple[str, ...]:
        """The texts of COLUMNS."""
        return tuple(map(str, self[:-1]))


COLUMNS = Row._fields[:-1]  # of every table of rows


class Verdict(NamedTuple):
    """Exit code, one line an error (equal ones folded), one row a chosen peer, one sentence for the end."""

    code: int
    lines: tuple[str, ...]
    rows: tuple[Row, ...]
    sentence: str


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """130 where somebody interrupted, else 4 with an unreachable host, else 1 with a failure, else 0."""
    states = {outcome.state for outcome in outcomes}
    for state, code in (
        (INTERRUPTED, EXIT_INTERRUPTED),
        (UNREACHABLE, EXIT_UNREACHABLE),
        (FAILED, EXIT_FAILED),
    ):
        if state in states:
            return code
    return EXIT_FAILED if SKIPPED in states else EXIT_OK


def error_lines(outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    """One line for each different error, with its hosts folded: `unreachable: node[4-5]: cause: remedy`."""
    same: dict[tuple[str, str, str], list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.state != OK:
            same.setdefault((outcome.state, outcome.problem, outcome.remedy), []).append(outcome)
    lines = []
    for (state, problem, remedy), alike in same.items():
        parts = [state, _places(alike), problem, remedy]
        lines.append(shown(": ".join(part for part in parts if part)))
    return tuple(lines)


def rows(inventory: Inventory, copies: Sequence[Copy], outcomes: Sequence[Outcome] = ()) -> tuple[Row, ...]:
    """The final table: a row for each chosen peer in PeerInfo order, also for those that nobody heard of."""
    known = {copy.peer: copy for copy in copies}
    troubles = _troubles(outcomes)
    return tuple(_row(peer, known.get(peer.peer_id), troubles) for peer in inventory.chosen_peers)


def judge(inventory: Inventory, copies: Sequence[Copy], outcomes: Sequence[Outcome] = (), sha256: str = "") -> Verdict:
    """The verdict over the chosen peers. 0 needs a good copy of every one of them, all with the same hash.

    `sha256` (hex): what the manifest says the hash is; "" compares the copies with one another only.
    """
    checked = _checked(copies, sha256)
    table = rows(inventory, checked, outcomes)
    doubts = _doubts(inventory, checked, _troubles(outcomes))
    everything = (*outcomes, *doubts)
    return Verdict(exit_code(everything), error_lines(everything), table, _sentence(inventory, table))


def _checked(copies: Sequence[Copy], sha256: str) -> tuple[Copy, ...]:
    """The copies with those no longer called good whose hash isn't everybody's."""
    expected = sha256 or next((copy.sha256 for copy in copies if copy.ok and copy.sha256), "")
    source = "the manifest" if sha256 else "the other peers"
    return tuple(_compared(copy, expected, source) for copy in copies)


def _compared(copy: Copy, expected: str, source: str) -> Copy:
    if not copy.ok or (copy.sha256 and copy.sha256.lower() == expected.lower()):
        return copy
    problem = f"its hash isn't that of {source}" if copy.sha256 else "its hash isn't known"
    return copy._replace(ok=False, problem=problem)


Troubles = dict[object, Outcome]  # the first error of a peer (by its ID) or of a whole host (by its name)


def _troubles(outcomes: Sequence[Outcome]) -> Troubles:
    troubles: Troubles = {}
    for outcome in outcomes:
        if outcome.state != OK:
            troubles.setdefault(outcome.host if outcome.peer is None else outcome.peer, outcome)
    return troubles


def _doubts(inventory: Inventory, copies: Sequence[Copy], troubles: Troubles) -> list[Outcome]:
    """An error for each chosen peer that has no good copy, and of which no error has been told."""
    known = {copy.peer: copy for copy in copies}
    doubts = []
    for peer in inventory.chosen_peers:
        copy = known.get(peer.peer_id)
        if (copy and copy.ok) or peer.peer_id in troubles or peer.host in troubles:
            continue
        problem = (copy.problem or "its copy isn't whole") if copy else "its copy was never checked"
        doubts.append(Outcome(peer.host, FAILED, problem, "see its log, then run it again", peer.peer_id))
    return doubts


def _row(peer: Peer, copy: Copy | None, troubles: Troubles) -> Row:
    good = copy is not None and copy.ok
    facts = copy or Copy(peer.peer_id, ok=False)
    return Row(
        peer=str(peer.peer_id),
        host=peer.host,
        pieces="-" if facts.pieces is None else f"{facts.pieces}/{_text(facts.total, '?')}",
        bytes="-" if facts.bytes is None else f"{facts.bytes:,}",
        seconds="-" if facts.seconds is None or peer.seed else f"{facts.seconds:.1f}",
        sha256=facts.sha256 or "-",
        verdict="ok" if good else _why(peer, copy, troubles),
        good=good,
    )


def _why(peer: Peer, copy: Copy | None, troubles: Troubles) -> str:
    trouble = troubles.get(peer.peer_id) or troubles.get(peer.host)
    if copy and copy.problem:
        return shown(copy.problem)
    if trouble:
        return shown(f"{trouble.state}: {trouble.problem}" if trouble.problem else trouble.state)
    return "its copy isn't whole" if copy else "never checked"


def _text(number: int | None, unknown: str) -> str:
    return unknown if number is None else str(number)


def _places(outcomes: Sequence[Outcome]) -> str:
    """`node[4-5]`, and with peers `node4 (peer 1004)`."""
    peers = [str(outcome.peer) for outcome in outcomes if outcome.peer is not None]
    hosts = fold(outcome.host for outcome in outcomes)
    if not peers:
        return hosts
    folded = fold(peers).replace("[", "").replace("]", "")
    return f"{hosts} ({'peer' if len(set(peers)) == 1 else 'peers'} {folded})"


def _sentence(inventory: Inventory, table: Sequence[Row]) -> str:
    good = sum(row.good for row in table)
    name = inventory.swarm.payload.name
    if good == len(table):
        return f"{name} is whole on all {good} peers" if good != 1 else f"{name} is whole on its one peer"
    return f"{name} is whole on {good} of {len(table)} peers"
