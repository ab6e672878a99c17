"""A login that an sshd turns away is tried again, and what is told in the end is the most that is known."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from deploy.edge.hosts.deadline import Deadline
from deploy.edge.hosts.errors import HostError, unreachable
from deploy.edge.ssh import ways

TURNED_AWAY = unreachable("it closed the connection", "see its sshd")
LATE = unreachable("no answer", "is it up?")


class Moment(Deadline):
    """A deadline that passes when it is told to."""

    def __init__(self) -> None:
        super().__init__(60)
        self.over = False

    def leaves(self, seconds: float) -> bool:
        return not self.over and super().leaves(seconds)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ways, "sleep", lambda _: None)


@pytest.mark.parametrize(("over", "told"), [(True, TURNED_AWAY), (False, LATE)])
def test_a_last_try_that_was_cut_short_hides_no_reason(over: bool, told: HostError) -> None:
    deadline = Moment()

    def late() -> None:
        deadline.over = over
        raise LATE

    def turned_away() -> None:
        raise ways.Busy(TURNED_AWAY)

    tries: list[Callable[[], None]] = [turned_away, late]
    with pytest.raises(HostError) as error:
        ways.patient(lambda: tries.pop(0)(), deadline)
    assert error.value is told


def test_one_that_is_turned_away_each_time_is_told_so() -> None:
    def turned_away() -> None:
        raise ways.Busy(TURNED_AWAY)

    with pytest.raises(HostError) as error:
        ways.patient(turned_away, Moment())
    assert error.value is TURNED_AWAY
