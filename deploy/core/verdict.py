"""The verdict: what happened on each host and peer, as values -> exit code, folded error lines, the final table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from deploy.core.model import Inventory
from peer.core.errors import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK, EXIT_USAGE

EXIT_UNREACHABLE = 4  # as ansible has it: some host couldn't be reached

OK, FAILED, UNREACHABLE, INTERRUPTED, SKIPPED = "ok", "failed", "unreachable", "interrupted", "skipped"

__all__ = [
    "EXIT_FAILED", "EXIT_INTERRUPTED", "EXIT_OK", "EXIT_UNREACHABLE", "EXIT_USAGE",
    "FAILED", "INTERRUPTED", "OK", "SKIPPED", "UNREACHABLE",
    "Copy", "Outcome", "Row", "Verdict", "error_lines", "exit_code", "judge", "rows",
]  # fmt: skip


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


class Row(NamedTuple):
    """One line of the final table, as texts; `good` says how to draw it."""

    peer: str
    host: str
    pieces: str  # "320/320"
    bytes: str  # "20,971,520"
    seconds: str  # "4.2"; "-" for a seed
    sha256: str
    verdict: str  # "ok", "unreachable", "incomplete: 12 of 320 pieces", ...
    good: bool


class Verdict(NamedTuple):
    """Exit code, one line an error (equal ones folded), one row a chosen peer, one sentence for the end."""

    code: int
    lines: tuple[str, ...]
    rows: tuple[Row, ...]
    sentence: str


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """130 where somebody interrupted, else 4 with an unreachable host, else 1 with a failure, else 0."""
    raise NotImplementedError


def error_lines(outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    """One line for each different error, with its hosts folded: `unreachable: node[4-5]: cause: remedy`."""
    raise NotImplementedError


def rows(inventory: Inventory, copies: Sequence[Copy], outcomes: Sequence[Outcome] = ()) -> tuple[Row, ...]:
    """The final table: a row for each chosen peer in PeerInfo order, also for those that nobody heard of."""
    raise NotImplementedError


def judge(
    inventory: Inventory, copies: Sequence[Copy], outcomes: Sequence[Outcome] = (), sha256: str = ""
) -> Verdict:
    """The verdict over the chosen peers. 0 needs a good copy of every one of them, all with the same hash.

    `sha256` (hex): what the manifest says the hash is; "" compares the copies with one another only.
    """
    raise NotImplementedError
