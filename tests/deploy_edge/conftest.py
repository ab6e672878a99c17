"""A swarm of three hosts on this machine, of which no process is left when its test is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.deploy_edge.fabrun import fab
from tests.deploy_edge.localhosts import working_in, write_inventory
from tests.helpers.waiting import wait_for


@pytest.fixture
def write(tmp_path: Path) -> Iterator[Callable[..., list[int]]]:
    """Writes an inventory of three local hosts; afterwards nothing of them may be left running."""
    yield partial(write_inventory, tmp_path)
    if working_in(tmp_path):
        fab(tmp_path, "stop")
    wait_for(lambda: not working_in(tmp_path), "all processes of the swarm to end")
