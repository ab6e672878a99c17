"""Notes that save time the next time."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from peer.edge.ours import making
from peer.edge.ours.recordfile import ForeignError, RecordFile


def load_note(path: str) -> Any:
    """The fields that `save_note` wrote; None where there are none."""
    try:
        with open(path, "rb") as file:
            return json.load(file)
    except (OSError, ValueError):
        return None


def save_note(record: RecordFile, path: str, fields: Any) -> None:
    """Note something for the next time."""
    with contextlib.suppress(ForeignError):  # it only saves time, and isn't worth moving somebody's file out of the way
        making.make_file(record, path, json.dumps(fields).encode())
