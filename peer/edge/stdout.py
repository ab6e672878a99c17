"""Handles a standard output that its reader has closed, as `| head` does."""

from __future__ import annotations

import os
import sys


def let_go() -> None:
    """After a BrokenPipeError: discard the buffered output, or the interpreter would complain again at its exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
