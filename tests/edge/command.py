"""Runs the peer program's command line as a person does, and keeps what it said."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Callable, List, NamedTuple, Optional, Union

from tests.helpers.waiting import DEADLINE

# Root drops its rights only after the program is loaded: the interpreter may lie where nobody else may read.
_AS_NOBODY = """
import os, sys, concurrent.futures.thread, locale, shutil
import peer.edge.commands, peer.edge.run, peer.edge.hashing, peer.edge.follow, peer.edge.generate
os.setgroups([]); os.setgid(65534); os.setuid(65534)
sys.exit(peer.edge.commands.main(sys.argv[1:]))
"""


class Said(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def line(self) -> str:
        """The one line on stderr; fails if there are more, or none, or a traceback."""
        lines = self.err.splitlines()
        assert len(lines) == 1, f"{len(lines)} lines where one belongs:\n{self.err}"
        return lines[0]


def run(*words: Union[str, Path, int], as_nobody: bool = False, before: Optional[Callable[[], None]] = None) -> Said:
    """Run a command to its end. `as_nobody`: without root's rights; `before`: called in the new process first."""
    start: List[str] = ["-c", _AS_NOBODY] if as_nobody and os.geteuid() == 0 else ["-m", "peer"]
    command = [sys.executable, *start, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, check=False, preexec_fn=before)
    return Said(done.returncode, done.stdout, done.stderr)
