"""Runs `fab` as a person would type it, in a folder of its own, and says what came out."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from fabric.main import program

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 100  # for a `fab` that runs in a process of its own


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


def fab(folder: Path, *arguments: str, home: Path | None = None) -> Ran:
    """Run `fab` in `folder`, which is its home too where `home` is none.

    In this process: a new one would load for as long as most tasks take. `begun` has its own.
    """
    out, err = io.StringIO(), io.StringIO()
    with _at(folder, home or folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            program.run(["fab", "--search-root", str(ROOT), *arguments])
            code: Any = 0
        except SystemExit as end:
            code = end.code or 0
    return Ran(code, out.getvalue(), err.getvalue())


@contextlib.contextmanager
def _at(folder: Path, home: Path) -> Iterator[None]:
    """While the body runs, this process works in `folder`, and has that home."""
    before, own, path = os.getcwd(), os.environ.get("HOME", ""), list(sys.path)
    os.chdir(folder)
    os.environ["HOME"] = str(home)
    try:
        yield
    finally:
        os.chdir(before)
        os.environ["HOME"] = own
        sys.path[:] = path
