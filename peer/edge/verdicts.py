"""Hashes pieces that lie on the disk, with as many threads as there are cores, and tells which of them are right."""

from __future__ import annotations

import os
import queue
import threading
from typing import Callable, Collection, Iterator, List, Mapping, Optional, Tuple, Union

from peer.edge.payload import Payload

Verdict = Tuple[int, bool]  # a piece, and whether it is right


def verdicts(
    payload: Payload,
    prints: Mapping[int, bytes],
    pieces: Collection[int],
    is_over: Callable[[], bool] = lambda: False,
) -> Iterator[Verdict]:
    """Whether each piece's hash begins as `prints` says, in the order in which the cores get done with them.

    It ends early once `is_over` says so. Raises OSError.
    """
    hands = _Hands(payload, prints, pieces, is_over)
    try:
        yield from hands.results()
    finally:
        hands.end()


class _Hands:
    """The threads. Each takes the next piece from a common row."""

    def __init__(
        self, payload: Payload, prints: Mapping[int, bytes], pieces: Collection[int], is_over: Callable[[], bool]
    ) -> None:
        self._payload = payload
        self._prints = prints
        self._left = iter(pieces)
        self._is_over = is_over
        self._ended = False
        self._lock = threading.Lock()  # for the row
        self._done: "queue.SimpleQueue[Union[Verdict, Exception, None]]" = queue.SimpleQueue()
        count = min(os.cpu_count() or 1, len(pieces))
        self._threads: List[threading.Thread] = [
            threading.Thread(target=self._hash_some, name=f"check-{number}", daemon=True) for number in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def results(self) -> Iterator[Verdict]:
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
        """Take no more pieces, and wait for those that are being hashed."""
        self._ended = True
        for thread in self._threads:
            thread.join()

    def _hash_some(self) -> None:
        try:
            piece = self._next()
            while piece is not None:
                wanted = self._prints[piece]
                self._done.put((piece, self._payload.hash_piece(piece)[: len(wanted)] == wanted))
                piece = self._next()
            self._done.put(None)
        except Exception as error:  # raised again by `results`
            self._done.put(error)

    def _next(self) -> Optional[int]:
        with self._lock:
            return None if self._ended or self._is_over() else next(self._left, None)
