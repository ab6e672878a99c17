"""Runs a target without looking inside it: inputs by chance from the corpus, the same for the same seed.

For machines without atheris, and for the test suite.
"""

from __future__ import annotations

import signal
import time
from pathlib import Path
from random import Random
from typing import Any, NamedTuple, Optional, Tuple

from rigs.fuzzing import corpus
from rigs.fuzzing.mutate import Mutator
from rigs.fuzzing.targets import Target, describe

HANG_SECONDS = 20  # that one input may take


class Ran(NamedTuple):
    """What came of a target: inputs, seconds, and for each finding the input's path and the error in one line."""

    inputs: int
    seconds: float
    findings: Tuple[Tuple[Path, str], ...] = ()


def run(name: str, target: Target, runs: int, seconds: float, seed: int, root: Path = corpus.ROOT) -> Ran:
    """All kept inputs, then new ones, up to `runs` in all or `seconds`; the first finding ends it and is kept."""
    kept = corpus.load(name, root)
    mutator = Mutator(target, kept, Random(f"{name} {seed}"))
    begin = time.monotonic()
    done = 0
    with _Watch():
        while done < max(runs, len(kept)) and time.monotonic() - begin < seconds:
            data = kept[done] if done < len(kept) else mutator.next()
            done += 1
            trouble = _tried(target, data)
            if trouble:
                path = corpus.save(name, data, root, corpus.FINDING)
                return Ran(done, time.monotonic() - begin, ((path, trouble),))
    return Ran(done, time.monotonic() - begin)


def _tried(target: Target, data: bytes) -> Optional[str]:
    """What a target makes of an input: None, or the error in one line."""
    signal.alarm(HANG_SECONDS)
    try:
        target.run(data)
    except Exception as error:
        return describe(error)
    return None


class _Watch:
    """While the block runs, an input that hangs is an error like others. In the main thread only."""

    def __enter__(self) -> None:
        self._before = signal.signal(signal.SIGALRM, self._ring)

    def __exit__(self, *_: Any) -> None:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, self._before)

    @staticmethod
    def _ring(*_: Any) -> None:
        raise TimeoutError(f"no end after {HANG_SECONDS} seconds")
