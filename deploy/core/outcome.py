"""How one step ended on one host, and the exit code for all steps together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from peer.core.errors import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK

EXIT_UNREACHABLE = 4  # as in Ansible: a host couldn't be reached

OK, FAILED, UNREACHABLE, INTERRUPTED, SKIPPED = "ok", "failed", "unreachable", "interrupted", "skipped"


class Outcome(NamedTuple):
    """How one step ended on one host, or for one peer of it."""

    host: str
    state: str = OK  # OK, FAILED, UNREACHABLE, INTERRUPTED; SKIPPED: not tried, because of another's failure
    problem: str = ""  # cause: "connection refused"
    remedy: str = ""  # next step: "is sshd running on that port?"
    peer: int | None = None


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """130 after an interrupt, else 4 with an unreachable host, else 1 with a failure, else 0."""
    states = {outcome.state for outcome in outcomes}
    for state, code in (
        (INTERRUPTED, EXIT_INTERRUPTED),
        (UNREACHABLE, EXIT_UNREACHABLE),
        (FAILED, EXIT_FAILED),
    ):
        if state in states:
            return code
    return EXIT_FAILED if SKIPPED in states else EXIT_OK
