"""Finds a Python 3.9, the oldest that peers and agents run on, for tests that start both with it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Optional

VARIABLE = "WEFT_PYTHON39"
_CODE = "import sys; sys.exit(sys.version_info[:2] != (3, 9))"


@lru_cache(maxsize=1)
def python39() -> Optional[str]:
    """The path of one that runs; None where there is none."""
    return next((path for path in _candidates() if _runs(path)), None)


def _candidates() -> Iterator[str]:
    if os.environ.get(VARIABLE):
        yield os.environ[VARIABLE]
    if shutil.which("python3.9"):
        yield str(shutil.which("python3.9"))
    if shutil.which("pyenv"):
        root = subprocess.run(["pyenv", "root"], capture_output=True, text=True).stdout.strip()
        yield from (str(path) for path in sorted(Path(root).glob("versions/3.9.*/bin/python3.9")))


def _runs(path: str) -> bool:
    """A shim of pyenv is there for versions too that it doesn't run."""
    try:
        return subprocess.run([path, "-c", _CODE], stdin=subprocess.DEVNULL, capture_output=True).returncode == 0
    except OSError:
        return False
