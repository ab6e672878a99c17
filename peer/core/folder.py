"""The names of the files in a peer's working directory, and which peer each name belongs to."""

from __future__ import annotations

from typing import Optional

COMMON = "Common.cfg"
PEER_INFO = "PeerInfo.cfg"
SWARM = "swarm.json"
BUDGET = "budget"  # the caps of a host, and how far its peers have used them up
RELEASES = "releases.json"  # the releases that were delivered to this host, where its inventory asks for some
RELAY = "relay"  # where an agent carries connections to the operator's machine, on hosts that only SSH reaches
CLAIM = "claim.json"  # who deploys the swarm, and how far that is
CODE = "peer.pyz"  # the peer itself, on hosts that it was pushed to

_KINDS = ("log_peer", "status", "trace", "lock", "stderr", "keys", "peer", "record")  # of a peer's own files
_ENDS = ("", ".log", ".json", ".jsonl", ".txt")
_DIGITS = 10  # of a peer's ID, at most


def log(peer: int) -> str:
    """The event log, in the classic protocol's own words."""
    return f"log_peer_{int(peer)}.log"


def status(peer: int) -> str:
    """The status file of a running peer, in JSON."""
    return f"status_{int(peer)}.json"


def trace(peer: int) -> str:
    """The trace of a peer, from which its run is drawn."""
    return f"trace_{int(peer)}.jsonl"


def lock(peer: int) -> str:
    """The file that a peer holds locked while it lives."""
    return f"lock_{int(peer)}"


def stderr(peer: int) -> str:
    """The file for the standard error of a peer that was started over SSH."""
    return f"stderr_{int(peer)}.txt"


def record(peer: int) -> str:
    """The record of the things that a peer made there, and may therefore replace or remove."""
    return f"record_{int(peer)}"


def is_record(name: str) -> bool:
    """Whether a name is that of some peer's record."""
    peer = peer_of(name)
    return peer is not None and name == record(peer)


def keys(peer: int) -> str:
    """The folder of a peer's certificate and key."""
    return f"keys_{int(peer)}"


def payload(peer: int) -> str:
    """The folder of a peer's copy; it may be a link to the inventory's `destination`."""
    return f"peer_{int(peer)}"


def is_keys(name: str) -> bool:
    """Whether a name is that of some peer's keys, which nobody else may read."""
    peer = peer_of(name)
    return peer is not None and name == keys(peer)


def is_payload(name: str) -> bool:
    """Whether a name is that of some peer's folder."""
    peer = peer_of(name)
    return peer is not None and name == payload(peer)


def peer_of(name: str) -> Optional[int]:
    """The peer that one of the names above belongs to; None for any other name."""
    kind, _, rest = name.rpartition("_")
    number, dot, end = rest.partition(".")
    own = kind in _KINDS and number.isdecimal() and len(number) <= _DIGITS and dot + end in _ENDS
    return int(number) if own else None
