"""Makes a command that is run with closed standard streams (`>&-`, some schedulers) write to nowhere instead."""

from __future__ import annotations

import os
import sys


def open_missing() -> None:
    """Open /dev/null for each standard stream that is closed, or the next file that is opened would get its number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.dup2(os.open(os.devnull, os.O_RDWR), number)
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "w" if number else "r", closefd=False))  # noqa: SIM115 (as long as we run)
