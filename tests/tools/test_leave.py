"""Tools whose reader leaves early end without a word."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import List

import pytest

from tests.waiting import DEADLINE

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "words", [["schema.py"], ["simulate.py", "--peers", "4", "--pieces", "8"]], ids=["schema", "simulate"]
)
def test_a_reader_that_leaves_is_no_error(words: List[str]) -> None:
    argv = [sys.executable, str(ROOT / "tools" / words[0]), *words[1:]]
    tool = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert tool.stdout and tool.stderr
    tool.stdout.close()
    said = tool.stderr.read()
    assert (tool.wait(DEADLINE), said) == (0, b"")
