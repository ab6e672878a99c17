"""What the tests of all rooms share: folders of swarms, and the check that no thread is left over."""

from __future__ import annotations

import fcntl
import gc
import itertools
import os
import shutil
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List

import hypothesis
import pytest

from tests.helpers.swarmfolder import SwarmFolder, Wish
from tests.helpers.waiting import wait_for

# Folders whose tests take longest, in two rows: those that compute, and those that mostly wait. They begin, a file of
# one row after a file of the other, so that a processor has something to do, and at the end many short ones are left.
COMPUTING = ("web", "install", "ssh", "deploy_edge", "deploy_agent", "tools", "rigs", "edge")
WAITING = ("lab", "swarm")
# Hosts on this machine start this Python, not a version manager's script that looks for one.
os.environ["PATH"] = os.pathsep.join((os.path.dirname(sys.executable), os.environ.get("PATH", os.defpath)))
if "PYTEST_XDIST_WORKER" not in os.environ:  # whose cache is that of the process that started it
    CACHE = tempfile.TemporaryDirectory(prefix="weft-cache-")
    os.environ["XDG_CACHE_HOME"] = CACHE.name  # tests have homes of their own, in which nothing may stay
# Other processes compute beside an example, so how long it takes says nothing.
hypothesis.settings.register_profile("weft", deadline=None)
hypothesis.settings.load_profile("weft")
gc.disable()  # thousands of tests are being collected, none of which is garbage


def pytest_collection_finish() -> None:
    """From here on there is garbage; what was collected needn't be looked at again."""
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items: List[pytest.Item]) -> None:
    """The order in which `make test` deals out the files: xdist's own begins with those of many short tests."""
    files: Dict[Path, List[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    rows = [[path for folder in row for path in files if path.parent.name == folder] for row in (WAITING, COMPUTING)]
    first = [path for both in itertools.zip_longest(*rows) for path in both if path]
    items[:] = [item for path in dict.fromkeys([*first, *files]) for item in files[path]]


@pytest.fixture
def no_thread_left() -> Iterator[None]:
    """Fails a test after which a thread that it started still runs."""
    before = set(threading.enumerate())
    yield

    def left_over() -> List[str]:
        return [thread.name for thread in threading.enumerate() if thread not in before]

    try:
        wait_for(lambda: not left_over(), "the threads to end", deadline=20.0)
    except AssertionError:
        pytest.fail(f"threads left over: {', '.join(left_over())}")


@pytest.fixture
def usual_ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The ports that Weft takes where nothing says others: for one test at a time, of all workers."""
    with open(tmp_path_factory.getbasetemp().parent / "usual_ports", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that every user may enter; pytest's own are for this user alone."""
    with tempfile.TemporaryDirectory(prefix="weft-test-") as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)
        _open_up(Path(folder))


@pytest.fixture
def quick_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where the system has one, for tests that make and remove thousands of files."""
    if not os.access("/dev/shm", os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(prefix="weft-test-", dir="/dev/shm") as folder:
        yield Path(folder)
        _open_up(Path(folder))


@pytest.fixture
def swarm_folder(tmp_path: Path) -> Iterator[Callable[..., SwarmFolder]]:
    """Makes a swarm's working directory: `swarm_folder(peers=3, profile="fleet")`; see `Wish` for the words."""

    def make(**words: Any) -> SwarmFolder:
        return SwarmFolder(tmp_path / "swarm", Wish(**words))

    yield make
    _open_up(tmp_path)


def _open_up(root: Path) -> None:
    """Give back the right to write everywhere below, or pytest couldn't remove its old folders."""
    for folder, _, _ in os.walk(root):
        os.chmod(folder, 0o700)
    shutil.rmtree(root / "swarm", ignore_errors=True)
