"""The table of `fab status`: the present state of each peer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deploy.core.inventory import Peer, shown
from peer.core.sizes import format_rate
from peer.core.status import doing

HEADINGS = ("peer", "host", "state", "pieces", "down", "up", "reason")


def status_row(peer: Peer, about: Mapping[str, Any] | None, trouble: str = "") -> tuple[str, ...]:
    """A row of HEADINGS; `about`: its host's answer about the peer, None if there is none because of `trouble`."""
    if about is None:
        return _row(peer, "unknown", trouble)
    status = about["status"]
    if status is None:
        return _row(peer, "never started", " ".join(about["stderr"][-1:]))
    ended = status.get("exit_code") is not None
    shown = doing(status["state"], status.get("checked", 0), status.get("to_check", 0))
    state = shown if about["alive"] or ended else f"killed ({status['state']})"
    rates = [format_rate(status[key]) if about["alive"] else "-" for key in ("rate_down", "rate_up")]
    return _row(peer, state, str(status.get("reason", "")), f"{status['pieces']}/{status['total']}", *rates)


def tolerated_lines(peer: Peer, about: Mapping[str, Any] | None) -> tuple[str, ...]:
    """What the peer tolerates of its neighbours: `peer 1001 tolerates: 1003 requests while choked (12 times)`."""
    status = (about or {}).get("status") or {}
    return tuple(f"peer {peer.peer_id} tolerates: {shown(line)}" for line in status.get("tolerated", ()))


def _row(peer: Peer, state: str, reason: str, pieces: str = "-", down: str = "-", up: str = "-") -> tuple[str, ...]:
    return (str(peer.peer_id), peer.host, state, pieces, down, up, reason)
