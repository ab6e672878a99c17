"""A swarm of three hosts on this machine, of which no process is left when its test is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.deploy_edge.fabrun import fab
from tests.deploy_edge.localhosts import wait_until_nothing_works_in, working_in, write_inventory


@pytest.fixture
def write(tmp_path: Path) -> Iterator[Callable[..., list[int]]]:
    """Writes an inventory of three local hosts; afterwards nothing of them may be left running."""
    yield partial(write_inventory, tmp_path)
    if working_in(tmp_path):
        fab(tmp_path, "stop")
    wait_until_nothing_works_in(tmp_path)
