"""The buffers into which a reader receives, their size, and how many bytes are worth waking it up for."""

from __future__ import annotations

from typing import List, Tuple

HEAD_READ = 32 * 1024  # while no piece is under way: small messages, or a complete small piece
LEAST_READ, USUAL_READ, MOST_READ = 16 * 1024, 256 * 1024, 1024 * 1024
SLOW_READ = 0.25  # seconds: a read that took longer is made smaller next time, so that the byte counts stay fresh


class Buffers:
    """One buffer for a connection's life, or two large ones that alternate while another thread hashes."""

    def __init__(self) -> None:
        self._size = MOST_READ
        self._usual = memoryview(bytearray(USUAL_READ))
        self._turns: List[memoryview] = []

    def next(self, left: int, parallel: bool) -> Tuple[memoryview, int]:
        """The buffer for the next read, and how many bytes are worth a wake-up.

        `left`: bytes that the current piece lacks; `parallel`: its last part is in use.
        """
        buffer = self._other() if parallel else self._usual
        if not left:
            return buffer[:HEAD_READ], 1
        buffer = buffer[: min(left, self._size)]
        return buffer, len(buffer)

    def _other(self) -> memoryview:
        """The large buffer that isn't in use."""
        self._turns = self._turns[::-1] or [memoryview(bytearray(MOST_READ)) for _ in range(2)]
        return self._turns[0]

    def took(self, seconds: float) -> None:
        """Note how long the last read took: the next one is larger, or after a slow one smaller."""
        if seconds > SLOW_READ:
            self._size = max(LEAST_READ, self._size // 4)
        elif self._size < MOST_READ:
            self._size = min(MOST_READ, self._size * 2)
