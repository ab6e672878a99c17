"""A tool whose reader leaves early ends without a word."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.helpers.waiting import DEADLINE

ROOT = Path(__file__).resolve().parents[2]


def test_a_reader_that_leaves_is_no_error() -> None:
    argv = [sys.executable, str(ROOT / "tools/simulate.py"), "--peers", "4", "--pieces", "8"]
    tool = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert tool.stdout and tool.stderr
    tool.stdout.close()
    said = tool.stderr.read()
    assert (tool.wait(DEADLINE), said) == (0, b"")
