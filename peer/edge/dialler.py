"""Dials neighbours and sends them our handshake, all before a `Link` exists."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING, Dict, Optional, Tuple

from peer.core import handshake
from peer.core.errors import ProtocolError, system_words
from peer.core.events import DialFailed
from peer.core.handshake import CLASSIC_STYLE, Style
from peer.edge import meeting, pacing
from peer.edge.meeting import Met, Report, both_fleet, read_handshake

if TYPE_CHECKING:  # ssl is slow to load, and only swarms with keys need it
    from peer.edge.keys import Keys

CONNECT_SECONDS = 5.0
REDIAL_SECONDS = (0.05, 1.0)  # the first pause between two tries, and the longest


class Dialler:
    """Dials neighbours, each in a thread of its own, again and again until it answers."""

    def __init__(
        self,
        me: int,
        addresses: Dict[int, Tuple[str, int]],
        style: Style,
        report: Report,
        keys: Optional[Keys] = None,
    ) -> None:
        self._keys = keys
        self._me = me
        self._addresses = addresses
        self._style = style
        self._report = report
        self._plain: Dict[int, bool] = {}  # peers that hung up on our tag: they get true zeros
        self._closing = threading.Event()
        self._threads: Dict[int, threading.Thread] = {}

    def dial(self, peer: int) -> None:
        """Begin to dial a neighbour; one thread at a time for each."""
        old = self._threads.get(peer)
        if old and old.is_alive():
            return
        thread = threading.Thread(target=self._dial, args=(peer,), name=f"{peer}-dial", daemon=True)
        self._threads[peer] = thread
        thread.start()

    def close(self) -> None:
        """Give up on all and wait for the threads."""
        self._closing.set()
        for thread in self._threads.values():
            thread.join(CONNECT_SECONDS + meeting.HANDSHAKE_SECONDS)

    def _dial(self, peer: int) -> None:
        pause, longest = REDIAL_SECONDS
        while not self._closing.is_set():
            trouble = self._try(peer)
            if not trouble:
                return
            self._report(DialFailed(peer, trouble))
            self._closing.wait(pause)
            pause = min(longest, pause * 1.5)

    def _try(self, peer: int) -> str:
        """One try; "" if it worked, else why not."""
        host, port = self._addresses[peer]
        try:
            sock = _connect(host, port)
        except OSError as error:
            return f"{host}:{port}: {_why(error)}"
        style = CLASSIC_STYLE if self._plain.get(peer) else self._style
        session = None
        try:
            if self._keys:
                session = self._keys.handshake(sock, False, meeting.HANDSHAKE_SECONDS)
                self._keys.check_owner(session, peer)
            (session or sock).sendall(handshake.encode(self._me, style))
            theirs = read_handshake(sock, session, (peer,))
        except ProtocolError as error:
            sock.close()
            if str(error) == meeting.HUNG_UP:
                self._spell_otherwise(peer)
            return f"{host}:{port}: {error}"
        except OSError as error:
            sock.close()
            self._spell_otherwise(peer)
            return f"{host}:{port}: {_why(error)}"
        self._report(Met(peer, sock, True, both_fleet(style, theirs), session))
        return ""

    def _spell_otherwise(self, peer: int) -> None:
        """It may be one that hangs up on our tag, though not where there are keys: who has one is of our kind."""
        self._plain[peer] = not self._keys and not self._plain.get(peer, False)


def _connect(host: str, port: int) -> socket.socket:
    """A connection to the first of the host's addresses that answers. Raises OSError."""
    last = OSError(f"{host}: it has no address")
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(CONNECT_SECONDS)
            pacing.hold_off(sock)
            sock.connect(address)
            return sock
        except OSError as error:
            sock.close()
            last = error
    raise last


def _why(error: OSError) -> str:
    """The system's words for an error, without its number."""
    if isinstance(error, socket.timeout):
        return "no answer in time"
    return system_words(error)
