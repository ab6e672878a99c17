"""Runs a target under atheris (libFuzzer for Python), which follows new code.

libFuzzer ends its process when it is through or has a finding, so each target gets a process of its own
(`rigs.fuzzing.followed`), whose last words are read here.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import List

from rigs.fuzzing import corpus
from rigs.fuzzing.blind import HANG_SECONDS, Ran

MEMORY_MIB = 1024
MOST_KEPT = 40  # inputs a target: each is replayed by the test suite
_RUNS = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
_ERROR = re.compile(r"Uncaught Python exception: ===\n(.*)")


def is_there() -> bool:
    """Whether atheris is installed."""
    return importlib.util.find_spec("atheris") is not None


def run(name: str, runs: int, seconds: float, seed: int, keep: bool, root: Path = corpus.ROOT) -> Ran:
    """Fuzz one target; with `keep`, inputs that reach new code join the corpus."""
    with tempfile.TemporaryDirectory(prefix="weft-fuzz-") as place:
        grown = corpus.folder_of("grown", Path(place))
        options = [f"-runs={runs}", f"-seed={seed + 1}", f"-artifact_prefix={place}/", "-print_final_stats=1"]
        options += [f"-max_total_time={int(seconds) + 1}"] if seconds < float("inf") else []
        begin = time.monotonic()
        said = _spawn(name, [*options, str(grown), str(corpus.folder_of(name, root))])
        spent = time.monotonic() - begin
        counted = _RUNS.search(said)
        findings = [
            (corpus.save(name, path.read_bytes(), root, corpus.FINDING), _words(said))
            for kind in ("crash-*", "timeout-*", "oom-*")
            for path in Path(place).glob(kind)
        ]
        if not counted and not findings:
            raise RuntimeError(f"{name}: atheris gave up: {said[-400:]}")
        if keep and not findings:
            _keep(name, [path.read_bytes() for path in grown.iterdir()], root)
        return Ran(int(counted.group(1)) if counted else 0, spent, tuple(findings))


def _keep(name: str, grown: List[bytes], root: Path) -> None:
    """Let inputs that reached new code join the corpus, the shortest first, until it is full."""
    room = max(0, MOST_KEPT - len(corpus.load(name, root)))
    for data in sorted(grown, key=lambda one: (len(one), one))[:room]:
        corpus.save(name, data, root)


def _spawn(name: str, options: List[str]) -> str:
    limits = [f"-timeout={HANG_SECONDS}", f"-rss_limit_mb={MEMORY_MIB}"]
    command = [sys.executable, "-m", "rigs.fuzzing.followed", name, *options, *limits]
    # libFuzzer speaks on one stream, Python on the other.
    done = subprocess.run(
        command,
        cwd=corpus.ROOT.parents[1],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    return done.stdout


def _words(said: str) -> str:
    found = _ERROR.search(said)
    return found.group(1).strip()[:200] if found else "no end in time, or too much memory"
