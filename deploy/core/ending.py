"""When watching a swarm ends, and the errors of peers that left without the payload."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from deploy.core.inventory import Inventory
from deploy.core.progress import PeerView
from deploy.core.verdict import FAILED, Outcome

LINGER_SECONDS = 3.0  # for complete peers that wait only for peers which won't come
FULL = "its disk is full"
_STALL_SECONDS = 5.0  # without progress, before a countdown is shown
_GIVE_UP_SECONDS = 60.0  # at most, for hosts that can't be reached, once all others have ended


def gone(
    inventory: Inventory, views: Iterable[PeerView], failed: Collection[int | None], down: Collection[str]
) -> dict[int, str]:
    """The peers that won't come (again), with their hosts: ended, never started, or unreachable.

    `failed`: the IDs of peers that failed; `down`: the hosts that dropped out.
    """
    left = {view.peer for view in views if view.failed}.union(failed)
    return {peer.peer_id: peer.host for peer in inventory.peers if peer.peer_id in left or peer.host in down}


def in_vain(inventory: Inventory, views: Iterable[PeerView], gone: Collection[int]) -> bool:
    """Whether the running peers wait only for those that are gone, or for nobody: all others have the payload.

    Only the operator can know that: a peer waits for a neighbour that was lost before it told that it is complete. A
    peer that isn't watched may lack the payload.
    """
    complete = {view.peer for view in views if view.complete}
    return all(peer.peer_id in complete for peer in inventory.peers if peer.peer_id not in gone)


def patience_left(followed: Collection[str], lost: Mapping[str, float], patience: float, now: float) -> float | None:
    """Seconds until we stop watching if all hosts are lost; None while one is connected. `lost`: since when.

    A peer that was cut off for longer than its patience (seconds) has left.
    """
    since = [lost[name] for name in followed if name in lost]
    if not since or len(since) < len(followed):
        return None
    return min(_GIVE_UP_SECONDS, patience) - (now - max(since))


def stalled_for(views: Iterable[PeerView]) -> float | None:
    """Seconds since any running peer made progress; None if one does so now, or none runs."""
    idle = [_idle(view) for view in views if view.runs]
    return min(idle) if idle and min(idle) >= _STALL_SECONDS else None


def _idle(view: PeerView) -> float:
    if view.status is None or not view.status.last_progress:
        return 0.0
    return view.status.updated - view.status.last_progress + view.silent


def countdown(views: Sequence[PeerView], left: float | None, patience: float) -> str:
    """The reason for waiting, and its longest duration; "" if there is progress, or all that is left is to finish.

    `left`: seconds until we give up unreachable hosts, None if some are connected.
    """
    if left is not None:
        return f"no host can be reached: giving up in {max(0.0, left):.0f} s"
    idle = stalled_for(views)
    if idle is None or _all_finish(views):
        return ""
    return f"no progress for {idle:.0f} s: the peers give up in {max(0.0, patience - idle):.0f} s"


def _all_finish(views: Iterable[PeerView]) -> bool:
    """Whether the running peers have every piece, and some of them aren't complete yet: no neighbour is waited for."""
    left = [view for view in views if view.runs and not view.complete]
    return bool(left) and all(view.finishing for view in left)


def failure(view: PeerView, words: str) -> Outcome:
    """The error of a peer that left without the payload. `words`: its last lines or FULL, without a reason."""
    remedy = "make room there, then run `fab up` again" if words == FULL else ""
    said = view.word == FAILED or view.reason.startswith(f"{view.word}:")  # the outcome or the reason says it already
    state = view.reason if said and view.reason else view.state
    return Outcome(view.host, FAILED, f"{state}: {words}" if words else state, remedy, view.peer)
