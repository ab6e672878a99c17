"""Why there is no progress, by name: one line for the status file and for the last word of a peer that gives up."""

from __future__ import annotations

from typing import TYPE_CHECKING, List

from peer.core import bits
from peer.core.neighbour import Neighbour

if TYPE_CHECKING:
    from peer.core.swarm import Swarm

MOST_NAMED = 4  # neighbours named one by one in a line


def reason(swarm: "Swarm") -> str:
    """What this peer is waiting for; "" while it has nothing to wait for."""
    if swarm.finished:
        return waiting_reason(swarm)
    if swarm.pieces.complete:
        return "syncing the payload to disk"
    return missing_reason(swarm)


def waiting_reason(swarm: "Swarm") -> str:
    """Whom a complete peer still serves."""
    lacking = [neighbour for neighbour in swarm.neighbours.values() if not neighbour.complete]
    if not lacking:
        return ""
    return "waiting for " + _join([_describe(neighbour) for neighbour in lacking])


def incomplete_reason(swarm: "Swarm") -> str:
    """The last word of a peer that leaves without the payload."""
    nowhere = bits.count(swarm.pieces.missing & swarm.pieces.rarity[0])
    missing = swarm.pieces.total - swarm.pieces.count
    total = swarm.pieces.total
    return f"incomplete: {missing} of {total} pieces missing, {nowhere} of them nowhere; {missing_reason(swarm)}"


def missing_reason(swarm: "Swarm") -> str:
    """Why no piece is coming."""
    connected = swarm.connected
    away = [f"{n.peer} unreachable: {n.trouble}" for n in swarm.neighbours.values() if not n.connected]
    if not connected:
        return _join(away) or "no other peer in PeerInfo.cfg"
    useful = [neighbour for neighbour in connected if neighbour.pieces & swarm.pieces.missing]
    if not useful:
        return _join([f"no connected neighbour has a piece we lack ({len(connected)} connected)", *away])
    if all(neighbour.chokes_us for neighbour in useful):
        one = f"{useful[0].peer}, which alone has what we lack"
        return "choked by " + (one if len(useful) == 1 else f"all {len(useful)} neighbours that have what we lack")
    silent = [str(neighbour.peer) for neighbour in useful if neighbour.silent]
    if silent:
        return "no answer from " + _join(silent)
    return "waiting for pieces from " + _join([str(neighbour.peer) for neighbour in useful])


def _describe(neighbour: Neighbour) -> str:
    if neighbour.connected:
        return f"{neighbour.peer} ({bits.count(neighbour.pieces)} of {neighbour.total} pieces)"
    return f"{neighbour.peer} ({neighbour.trouble})"


def _join(parts: List[str]) -> str:
    more = f" and {len(parts) - MOST_NAMED} more" if len(parts) > MOST_NAMED else ""
    return ", ".join(parts[:MOST_NAMED]) + more
