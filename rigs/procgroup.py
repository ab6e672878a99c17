"""The processes of one run: started, watched, waited for with a deadline, ended whatever happens, and their cost."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Callable, List, Optional, Sequence, Type

from rigs import accounting
from rigs.errors import RigError

SAMPLE_SECONDS = 0.2  # between two looks at the memory
STOP_SECONDS = 5.0  # that a process has after each signal

Launch = Callable[..., "subprocess.Popen[Any]"]


class Child:
    """One process. `code` is None until its end was seen; `cpu` (seconds) counts the children it waited for."""

    def __init__(self, name: str, process: "subprocess.Popen[Any]", log: Path) -> None:
        self.name = name
        self.process = process
        self.log = log
        self.handle = os.pidfd_open(process.pid)
        self.code: Optional[int] = None
        self.cpu = 0.0
        self.peak = 0
        self.files = 0
        self.begun = time.time()
        self.ended = 0.0
        self._reaping = threading.Lock()

    @property
    def last_words(self) -> str:
        """The last line that it wrote."""
        try:
            lines = self.log.read_text(errors="replace").strip().splitlines()
        except OSError:
            lines = []
        return lines[-1] if lines else "it said nothing"

    def wait(self, seconds: float) -> bool:
        """Whether it has ended; waits for that at most so long."""
        if self.code is None:
            poll = select.poll()
            poll.register(self.handle, select.POLLIN)
            if poll.poll(seconds * 1000):
                with self._reaping:  # another thread may have looked too
                    self._reap()
        return self.code is not None

    def signal(self, number: int) -> None:
        """Send it a signal, if it is still there. (Popen would reap one that has just ended, and lose its cost.)"""
        with suppress(OSError):
            if self.code is None:
                signal.pidfd_send_signal(self.handle, number)

    def sample(self) -> None:
        """Note what it holds just now."""
        self.peak = max(self.peak, accounting.peak_bytes(self.process.pid))
        self.files = max(self.files, accounting.open_files(self.process.pid))

    def _reap(self) -> None:
        if self.code is not None:
            return
        _, status, usage = os.wait4(self.process.pid, 0)
        self.cpu = usage.ru_utime + usage.ru_stime
        self.ended = time.time()
        self.process.returncode = self.code = os.waitstatus_to_exitcode(status)
        os.close(self.handle)


class ProcessGroup:
    """The processes of one run; leaving the `with` block ends those that still run."""

    def __init__(self, sample_seconds: float = SAMPLE_SECONDS) -> None:
        self._sample_seconds = sample_seconds
        self._next_sample = 0.0
        self.children: List[Child] = []

    def start(self, name: str, launch: Launch, argv: Sequence[str], log: Path, **options: Any) -> Child:
        """Start a process through `launch`, which takes what Popen takes; what it says is added to `log`."""
        with open(log, "ab") as words:
            process = launch(list(argv), stdin=subprocess.DEVNULL, stdout=words, stderr=words, **options)
        self.children.append(Child(name, process, log))
        return self.children[-1]

    def wait(self, done: Callable[[], bool], seconds: float, what: str, every: float = SAMPLE_SECONDS) -> None:
        """Return once `done()`; it is asked when a process ends, and every so many seconds. Raises RigError."""
        deadline = time.monotonic() + seconds
        while not done():
            if time.monotonic() > deadline:
                raise RigError(f"{what}: not within {seconds:.0f} s")
            self.look(every)

    def wait_ends(self, children: Sequence[Child], seconds: float, codes: Sequence[int] = (0,)) -> None:
        """Return once these have ended well. Raises RigError as soon as one ends otherwise."""

        def over() -> bool:
            for child in children:
                if child.code is not None and child.code not in codes:
                    raise RigError(f"{child.name}: exit code {child.code}: {child.last_words}")
            return all(child.code is not None for child in children)

        self.wait(over, seconds, children[0].name if len(children) == 1 else f"the ends of {len(children)} processes")

    def look(self, seconds: float) -> None:
        """Wait at most so long for ends, and note what memory is in use now and then."""
        running = {child.handle: child for child in self._running}
        poll = select.poll()
        for handle in running:
            poll.register(handle, select.POLLIN)
        for handle, _ in poll.poll(seconds * 1000):
            running[handle].wait(0)
        if time.monotonic() >= self._next_sample:
            self._next_sample = time.monotonic() + self._sample_seconds
            self._sample()

    def stop(self, numbers: Sequence[int] = (signal.SIGTERM, signal.SIGKILL)) -> None:
        """End all that run, with one signal after the other."""
        for number in numbers:
            self._sample()
            for child in self._running:
                child.signal(number)
            deadline = time.monotonic() + STOP_SECONDS
            while self._running and time.monotonic() < deadline:
                self.look(0.05)

    @property
    def cpu(self) -> float:
        """Seconds of all that have ended."""
        return sum(child.cpu for child in self.children)

    @property
    def _running(self) -> List[Child]:
        return [child for child in self.children if child.code is None]

    def _sample(self) -> None:
        for child in self._running:
            child.sample()

    def __enter__(self) -> "ProcessGroup":
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.stop()
