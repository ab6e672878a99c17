"""A swarm that was started by hand, as lines for a terminal: one for each peer, from its status."""

from __future__ import annotations

from typing import List, Mapping, Sequence

from peer.core.counting import count_of
from peer.core.errors import peer_name
from peer.core.status import DONE, ENDED, Status
from peer.core.statusline import format_status_line

SILENT_SECONDS = 5.0  # without a new status: a living peer writes one every other second at least


def board(ids: Sequence[int], statuses: Mapping[int, Status], now: float, width: int) -> List[str]:
    """The lines, each cut to `width`; `now`: seconds since the epoch."""
    lines = [_line(peer, statuses, now, width) for peer in ids]
    done = sum(status.state == DONE for status in statuses.values())
    return [*lines, f"{done} of {count_of(len(ids), 'peer')} {'is' if len(ids) == 1 else 'are'} done"[:width]]


def _line(peer: int, statuses: Mapping[int, Status], now: float, width: int) -> str:
    status = statuses.get(peer)
    if status is None:
        return f"{peer_name(peer)}: no status: not started yet, or another program"[:width]
    silent = now - status.updated
    if status.state in ENDED or silent < SILENT_SECONDS:
        return format_status_line(status, width)
    words = f" (silent for {silent:.0f} s)"
    return format_status_line(status, max(0, width - len(words))) + words


def all_ended(ids: Sequence[int], statuses: Mapping[int, Status]) -> bool:
    """Whether every peer has a status, and it is its last."""
    return all(peer in statuses and statuses[peer].state in ENDED for peer in ids)
