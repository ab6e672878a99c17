"""A peer's status in one line, for the terminal on which it was started by hand."""

from __future__ import annotations

from peer.core.counting import count_of
from peer.core.errors import peer_name
from peer.core.sizes import format_rate
from peer.core.status import ENDED, Status, doing


def format_status_line(status: Status, width: int) -> str:
    """`1001: downloading, 120 of 320 pieces (37%), down 11 MiB/s, up 5 MiB/s, 4 of 7 neighbours`, cut to `width`."""
    percent = 100 * status.pieces // status.total if status.total else 100
    parts = [
        doing(status.state, status.checked, status.to_check),
        f"{status.pieces} of {count_of(status.total, 'piece')} ({percent}%)",
    ]
    if status.state not in ENDED and status.listening:
        connected = sum(neighbour.connected for neighbour in status.neighbours)
        parts += [f"down {format_rate(status.rate_down)}", f"up {format_rate(status.rate_up)}"]
        parts.append(f"{connected} of {count_of(len(status.neighbours), 'neighbour')}")
    line = f"{peer_name(status.peer)}: {', '.join(parts)}" + (f"; {status.reason}" if status.reason else "")
    safe = "".join(letter if letter.isprintable() else "?" for letter in line)  # a neighbour's words are in it
    return safe if len(safe) <= width else safe[: max(width - 3, 0)] + "..."
