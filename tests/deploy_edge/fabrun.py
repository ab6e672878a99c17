"""Runs `fab` as a person would, in a folder of its own, and says what came out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 100


class Ran(NamedTuple):
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def records(self) -> list[dict[str, Any]]:
        """The objects of `--json`."""
        return [json.loads(line) for line in self.out.splitlines()]


def fab_command(*arguments: str) -> list[str]:
    """The command line of `fab` with the tasks of this checkout."""
    return [sys.executable, "-m", "fabric", "--search-root", str(ROOT), *arguments]


def fab_environment(home: Path) -> dict[str, str]:
    """An environment whose home is a test's own."""
    return {**os.environ, "HOME": str(home), "PYTHONPATH": str(ROOT)}


def fab(folder: Path, *arguments: str) -> Ran:
    """Run `fab` in `folder`, which is its home too."""
    ended = subprocess.run(
        fab_command(*arguments),
        cwd=folder,
        env=fab_environment(folder),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    return Ran(ended.returncode, ended.stdout, ended.stderr)
