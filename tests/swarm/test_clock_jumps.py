"""The wall clock may jump: nothing that a peer decides hangs on it."""

from __future__ import annotations

import ast
import subprocess
import sys
from typing import Callable, Dict, Iterator, List

import pytest

from tests.helpers.swarmfolder import SwarmFolder
from tests.helpers.waiting import DEADLINE
from tests.rooms import program

# Who tells people the time of day, or how long ago it was: stamps of log, status and trace, and the board of a swarm.
# Nobody reads them back to decide anything.
TELLERS = {"peer.edge.logfile", "peer.edge.statusfile", "peer.edge.run", "peer.edge.tracefile", "peer.edge.watcher"}
# OpenSSL compares certificates with the clock whatever we do; who says beforehand that it will refuse must look too.
EXPLAINERS = {"peer.edge.keys"}
STEADY = {"monotonic", "sleep", "perf_counter", "process_time"}
PEER = {name: source for name, source in program().items() if name.split(".")[0] == "peer"}


def wall_clock_uses(source: str) -> List[str]:
    """Whatever of `time` and `datetime` a module uses that isn't steady."""
    found: List[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module in ("time", "datetime"):
            found += [alias.name for alias in node.names if alias.name not in STEADY]
        elif isinstance(node, ast.Import):
            found += [
                alias.name
                for alias in node.names
                if alias.name == "datetime" or (alias.asname and alias.name == "time")
            ]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "time":
            found += [node.attr] if node.attr not in STEADY else []
        elif isinstance(node, ast.Attribute) and node.attr in ("st_mtime", "st_ctime", "st_atime"):
            found.append(node.attr)
    return found


@pytest.mark.parametrize("module", PEER)
def test_only_stamps_are_taken_from_the_wall_clock(module: str) -> None:
    uses = wall_clock_uses(PEER[module])
    assert not uses or module in TELLERS | EXPLAINERS


def test_who_tells_the_time_only_writes_it_down() -> None:
    """Each call stands where a stamp is made, never in a comparison, nor in what a loop or a wait depends on."""
    for module in sorted(TELLERS):
        for node in ast.walk(ast.parse(PEER[module])):
            tests = [node.test] if isinstance(node, (ast.If, ast.While, ast.IfExp)) else []
            tests += [node] if isinstance(node, ast.Compare) else []
            assert not any("time.time" in ast.unparse(test) for test in tests), f"{module}:{node.lineno}"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "source",
    [
        "import time\ntime.time()", "from time import time", "from time import localtime", "import time as t",
        "import datetime", "from datetime import datetime", "import os\nos.stat('x').st_mtime",
        "import time\ntime.ctime()",
    ],
)  # fmt: skip
def test_a_use_of_the_wall_clock_is_found(source: str) -> None:
    assert wall_clock_uses(source)
    assert not wall_clock_uses("import time\ntime.monotonic()\ntime.sleep(1)")


# ---- a run under a clock that jumps

# At each look the clock has jumped: a day ahead, an hour back, to the epoch, to the year 2100.
JUMPING = """
import itertools, sys, time
real, jumps = time.time, itertools.cycle((0.0, 86400.0, -3600.0, None, 2.4e9))
def jumping():
    jump = next(jumps)
    return 5.0 if jump is None else real() + jump
time.time = jumping
from peer.edge.commands import main
sys.exit(main(sys.argv[1:]))
"""

Start = Callable[[SwarmFolder, int], "subprocess.Popen[bytes]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts peers under a jumping clock."""
    started: List["subprocess.Popen[bytes]"] = []

    def make(folder: SwarmFolder, peer: int) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-c", JUMPING, str(peer), "--dir", str(folder.root), "--patience", "30"]
        started.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE))
        return started[-1]

    yield make
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("profile", ["", "fleet"], ids=["classic", "fleet"])
def test_a_swarm_ends_equal_while_its_clocks_jump(
    start: Start, swarm_folder: Callable[..., SwarmFolder], profile: str
) -> None:
    folder = swarm_folder(peers=3, size=3_000_000, profile=profile)
    processes: Dict[int, "subprocess.Popen[bytes]"] = {peer: start(folder, peer) for peer in folder.ids}
    for peer, process in processes.items():
        _, said = process.communicate(timeout=DEADLINE)
        assert (process.returncode, said) == (0, b""), f"peer {peer}"
    folder.assert_equal()
    stamps = [entry.time for peer in folder.leechers for entry in folder.entries(peer)]
    assert stamps and stamps != sorted(stamps), "the clocks did jump"
