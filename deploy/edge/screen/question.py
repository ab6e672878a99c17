"""Asks the person at the terminal whether something may be done."""

from __future__ import annotations

import sys


def is_asked() -> bool:
    """Whether there is a person: standard input and error are a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def agrees(question: str) -> bool:
    """Whether they say yes."""
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")
