"""The measurement of memory: which files it changes, and whose process is whose."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from rigs.benchmark.treelocal import make_tree
from rigs.benchmark.treememory import AGENT, Peaks, change


def test_one_file_of_a_hundred_is_written_anew(tmp_path: Path) -> None:
    make_tree(tmp_path, 300)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    change(tmp_path)
    assert sum(path.read_bytes() != data for path, data in before.items()) == 3


def test_an_agent_is_told_by_its_home(tmp_path: Path) -> None:
    program = "import sys; sys.stdin.read()"
    mine, other = (
        subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, env={**os.environ, "HOME": str(home)})
        for home in (tmp_path, tmp_path / "other")
    )
    try:
        peaks = Peaks(tmp_path)
        assert peaks() == []
        assert set(peaks.roles) == {AGENT}
        assert peaks.roles[AGENT] > 1_000_000
    finally:
        for process in (mine, other):
            process.communicate()
