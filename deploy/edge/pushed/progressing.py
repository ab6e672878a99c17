"""A program of this machine that tells how far it is, as numbers on standard error, while it runs."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

_LOOK_SECONDS = 0.3


def run_with_progress(command: Sequence[str], folder: Path, look: Callable[[int], None]) -> tuple[int, str, str]:
    """Run it in `folder`; its exit code, what it printed, and what it said. `look` gets the last number it has told."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        try:
            while process.poll() is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_LOOK_SECONDS)
                look(_last_number(_text(err)))
        finally:
            process.kill()
            process.wait()
        return process.returncode, _text(out), _text(err)


def _text(file: IO[bytes]) -> str:
    """What is in the file. Its place stays: the program writes at it."""
    return os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0).decode(errors="replace")


def _last_number(text: str) -> int:
    return int(next((line for line in reversed(text.split("\n")[:-1]) if line.isdecimal()), 0))
