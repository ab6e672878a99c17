"""Large simulations run the same code compiled by mypyc (it comes with mypy): twice as fast, and alike to the bit.

The compiled copy lies below .mypy_cache, under a name made from the sources, and is made once for each state of them.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import List, Optional

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".mypy_cache" / "simulate"
COMPILED = (
    *(f"peer/core/{name}.py" for name in
      ("announcing", "asking", "bits", "crossing", "eventlog", "events", "fetcher", "leaving", "neighbour", "news",
       "picker", "pieces", "swarm", "uploader")),
    *(f"tools/sim/{name}.py" for name in ("clock", "wires", "world")),
)  # fmt: skip
COPIED = ("peer/*.py", "peer/core/*.py", "peer/edge/*.py", "tools/*.py", "tools/sim/*.py")
SECONDS = 300.0  # that compiling may take
KEPT = 2  # copies, the newest of which is in use


def obstacle() -> str:
    """Why nothing can be compiled here; "" if it can."""
    if not importlib.util.find_spec("mypyc"):
        return "mypyc is not installed: pip install mypy"
    compiler = (sysconfig.get_config_var("CC") or "cc").split()[0]
    return "" if shutil.which(compiler) else f"there is no C compiler ({compiler})"


def folder() -> Optional[Path]:
    """The checkout's compiled copy, made now where there is none; None if that fails."""
    sources = sorted(path for pattern in COPIED for path in ROOT.glob(pattern))
    found = CACHE / _name(sources)
    if not found.exists():
        try:
            _make(sources, found)
        except (OSError, subprocess.SubprocessError):  # or another was faster at making it
            return found if found.exists() else None
    return found


def _name(sources: List[Path]) -> str:
    digest = hashlib.sha256(sys.version.encode())
    for path in sources:
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _make(sources: List[Path], found: Path) -> None:
    part = found.with_name(f"{found.name}.{os.getpid()}")
    try:
        for path in sources:
            target = part / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
        command = [sys.executable, "-m", "mypyc", *COMPILED]
        subprocess.run(command, cwd=part, capture_output=True, check=True, timeout=SECONDS)
        part.rename(found)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    for old in sorted(CACHE.iterdir(), key=os.path.getmtime)[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)
