"""When a watch over a swarm ends, and what is said of peers that left without the payload."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from deploy.core.inventory import Inventory
from deploy.core.progress import PeerView
from deploy.core.verdict import FAILED, Outcome

LINGER_SECONDS = 3.0  # for complete peers that wait only for those which won't come
FULL = "its disk is full"
_STALL_SECONDS = 5.0  # without progress, before a countdown is shown
_GIVE_UP_SECONDS = 60.0  # at most, for hosts that can't be heard, once all others have ended


def gone(
    inventory: Inventory, views: Iterable[PeerView], failed: Collection[int | None], down: Collection[str]
) -> dict[int, str]:
    """The peers that won't come (again), with their hosts: ended, never started, or out of our reach.

    `failed`: the IDs of peers that went wrong; `down`: the hosts that dropped out.
    """
    left = {view.peer for view in views if view.failed}.union(failed)
    return {peer.peer_id: peer.host for peer in inventory.peers if peer.peer_id in left or peer.host in down}


def in_vain(inventory: Inventory, views: Iterable[PeerView], gone: Collection[int]) -> bool:
    """Whether peers wait only for those that are gone: all others have the payload.

    A peer waits for all others, and that some are gone only the operator can know. A peer that isn't looked at may
    lack the payload.
    """
    complete = {view.peer for view in views if view.whole}
    return bool(gone) and all(peer.peer_id in complete for peer in inventory.peers if peer.peer_id not in gone)


def patience_left(followed: Collection[str], lost: Mapping[str, float], patience: float, now: float) -> float | None:
    """Seconds until a watch of which all hosts are lost ends; None while one can be heard. `lost`: since when.

    A peer that was cut off for longer than its patience (seconds) has left.
    """
    since = [lost[name] for name in followed if name in lost]
    if not since or len(since) < len(followed):
        return None
    return min(_GIVE_UP_SECONDS, patience) - (now - max(since))


def stalled_for(views: Iterable[PeerView]) -> float | None:
    """Seconds since any peer that runs made progress; None where one does so now, or nobody runs."""
    idle = [_idle(view) for view in views if view.status is not None and not view.ended]
    return min(idle) if idle and min(idle) >= _STALL_SECONDS else None


def _idle(view: PeerView) -> float:
    if view.status is None or not view.status.last_progress:
        return 0.0
    return view.status.updated - view.status.last_progress + view.silent


def countdown(views: Sequence[PeerView], left: float | None, patience: float) -> str:
    """What the wait for an end is for, and how long it lasts at most; "" where there is progress.

    `left`: seconds until we give up hosts that can't be heard, None if some can.
    """
    if left is not None:
        return f"no host can be heard: giving up in {max(0.0, left):.0f} s"
    idle = stalled_for(views)
    if idle is None:
        return ""
    return f"no progress for {idle:.0f} s: the peers give up in {max(0.0, patience - idle):.0f} s"


def failure(view: PeerView, words: str) -> Outcome:
    """A peer that left without the payload. `words`, where its status can't say why: its last ones, or FULL."""
    remedy = "make room there, then run `fab up` again" if words == FULL else ""
    return Outcome(view.host, FAILED, f"{view.state}: {words}" if words else view.state, remedy, view.peer)
