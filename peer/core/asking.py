"""The requests open to one neighbour on one connection, and how many there may be: one, or the fleet's window."""

from __future__ import annotations

from typing import Dict, List

from peer.core import messages
from peer.core.events import Effect, Send
from peer.core.messages import Message
from peer.core.smoothing import smooth

CLASSIC_WINDOW = 1  # requests: the protocol's rule
PIPELINE = 0.25  # seconds of work that a fleet neighbour's window holds
LEAST_WINDOW = 2
MOST_WINDOW = 16
SILENCE = 1.5  # seconds without a byte on a connection before its open requests go back to the pool
MANY_WAITS = 4.0  # times the usual wait, which a fleet neighbour's silence has to last where that is more
FIRST_SILENCE = 30.0  # the same before any neighbour has answered


class Asking:
    """Requests to one neighbour and how it answers them; only the fetcher writes this."""

    shares = False  # whether it may be asked for pieces that are requested elsewhere too, and sent a cancel

    def __init__(self, now: float = 0.0) -> None:
        self.chokes_us = True
        self.open: Dict[int, float] = {}  # pieces asked of it -> when
        self.offered = 0  # the set of pieces that it announced before it showed all
        self.window = CLASSIC_WINDOW  # requests that it may have open
        self.received = 0  # bytes of the connection at the last tick ...
        self.fetched = 0  # ... and those of pieces among them
        self.fetched_at = now  # when they had grown
        self.heard = now  # when bytes last came
        self.silent = False  # it left an open request without a byte for too long
        self.pace = 0.0  # seconds between its last pieces, smoothed; 0 until known
        self.wait = 0.0  # seconds from a request to its piece, smoothed; 0 until known
        self.last_piece = 0.0  # when it came
        self.was_unchoked = False  # whether it has ever unchoked us
        self.in_spite = -1  # the piece that it was last asked for in spite of its choke
        self.in_spite_at = now
        self.ignores_chokes = False  # its own: it answered such a request

    def answered(self, index: int, now: float) -> bool:
        """A piece came from it; whether it had been asked for."""
        asked = self.open.pop(index, None)
        if asked is not None:
            self.wait = smooth(self.wait, now - asked)
            self.pace = smooth(self.pace, now - max(asked, self.last_piece))
            self._adjust_window()
        self.last_piece = now
        self.silent = False
        return asked is not None

    def _adjust_window(self) -> None:
        """The pace or the wait has changed: choose the window's size."""

    def patience(self, usual_wait: float) -> float:
        """Seconds without a byte after which it is silent. `usual_wait`: of all neighbours, 0 until known."""
        raise NotImplementedError

    def cancel(self, peer: int, index: int) -> List[Effect]:
        """The messages to send when a request is taken back."""
        raise NotImplementedError


class ClassicAsking(Asking):
    """One request at a time. The protocol has no message that takes it back."""

    def patience(self, usual_wait: float) -> float:
        """Always the same."""
        return SILENCE

    def cancel(self, peer: int, index: int) -> List[Effect]:
        """Nothing."""
        return []


class FleetAsking(Asking):
    """A window of requests that holds a quarter of a second's work."""

    shares = True

    def __init__(self, now: float = 0.0) -> None:
        super().__init__(now)
        self.window = LEAST_WINDOW

    def _adjust_window(self) -> None:
        if self.pace:
            self.window = max(LEAST_WINDOW, min(MOST_WINDOW, round(PIPELINE / max(self.pace, 1e-6))))

    def patience(self, usual_wait: float) -> float:
        """A fleet neighbour drops no request: on slow links it may be silent for long while it serves others."""
        return max(SILENCE, MANY_WAITS * usual_wait) if usual_wait else FIRST_SILENCE

    def cancel(self, peer: int, index: int) -> List[Effect]:
        """A cancel message."""
        return [Send(peer, Message(messages.CANCEL, index))]
