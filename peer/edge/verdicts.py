"""Judges many things on the disk, such as pieces by their hashes, with as many threads as there are cores."""

from __future__ import annotations

import os
import queue
import threading
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Collection,
    Generic,
    Iterator,
    List,
    Mapping,
    Optional,
    Tuple,
    TypeVar,
    Union,
)

if TYPE_CHECKING:
    from peer.edge.payload import Payload

T = TypeVar("T")
V = TypeVar("V")
Verdict = Tuple[Any, Any]  # a thing, such as a piece, and what was found of it, such as whether it is right


def verdicts(
    judge: Callable[[T], V], things: Collection[T], is_over: Callable[[], bool] = lambda: False
) -> Iterator[Tuple[T, V]]:
    """What `judge` says of each thing, in the order in which the cores get done with them.

    It ends early once `is_over` says so. Raises what `judge` raises.
    """
    hands = _Hands(judge, things, is_over)
    try:
        yield from hands.results()
    finally:
        hands.end()


def by_hash(payload: Payload, prints: Mapping[int, bytes]) -> Callable[[int], bool]:
    """Judges pieces: whether the hash of each, as it lies on the disk, begins as `prints` says. Raises OSError."""
    return lambda piece: payload.hash_piece(piece)[: len(prints[piece])] == prints[piece]


class _Hands(Generic[T, V]):
    """The threads. Each takes the next thing from a common row."""

    def __init__(self, judge: Callable[[T], V], things: Collection[T], is_over: Callable[[], bool]) -> None:
        self._judge = judge
        self._left = iter(things)
        self._is_over = is_over
        self._ended = False
        self._lock = threading.Lock()  # for the row
        self._done: "queue.SimpleQueue[Union[Verdict, Exception, None]]" = queue.SimpleQueue()
        count = min(os.cpu_count() or 1, len(things))
        self._threads: List[threading.Thread] = [
            threading.Thread(target=self._judge_some, name=f"check-{number}", daemon=True) for number in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def results(self) -> Iterator[Tuple[T, V]]:
        """Until every thread has ended."""
        running = len(self._threads)
        while running:
            done = self._done.get()
            if isinstance(done, Exception):
                raise done
            if done is None:
                running -= 1
            else:
                yield done

    def end(self) -> None:
        """Take no more, and wait for what is being judged."""
        self._ended = True
        for thread in self._threads:
            thread.join()

    def _judge_some(self) -> None:
        try:
            thing = self._next()
            while thing is not None:
                self._done.put((thing, self._judge(thing)))
                thing = self._next()
            self._done.put(None)
        except Exception as error:  # raised again by `results`
            self._done.put(error)

    def _next(self) -> Optional[T]:
        with self._lock:
            return None if self._ended or self._is_over() else next(self._left, None)
