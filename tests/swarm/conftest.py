"""What the tests with real peers share."""

from __future__ import annotations

from typing import Iterator

import pytest

from tests.swarm.process import Starter
from tests.swarm.watchdog import Watcher


@pytest.fixture
def starter(swarm_folder: object) -> Iterator[Starter]:
    """Starts peers; ends those that are left and, where the test failed, prints what they knew.

    It is made after `swarm_folder`, so that the folder is still there then.
    """
    assert swarm_folder
    made = Starter()
    yield made
    made.end()
    print(made.account())  # pytest shows it only if the test failed


@pytest.fixture(autouse=True)
def _no_silent_stall(request: pytest.FixtureRequest, no_thread_left: None) -> Iterator[None]:  # noqa: ARG001
    """Fails a test in which a peer stood still for seconds without saying why."""
    if "starter" not in request.fixturenames:
        yield
        return
    watcher = Watcher(request.getfixturevalue("starter"))
    yield
    stalls = watcher.end()
    if stalls:
        pytest.fail("silent stalls:\n" + "\n".join(stalls))


@pytest.fixture(autouse=True)
def _threads_end(no_thread_left: None) -> None:
    """See `no_thread_left`: the foreign peers in these tests are threads."""
