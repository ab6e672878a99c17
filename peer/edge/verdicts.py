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

LOOK_SECONDS = 1.0  # between two looks at whether it goes on
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


def verdicts_while(
    goes_on: Callable[[], bool], judge: Callable[[T], V], things: Collection[T]
) -> Iterator[Tuple[T, V]]:
    """The same as long as `goes_on`; then threads that are at work are given up: one that waits for a dead disk can't
    end."""
    hands = _Hands(judge, things, lambda: False)
    try:
        yield from hands.results(goes_on)
    finally:
        hands.take_no_more()


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

    def results(self, goes_on: Optional[Callable[[], bool]] = None) -> Iterator[Tuple[T, V]]:
        """Until every thread has ended, or it doesn't go on."""
        running = len(self._threads)
        while running and (goes_on is None or goes_on()):
            try:
                done = self._done.get(timeout=LOOK_SECONDS if goes_on else None)
            except queue.Empty:
                continue
            if isinstance(done, Exception):
                raise done
            if done is None:
                running -= 1
            else:
                yield done

    def take_no_more(self) -> None:
        """The rest of the row isn't judged."""
        self._ended = True

    def end(self) -> None:
        """Take no more, and wait for what is being judged."""
        self.take_no_more()
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
