"""When a watch over a swarm ends, and what is said of peers that left without the payload."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from deploy.core.inventory import Inventory
from deploy.core.progress import PeerView
from deploy.core.verdict import FAILED, Outcome

LINGER_SECONDS = 3.0  # for complete peers that wait only for those which won't come
FULL = "its disk is full"
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


def hopeless(followed: Collection[str], lost: Mapping[str, float], patience: float, now: float) -> bool:
    """Whether all hosts that are still followed have been lost for long; `lost`: since when.

    A peer that was cut off for longer than its patience (seconds) has left.
    """
    since = [lost[name] for name in followed if name in lost]
    return bool(since) and len(since) == len(followed) and now - max(since) > min(_GIVE_UP_SECONDS, patience)


def failure(view: PeerView, words: str) -> Outcome:
    """A peer that left without the payload. `words`, where its status can't say why: its last ones, or FULL."""
    remedy = "make room there, then run `fab up` again" if words == FULL else ""
    return Outcome(view.host, FAILED, f"{view.state}: {words}" if words else view.state, remedy, view.peer)
