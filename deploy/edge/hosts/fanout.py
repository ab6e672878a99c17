"""The same work on many hosts simultaneously: a result or an error for each, and no host waits for another."""

from __future__ import annotations

import math
import queue
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from deploy.core.ownplace import is_refusal, refused_here
from deploy.edge.hosts.errors import HostError, unreachable
from peer.core.errors import system_words

T = TypeVar("T")
WIDTH = 64  # hosts at a time
_LOOK_SECONDS = 0.5


def fan_out(
    names: Iterable[str],
    work: Callable[[str], T],
    silence: float,
    hang_up: Callable[[str], object],
    quiet: Callable[[str], float] = lambda _: math.inf,
    width: int = WIDTH,
    look: Callable[[list[str]], object] = lambda _: None,
) -> dict[str, T | HostError]:
    """`work(name)` for each name; its value, or the HostError it raised, in the order of names.

    Each host has `silence` seconds from the moment its work begins, and as many again from each sign that it goes
    forward: `quiet(name)` are the seconds since the last. The work has shorter deadlines of its own, so this one
    catches only what hangs in spite of them: `hang_up(name)` then has to make it end. Ctrl-C hangs up on all.
    `look` is called about twice a second, in this thread, with the names that aren't done yet.
    """
    started: dict[str, float] = {}
    done: queue.SimpleQueue[str] = queue.SimpleQueue()

    def begin(name: str) -> T | HostError:
        started[name] = time.monotonic()
        try:
            return work(name)
        finally:
            done.put(name)

    def late(name: str) -> bool:
        return name in started and min(time.monotonic() - started[name], quiet(name)) > silence

    order = list(dict.fromkeys(names))
    pool = ThreadPoolExecutor(min(width, len(order)) or 1, thread_name_prefix="host")
    futures = {name: pool.submit(begin, name) for name in order}
    results: dict[str, T | HostError] = {}
    look_at = time.monotonic()
    try:
        while len(results) < len(order):
            if time.monotonic() >= look_at:  # seldom: it walks through all hosts
                look_at = time.monotonic() + _LOOK_SECONDS
                waiting = [name for name in order if name not in results]
                look(waiting)
                for name in filter(late, waiting):
                    results[name] = unreachable(f"no progress for {silence:.0f} s", "is the host overloaded?")
                    hang_up(name)
            ended = _next(done, look_at - time.monotonic())
            if ended is not None and ended not in results:  # one that was given up may end all the same
                results[ended] = _value(futures[ended])
    except BaseException:
        for name in order:
            hang_up(name)
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return {name: results[name] for name in order}


def _next(done: queue.SimpleQueue[str], seconds: float) -> str | None:
    try:
        return done.get(timeout=max(0.0, seconds))
    except queue.Empty:
        return None


def _value(future: Future[T]) -> T | HostError:
    try:
        return future.result()
    except HostError as error:
        return error
    except EOFError as error:
        return HostError(system_words(error))
    except OSError as error:  # what a host's system refuses comes as a HostError
        return HostError(*refused_here(error)) if is_refusal(error) else HostError(system_words(error))
