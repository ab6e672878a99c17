"""One `fab up` as a process, of this checkout or of another, and what it told at its end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

from peer.core import folder as names
from rigs import accounting
from rigs.errors import RigError
from rigs.procgroup import Child, ProcessGroup

LOOK_SECONDS = 0.3  # between two looks at the peers
SAID, ERRORS = "fab.jsonl", "fab.txt"

Pids = Callable[[], Iterable[int]]


class Walked(NamedTuple):
    """Seconds from the command to the prompt, and of the phases that it told; CPU seconds of operator and peers.

    `peak`: bytes of the peer that took most; `child`: the operator's process, ended; `used`: its CPU seconds at times.
    """

    seconds: float
    phases: Dict[str, float]
    operator: float
    peers: float
    peak: int
    child: Child
    used: List[Tuple[float, float]]

    def used_between(self, begin: float, end: float) -> float:
        """The operator's CPU seconds from one time to another (since the epoch), as well as it was looked at."""
        before = [used for when, used in self.used if when <= begin]
        until = [used for when, used in self.used if when <= end]
        return (until[-1] if until else 0.0) - (before[-1] if before else 0.0)


class Peers:
    """What the peers among some processes have cost so far, by looking now and then."""

    def __init__(self, pids: Pids) -> None:
        self._pids = pids
        self._cpu: Dict[int, float] = {}
        self.peak = 0

    def look(self) -> None:
        for pid in self._pids():
            if is_peer(pid):
                self.peak = max(self.peak, accounting.peak_bytes(pid))
                self._cpu[pid] = max(self._cpu.get(pid, 0.0), accounting.cpu_seconds(pid))

    @property
    def cpu(self) -> float:
        return sum(self._cpu.values())


def is_peer(pid: int, below: str = "") -> bool:
    """Whether it is a deployed peer; with `below`, one whose code lies below that folder."""
    return command_of(pid, below) == ""


def command_of(pid: int, below: str = "") -> Optional[str]:
    """The command of a process that runs a peer's code, such as "manifest", "" for a peer; None for another one."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return None
    for word, after in zip(words, words[1:]):
        if word.endswith(f"/{names.CODE}".encode()) and word.startswith(os.fsencode(below)):
            return after.decode() if after in COMMANDS else ""
    return None


COMMANDS = (b"manifest", b"generate", b"sha256", b"fetch")  # that agents have its code run for
FAB = ("-m", "fabric")  # what Python is to run


def command(checkout: Path, folder: Path, *words: str, fab: Sequence[str] = FAB) -> Tuple[List[str], Dict[str, Any]]:
    """What runs a checkout's `fab` with these words in a folder, which is its home too: argv, and options for Popen."""
    environment = {**os.environ, "HOME": str(folder), "PYTHONPATH": str(checkout)}
    argv = [sys.executable, *fab, "--search-root", str(checkout), *words]
    return argv, {"cwd": str(folder), "env": environment}


def walk(
    group: ProcessGroup,
    checkout: Path,
    inventory: Path,
    pids: Pids,
    seconds: float,
    fab: Sequence[str] = FAB,
    more: Sequence[str] = (),
    task: str = "up",
) -> Walked:
    """Run it, or another `task`, in the inventory's folder, which is its home too, with `more` options.

    Raises RigError with its words if it fails, or isn't done within `seconds`.
    """
    folder = inventory.parent
    peers = Peers(pids)

    def launch(argv: List[str], **options: Any) -> "subprocess.Popen[Any]":
        with open(folder / SAID, "wb") as said:
            return subprocess.Popen(argv, **{**options, "stdout": said})

    (folder / ERRORS).unlink(missing_ok=True)
    argv, place = command(checkout, folder, task, "--inventory", str(inventory), "--json", *more, fab=fab)
    child = group.start(f"fab {task}", launch, argv, folder / ERRORS, **place)
    used: List[Tuple[float, float]] = []

    def over() -> bool:
        peers.look()
        if child.code is None:
            used.append((time.time(), accounting.cpu_seconds(child.process.pid)))
        return child.code is not None

    group.wait(over, seconds, f"fab {task}", LOOK_SECONDS)
    summary = summary_of((folder / SAID).read_text())
    if child.code:
        raise RigError(_problem(child, summary))
    phases = phases_of(summary)
    return Walked(child.ended - child.begun, phases, child.cpu, peers.cpu, peers.peak, child, used)


def summary_of(said: str) -> Optional[Dict[str, Any]]:
    """The last object of `--json`; None if it isn't a summary."""
    lines = said.splitlines()
    try:
        last = json.loads(lines[-1]) if lines else {}
    except ValueError:
        return None
    return last if last.get("event") == "summary" else None


def phases_of(summary: Optional[Dict[str, Any]]) -> Dict[str, float]:
    """The seconds of each phase; none where that version of `fab` doesn't tell them."""
    told = (summary or {}).get("phases", {})
    return {str(name): float(spent) for name, spent in told.items()} if isinstance(told, dict) else {}


def _problem(child: Child, summary: Optional[Dict[str, Any]]) -> str:
    errors = (summary or {}).get("errors") or [child.last_words]
    return f"{child.name}: exit code {child.code}: {errors[0]}"
