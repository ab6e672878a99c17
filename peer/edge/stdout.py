"""Lets go of a standard output whose reader has left, as `| head` does."""

from __future__ import annotations

import os
import sys


def let_go() -> None:
    """After a BrokenPipeError: what is still buffered goes nowhere, or the interpreter's exit would complain again."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
