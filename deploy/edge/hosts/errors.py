"""The one error that a host's failure becomes: cause, next step, and whether we got through to it at all."""

from __future__ import annotations

from deploy.core.verdict import FAILED, UNREACHABLE, Outcome
from peer.core.errors import WeftError


class HostError(WeftError):
    """Something went wrong on, or on the way to, one host. `state` is FAILED or UNREACHABLE."""

    def __init__(self, problem: str, remedy: str = "", state: str = FAILED) -> None:
        super().__init__(f"{problem}: {remedy}" if remedy else problem)
        self.problem = problem
        self.remedy = remedy
        self.state = state

    def outcome(self, host: str, peer: int | None = None) -> Outcome:
        """The error as a value for the verdict: of a host, or of one peer on it."""
        return Outcome(host, self.state, self.problem, self.remedy, peer)


def unreachable(problem: str, remedy: str = "") -> HostError:
    """We didn't get through to the host, or lost it."""
    return HostError(problem, remedy, UNREACHABLE)
