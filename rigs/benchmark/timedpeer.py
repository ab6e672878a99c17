"""A peer that times its own trace: python -m rigs.benchmark.timedpeer 1001 --dir FOLDER. All else is `python -m peer`.

Around each call that belongs to the trace it reads the CPU clock of its thread, which stands still while other
threads and programs run. At its end the sums are in timed_<id>.json. Standard library only, as the peer.
"""

from __future__ import annotations

import functools
import importlib
import json
import os
import sys
import time
from typing import Any, Callable, Dict, List, NamedTuple, Tuple

from peer.core import noted, trace, tracer
from peer.edge import statusfile, tracefile
from peer.edge.commands import main
from peer.edge.papers import Papers
from peer.edge.tracefile import TraceFile

_MODULES = (trace, tracer, tracefile, noted)
_CALLS: Tuple[Tuple[Any, str], ...] = (
    (Papers, "_room_for_trace"),
    (TraceFile, "__init__"),
    (TraceFile, "note"),
    (TraceFile, "parted"),
    (TraceFile, "status"),
    (TraceFile, "close"),
    (statusfile, "format_noted"),
)
_LOOKS = 2000  # at the clock, to learn what one costs


class Timed(NamedTuple):
    """CPU seconds of the peer's process, those of them that its trace took, and how many calls these were."""

    process: float
    trace: float
    calls: int


def name_of(peer: int) -> str:
    """The file of a peer's sums."""
    return f"timed_{peer}.json"


def read(path: "os.PathLike[str]") -> Timed:
    """What a peer wrote at its end."""
    with open(path) as file:
        return Timed(**json.load(file))


class Stopwatch:
    """CPU seconds and number of calls, by one thread or another."""

    def __init__(self) -> None:
        self.seconds: Dict[str, float] = {}
        self.calls: Dict[str, int] = {}

    def around(self, place: Any, name: str) -> None:
        """Time each call of `place.name` from now on."""
        call: Callable[..., Any] = getattr(place, name)
        clock, seconds, calls = time.thread_time, self.seconds, self.calls
        seconds[name] = calls[name] = 0

        @functools.wraps(call)
        def timed(*words: Any) -> Any:
            clock()  # brings the clock itself into the processor's caches
            begun = clock()
            try:
                return call(*words)
            finally:
                seconds[name] += clock() - begun
                calls[name] += 1

        setattr(place, name, timed)


def _look() -> float:
    """CPU seconds that a reading of the clock adds to what is timed."""
    clock = time.thread_time
    found = sorted(-(clock() - clock()) for _ in range(_LOOKS))
    return found[len(found) // 2]


def _loading() -> float:
    """CPU seconds to load the trace's modules."""
    begun = time.thread_time()
    for module in _MODULES:
        importlib.reload(module)
    return time.thread_time() - begun


def run(arguments: List[str]) -> int:
    watch = Stopwatch()
    for place, name in _CALLS:
        watch.around(place, name)
    known: Dict[str, str] = dict(zip(arguments, arguments[1:]))
    try:
        return main(arguments)
    finally:
        process, calls = time.process_time(), sum(watch.calls.values())
        spent = sum(watch.seconds.values()) - calls * _look() + _loading()
        with open(os.path.join(known["--dir"], name_of(int(arguments[0]))), "w") as file:
            json.dump(Timed(process, spent, calls)._asdict(), file)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
