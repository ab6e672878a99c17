"""Shows the board of a swarm that was started by hand, again every second until all of its peers have ended."""

from __future__ import annotations

import os
import sys
import time
from typing import Dict, Sequence

from peer.core import board, config
from peer.core import folder as names
from peer.core.errors import ConfigError
from peer.core.status import Status, parse_status

PAUSE = 1.0  # seconds between two looks


def watch(folder: str) -> None:
    """Draw in place on a terminal; elsewhere, print the board once. Raises ConfigError."""
    ids = [row.peer_id for row in config.parse_peer_info(_peer_info(folder))]
    drawn = 0
    while True:
        statuses = _statuses(folder, ids)
        live = sys.stdout.isatty()
        width = os.get_terminal_size(sys.stdout.fileno()).columns - 1 if live else 200
        lines = board.board(ids, statuses, time.time(), width)
        back = f"\x1b[{drawn}F\x1b[J" if drawn else ""
        print(back + "\n".join(lines), flush=True)
        drawn = len(lines)
        if not live or board.all_ended(ids, statuses):
            return
        time.sleep(PAUSE)


def _peer_info(folder: str) -> str:
    path = os.path.join(folder, names.PEER_INFO)
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(path, f"it can't be read ({error})", "name the folder where the peers run") from None


def _statuses(folder: str, ids: Sequence[int]) -> Dict[int, Status]:
    """The statuses that are there and sound."""
    found: Dict[int, Status] = {}
    for peer in ids:
        try:
            with open(os.path.join(folder, names.status(peer)), encoding="utf-8") as file:
                found[peer] = parse_status(file.read())
        except (OSError, ValueError):
            continue
    return found
