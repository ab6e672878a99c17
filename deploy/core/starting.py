"""The events of starting peers, as plain data: the thread that starts them may differ from the one that shows them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Union

from deploy.core.inventory import Peer
from deploy.core.verdict import FAILED, Outcome

ALONE = 4  # peers at the head of the order that are started one by one
MOST_AT_ONCE = 64  # peers that are started simultaneously: as many hosts are asked at a time


class Listening(NamedTuple):
    """A peer was started and listens; `already`: it ran before."""

    peer: Peer
    already: bool

    def __str__(self) -> str:
        how = "runs already" if self.already else f"listens on port {self.peer.port}"
        return f"peer {self.peer.peer_id} on {self.peer.host} {how}"


class Wrong(NamedTuple):
    """Something went wrong."""

    outcomes: tuple[Outcome, ...]


class Note(NamedTuple):
    """A line about the progress of the start."""

    text: str


class Over(NamedTuple):
    """The start has ended, successfully or not; no event follows."""


StartEvent = Union[Listening, Wrong, Note, Over]


def waves(peers: Sequence[Peer]) -> Iterator[Sequence[Peer]]:
    """The peers in their order, in groups of which each begins once all of the one before listen: 1, 1, 1, 1, 2, 4, ...

    So the first ones, with which what is wrong everywhere shows, begin one by one, and a thousand take two dozen waits.
    """
    begin, size = 0, 1
    while begin < len(peers):
        yield peers[begin : begin + size]
        begin += size
        size = min(2 * size, MOST_AT_ONCE) if begin >= ALONE else 1


def not_listening(peer: Peer, code: int | None, words: str, seconds: float) -> Outcome:
    """Why a peer didn't start: its exit code (None: it still runs), its last lines, and how long we waited."""
    problem = f"it didn't listen within {seconds:.0f} s" if code is None else f"it ended with exit code {code}"
    return Outcome(peer.host, FAILED, f"{problem}: {words}" if words else problem, "", peer.peer_id)
