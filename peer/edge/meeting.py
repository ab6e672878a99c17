"""The part of a handshake that both sides share: reading it within a deadline, and reporting the neighbour."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, Callable, Collection, Optional, Union

from peer.core import handshake
from peer.core.errors import ProtocolError
from peer.core.events import DialFailed
from peer.core.handshake import Handshake, Style
from peer.core.tuples import NamedTuple

if TYPE_CHECKING:  # ssl is slow to load, and only swarms with keys need it
    from peer.edge.tlssession import Session

HANDSHAKE_SECONDS = 10.0  # both handshakes must be complete by then
HUNG_UP = "it hung up during the handshake"


class Met(NamedTuple):
    """A connection whose handshakes are complete."""

    peer: int
    sock: socket.socket
    dialled: bool
    fleet: bool
    session: Optional[Session] = None  # where the swarm has keys


Report = Callable[[Union[Met, DialFailed]], None]


def read_handshake(sock: socket.socket, session: Optional[Session], known: Collection[int]) -> Handshake:
    """The other side's handshake and nothing after it; `known`: the IDs it may have. Raises OSError, ProtocolError."""
    return handshake.decode(_receive_exactly(sock, session, handshake.LENGTH), known)


def _receive_exactly(sock: socket.socket, session: Optional[Session], length: int) -> bytes:
    """Read `length` bytes. Raises OSError after HANDSHAKE_SECONDS, ProtocolError if the other side ends sooner."""
    deadline = time.monotonic() + HANDSHAKE_SECONDS
    data = b""
    while len(data) < length:
        sock.settimeout(max(0.001, deadline - time.monotonic()))
        part = (session or sock).recv(length - len(data))
        if not part:
            raise ProtocolError(HUNG_UP)
        data += part
    return data


def both_fleet(mine: Style, theirs: Handshake) -> bool:
    """Whether both handshakes have the tag of the same fleet swarm."""
    return handshake.is_fleet(mine) and mine.padding == theirs.style.padding
