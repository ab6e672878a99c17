"""Whatever lies around a swarm's places, whenever Weft is killed: what others made stays, to byte, mode and name.

More seeds: FOREIGN_SEEDS=1000 .venv/bin/python -m pytest -n0 tests/deploy_agent/test_foreign_things.py
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.deploy_agent.foreign import Host

SEEDS = int(os.environ.get("FOREIGN_SEEDS", "20"))
STEPS = 14


@pytest.fixture
def folder() -> Iterator[Path]:
    """In memory, where there is such a place."""
    made = Path(tempfile.mkdtemp(prefix="weft-foreign-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None))
    yield made.resolve()
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(autouse=True)
def _quick_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.mark.timeout(120 + SEEDS)
def test_nothing_of_others_is_changed(folder: Path) -> None:
    died = meddled = done = 0
    for seed in range(SEEDS):
        rng = Random(f"foreign {seed}")
        host = Host(folder / str(seed), rng)
        for _ in range(STEPS):
            for _ in range(rng.randrange(4)):
                host.meddle()
            host.attempt(rng.choice([host.deploy, host.deploy, host.deliver, host.deliver, host.clean]))
        for work in (host.deliver, host.clean):  # whoever comes last brings to an end what was cut short
            host.finally_do(work)
        try:
            host.assert_theirs()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from None
        died += host.crashes
        meddled += len(host.theirs)
        done += host.done
    assert died > SEEDS / 2 and meddled > SEEDS * 3 and done > SEEDS * 3, "the test tests something"
