"""Ends a scenario at its n-th change of the disk, as SIGKILL or a power cut would, and tells what survived.

A crash is an exception that nothing in the program catches; the file descriptors of the dead are closed, and what it
had in hand is lost. `cut_short` lets the last write through by half. `power_cut` undoes, on top, what was written to a
file since its last sync, which is the worst that a file system may do to data.
"""

from __future__ import annotations

import contextlib
import os
from typing import Any, Callable, Dict, Iterator, List, Tuple

from peer.edge import payload
from peer.edge.ours import naming

AT_ONCE = "sync_file_system"  # as peer/edge/payload.py calls it
RENAMES = "_renamed"  # of peer/edge/ours/naming.py, which asks the system itself
PLACES = {AT_ONCE: payload, RENAMES: naming}  # of what isn't called as os.something
CHANGES = (
    "pwrite",
    "write",
    "fsync",
    "rename",
    "replace",
    "unlink",
    "rmdir",
    "ftruncate",
    "chmod",
    "fchmod",
    "utime",
    "mkdir",
)


class Crash(BaseException):
    """The process is no more."""


class Saboteur:
    """`calls`: changes seen so far. The one numbered `at` (from 0) doesn't happen, nor anything after it."""

    def __init__(self, at: int, cut_short: bool = False, power_cut: bool = False) -> None:
        self.calls = 0
        self._at = at
        self._cut_short = cut_short
        self._power_cut = power_cut
        self._real: Dict[str, Callable[..., Any]] = {
            name: getattr(PLACES.get(name, os), name) for name in (*CHANGES, *PLACES)
        }
        self._unsynced: Dict[int, List[Tuple[str, int, int]]] = {}  # inode -> path, offset, length

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        """While the block runs, changes of the disk are counted, and one is the last."""
        for name in self._real:
            setattr(PLACES.get(name, os), name, self._watched(name))
        try:
            yield
        except Crash:
            self._restore()
            self._lose_unsynced()
        finally:
            self._restore()

    def _restore(self) -> None:
        for name, call in self._real.items():
            setattr(PLACES.get(name, os), name, call)

    def _watched(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            if self.calls >= self._at:
                if self.calls == self._at and self._cut_short and name in ("pwrite", "write"):
                    self._write_half(name, *arguments)
                self.calls += 1
                raise Crash
            self.calls += 1
            if name == "fsync":
                self._unsynced.pop(os.fstat(arguments[0]).st_ino, None)
                return None
            if name == AT_ONCE:
                self._unsynced.clear()
                return True
            if name == "pwrite":
                self._note(*arguments)
            return self._real[name](*arguments, **options)

        return call

    def _write_half(self, name: str, descriptor: int, data: Any, *offset: int) -> None:
        half = bytes(data)[: len(data) // 2]
        self._real[name](descriptor, half, *offset)
        if name == "pwrite":
            self._note(descriptor, half, *offset)

    def _note(self, descriptor: int, data: Any, offset: int) -> None:
        info = os.fstat(descriptor)
        path = os.readlink(f"/proc/self/fd/{descriptor}") if self._power_cut else ""
        self._unsynced.setdefault(info.st_ino, []).append((path, offset, len(data)))

    def _lose_unsynced(self) -> None:
        for writes in self._unsynced.values() if self._power_cut else ():
            for path, offset, length in writes:
                with open(path, "r+b") as file:
                    file.seek(offset)
                    file.write(bytes(length))
