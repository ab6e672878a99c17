"""One deadline, carried through all the steps that share it; for work of any length, one that progress renews."""

from __future__ import annotations

import time


class Deadline:
    """A moment on the monotonic clock, `seconds` after it was made."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._until = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds that are left, always above 0. Raises TimeoutError once none are."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"not done within {self.seconds:.0f} s")
        return left

    def leaves(self, seconds: float) -> bool:
        """Whether more than so many seconds are left."""
        return self._until - time.monotonic() > seconds

    @property
    def passed(self) -> bool:
        """Whether the moment is over."""
        return not self.leaves(0)

    def renew(self) -> None:
        """Something went forward, which moves no moment."""


class Silence(Deadline):
    """A deadline `seconds` after the last sign of progress."""

    def renew(self) -> None:
        """Something went forward: as many seconds again."""
        self._until = time.monotonic() + self.seconds

    @property
    def age(self) -> float:
        """Seconds since the last sign."""
        return time.monotonic() - self._until + self.seconds
