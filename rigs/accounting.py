"""What processes cost, as /proc tells it: CPU seconds, peak memory, open files."""

from __future__ import annotations

import os
import time
from typing import Iterable, NamedTuple, Optional

_TICKS = os.sysconf("SC_CLK_TCK")
NOISE = 0.05  # share of the CPU that other programs may take before a run is called disturbed
_UTIME = 11  # in /proc/PID/stat, counted after the name: utime, stime and both of the children that were waited for


def cpu_seconds(pid: int, children: bool = True) -> float:
    """User and system time of a process, and of those of its children that have ended; 0 if it is gone."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[_UTIME : _UTIME + (4 if children else 2)])) / _TICKS


def total_cpu(pids: Iterable[int]) -> float:
    return sum(cpu_seconds(pid) for pid in pids)


class Machine(NamedTuple):
    """CPU seconds of all cores since the start of the machine: `busy` in programs and the kernel's work for them."""

    busy: float
    idle: float

    def since(self, earlier: "Machine") -> "Machine":
        return Machine(self.busy - earlier.busy, self.idle - earlier.idle)


def machine_cpu() -> Machine:
    with open("/proc/stat") as file:
        ticks = [int(field) for field in file.readline().split()[1:]]
    user, nice, system, idle, waiting = ticks[:5]
    return Machine((user + nice + system) / _TICKS, (idle + waiting) / _TICKS)


def wait_calm(seconds: float) -> bool:
    """Wait until nobody uses the machine for a second, at most so many seconds; whether it came to that."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        before = machine_cpu()
        time.sleep(1.0)
        passed = machine_cpu().since(before)
        if passed.busy <= NOISE * sum(passed):
            return True
    return False


class Shares(NamedTuple):
    """Shares of the machine's CPU time: what other programs took, and what nobody did."""

    others: float
    idle: float


class Watch:
    """Who used the machine from now on."""

    def __init__(self) -> None:
        self._machine = machine_cpu()
        self._own = own_cpu()

    def stop(self, measured: float) -> Shares:
        """`measured`: CPU seconds that belong to what was measured; this process's own are nobody else's either."""
        passed = machine_cpu().since(self._machine)
        total = max(1e-9, sum(passed))
        others = passed.busy - measured - (own_cpu() - self._own)
        return Shares(max(0.0, others) / total, passed.idle / total)


def own_cpu() -> float:
    """CPU seconds of this very process, without its children."""
    times = os.times()
    return times.user + times.system


def peak_bytes(pid: int) -> int:
    """The most memory that a process has held so far; 0 if it is gone.

    Not ru_maxrss: that one begins with the memory of whoever started the process.
    """
    return _status_kib(pid, "VmHWM:") * 1024


def available_bytes() -> int:
    """Memory that programs could still take."""
    with open("/proc/meminfo") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("MemAvailable:")) * 1024


def open_files(pid: int) -> int:
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return 0


def _status_kib(pid: int, name: str) -> int:
    line = _status_line(pid, name)
    return int(line.split()[1]) if line else 0


def _status_line(pid: int, name: str) -> Optional[str]:
    try:
        with open(f"/proc/{pid}/status") as file:
            return next((line for line in file if line.startswith(name)), None)
    except OSError:
        return None
