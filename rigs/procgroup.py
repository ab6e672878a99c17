"""The processes of one run: started, watched, waited for with a deadline, ended whatever happens, and their cost."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Callable, Dict, List, Optional, Sequence, Type

from rigs import accounting
from rigs.errors import BenchError

SAMPLE_SECONDS = 0.2  # between two looks at the memory
STOP_SECONDS = 5.0  # that a process has after TERM

Launch = Callable[..., "subprocess.Popen[Any]"]


class Member:
    """One process. `code` is None while it runs; `cpu` (seconds) counts the children it waited for."""

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

    @property
    def last_words(self) -> str:
        """The last line that it wrote."""
        try:
            lines = self.log.read_text(errors="replace").strip().splitlines()
        except OSError:
            lines = []
        return lines[-1] if lines else "it said nothing"

    def sample(self) -> None:
        """Note what it holds just now."""
        self.peak = max(self.peak, accounting.peak_bytes(self.process.pid))
        self.files = max(self.files, accounting.open_files(self.process.pid))

    def reap(self) -> None:
        """Note how it ended; it has."""
        _, status, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = self.code = os.waitstatus_to_exitcode(status)
        self.cpu = usage.ru_utime + usage.ru_stime
        self.ended = time.time()
        os.close(self.handle)


class Crew:
    """The processes of one run; leaving the `with` block ends those that still run."""

    def __init__(self, sample_seconds: float = SAMPLE_SECONDS) -> None:
        self._sample_seconds = sample_seconds
        self.members: List[Member] = []
        self._poll = select.poll()
        self._running: Dict[int, Member] = {}
        self._next_sample = 0.0

    def start(self, name: str, launch: Launch, argv: Sequence[str], log: Path, **options: Any) -> Member:
        """Start a process through `launch`, which takes what Popen takes; what it says goes to `log`."""
        with open(log, "ab") as words:
            process = launch(list(argv), stdin=subprocess.DEVNULL, stdout=words, stderr=words, **options)
        member = Member(name, process, log)
        self.members.append(member)
        self._running[member.handle] = member
        self._poll.register(member.handle, select.POLLIN)
        return member

    def wait(self, done: Callable[[], bool], seconds: float, what: str, every: float = SAMPLE_SECONDS) -> None:
        """Return once `done()`; it is asked when a process ends, and every so many seconds. Raises BenchError."""
        deadline = time.monotonic() + seconds
        while not done():
            if time.monotonic() > deadline:
                raise BenchError(f"{what}: not within {seconds:.0f} s")
            self.look(every)

    def wait_ends(self, members: Sequence[Member], seconds: float, codes: Sequence[int] = (0,)) -> None:
        """Return once these have ended well. Raises BenchError as soon as one ends otherwise."""

        def over() -> bool:
            for member in members:
                if member.code is not None and member.code not in codes:
                    raise BenchError(f"{member.name}: exit code {member.code}: {member.last_words}")
            return all(member.code is not None for member in members)

        self.wait(over, seconds, members[0].name if len(members) == 1 else f"the ends of {len(members)} processes")

    def look(self, seconds: float) -> None:
        """Wait at most so long for ends, and note what memory is in use now and then."""
        for handle, _ in self._poll.poll(seconds * 1000):
            self._poll.unregister(handle)
            self._running.pop(handle).reap()
        if time.monotonic() >= self._next_sample:
            self._next_sample = time.monotonic() + self._sample_seconds
            for member in self._running.values():
                member.sample()

    def stop(self) -> None:
        """End all that run, with TERM and at last with KILL."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            for member in self._running.values():
                member.sample()
                signal.pidfd_send_signal(member.handle, number)  # Popen would reap one that has just ended
            deadline = time.monotonic() + STOP_SECONDS
            while self._running and time.monotonic() < deadline:
                self.look(0.05)

    @property
    def cpu(self) -> float:
        """Seconds of all that have ended."""
        return sum(member.cpu for member in self.members)

    def __enter__(self) -> "Crew":
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.stop()
