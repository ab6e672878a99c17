"""A peer's status in one line, for the terminal on which it was started by hand."""

from __future__ import annotations

from typing import Iterator

from peer.core.counting import count_of
from peer.core.errors import peer_name
from peer.core.sizes import format_rate
from peer.core.status import ENDED, Status, doing


def format_status_line(status: Status, width: int) -> str:
    """The fullest form that `width` has room for; the shortest is cut to it.

    From `peer 1001: downloading, 120 of 320 pieces (37%), down 11 MiB/s, up 5 MiB/s, 4 of 7 neighbours; choked by 1002`
    to `1001: downloading 120/320 (37%); choked by 1002`.
    """
    forms = ["".join(letter if letter.isprintable() else "?" for letter in form) for form in _forms(status)]
    shortest = forms[-1]  # a neighbour's words are in it
    return next((form for form in forms if len(form) <= width), shortest[: max(width - 3, 0)] + "...")


def _forms(status: Status) -> Iterator[str]:
    """From the fullest to the shortest; what a peer waits for stays longest."""
    state = doing(status.state, status.checked, status.to_check)
    percent = 100 * status.pieces // status.total if status.total else 100
    reason = f"; {status.reason}" if status.reason else ""
    rates = nearby = near = ""
    if status.state not in ENDED and status.listening:
        connected = sum(neighbour.connected for neighbour in status.neighbours)
        rates = f", down {format_rate(status.rate_down)}, up {format_rate(status.rate_up)}"
        nearby = f", {connected} of {count_of(len(status.neighbours), 'neighbour')}"
        near = f", {connected}/{len(status.neighbours)} neighbours"
    pieces = f"{status.pieces} of {count_of(status.total, 'piece')}"
    yield f"{peer_name(status.peer)}: {state}, {pieces} ({percent}%){rates}{nearby}{reason}"
    short = f"{status.peer}: {state} {status.pieces}/{status.total} ({percent}%)"
    yield f"{short}{rates}{near}{reason}"
    yield f"{short}{rates}{reason}"
    yield f"{short}{reason}"
