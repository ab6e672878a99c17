"""Finds the processes that work in a folder of a test: agents, and what they started."""

from __future__ import annotations

import os
from pathlib import Path


def processes_in(folder: Path) -> list[int]:
    """Processes, zombies apart, that work in the folder."""
    found = []
    for entry in os.scandir("/proc"):
        try:
            where = os.readlink(f"{entry.path}/cwd") if entry.name.isdigit() else ""
        except OSError:
            continue
        if where.startswith(str(folder)):
            found.append(int(entry.name))
    return found
