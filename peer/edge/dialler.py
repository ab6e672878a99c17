"""Dials neighbours and sends them our handshake, before a `Link` exists."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING, Collection, Dict, Optional, Tuple

from peer.core import handshake, relaynote
from peer.core.errors import ProtocolError, system_words
from peer.core.events import DialFailed
from peer.core.spelling import Spellings
from peer.edge import meeting, pacing
from peer.edge.inlet import bound
from peer.edge.meeting import Met, Report, both_fleet, read_handshake
from peer.edge.relaydial import connect_by_relay
from peer.edge.throttle import UNCAPPED, Meter

if TYPE_CHECKING:  # ssl is slow to load, and only swarms with keys need it
    from peer.edge.keys import Keys

CONNECT_SECONDS = 5.0
MUTE = "connected, but no handshake came in time (is it stopped, or are large packets lost on the way?)"
CLOSE_SECONDS = 1.0  # that all threads together have to end
REDIAL_SECONDS = (0.05, 1.0)  # the first pause between two tries, and the longest
BACK_SECONDS = (0.25, 3.0)  # the same where the other side is to dial us: mostly it isn't started yet


class Dialler:
    """Dials neighbours, each in a thread of its own, again and again until it answers."""

    def __init__(
        self,
        me: int,
        addresses: Dict[int, Tuple[str, int]],
        spellings: Spellings,
        report: Report,
        keys: Optional[Keys] = None,
        meter: Meter = UNCAPPED.down,
        by_relay: Collection[int] = (),
        folder: str = "",
    ) -> None:
        """`by_relay`: those to reach through the operator's machine, which the swarm's `folder` tells of."""
        self._keys = keys
        self._by_relay = frozenset(by_relay)
        self._folder = folder
        self._meter = meter
        self._me = me
        self._addresses = addresses
        self._spellings = spellings
        self._report = report
        self._stops: Dict[int, threading.Event] = {}
        self._threads: Dict[int, threading.Thread] = {}

    def dial(self, peer: int, hung_up: bool = False, beat: float = 0.0) -> None:
        """Begin to dial a neighbour, in one thread each. `hung_up`, `beat`: see `Dial`."""
        old = self._threads.get(peer)
        if old and old.is_alive() and not self._stops[peer].is_set():
            return
        if hung_up:
            self._spellings.of(peer).hung_up()
        stop = self._stops[peer] = threading.Event()
        thread = threading.Thread(target=self._dial, args=(peer, stop, beat), name=f"{peer}-dial", daemon=True)
        self._threads[peer] = thread
        thread.start()

    def close(self) -> None:
        """Stop dialling all neighbours. A thread that waits for a name or a firewall does no harm: it may wait on."""
        for stop in self._stops.values():
            stop.set()
        deadline = time.monotonic() + CLOSE_SECONDS
        for thread in self._threads.values():
            thread.join(max(0.0, deadline - time.monotonic()))

    def stop(self, peer: int) -> None:
        """Stop dialling a neighbour."""
        if peer in self._stops:
            self._stops[peer].set()

    def _dial(self, peer: int, stop: threading.Event, beat: float) -> None:
        pause, longest = BACK_SECONDS if beat else REDIAL_SECONDS
        while not stop.is_set():
            failed = self._try(peer, stop, beat)
            if not failed:
                return
            self._report(failed)
            stop.wait(pause)
            pause = min(longest, pause * 1.5)

    def _try(self, peer: int, stop: threading.Event, beat: float) -> Optional[DialFailed]:
        """Try once; None if that worked or isn't wanted any more, else the reason."""
        relayed = peer in self._by_relay
        host, port = self._addresses[peer]
        where = relaynote.WAY if relayed else f"{host}:{port}"
        window = self._meter.window
        try:
            sock = connect_by_relay(self._folder, peer, window) if relayed else _connect(host, port, window)
        except OSError as error:
            return DialFailed(peer, f"{where}: {_why(error)}")
        if beat and stop.wait(beat):  # it has dialled us meanwhile
            sock.close()
            return None
        spelling = self._spellings.of(peer)
        style = spelling.style()
        session = None
        try:
            if self._keys:
                session = self._keys.handshake(sock, False, meeting.HANDSHAKE_SECONDS)
                self._keys.check_owner(session, peer)
            (session or sock).sendall(handshake.encode(self._me, style))
            theirs = read_handshake(sock, session, (peer,))
        except ProtocolError as error:
            sock.close()
            if str(error) != meeting.HUNG_UP:
                return DialFailed(peer, f"{where}: {error}", f"{where}: {error.account}")
            spelling.hung_up()
            return DialFailed(peer, f"{where}: {error}")
        except OSError as error:
            sock.close()
            spelling.hung_up()
            return DialFailed(peer, f"{where}: {MUTE if isinstance(error, socket.timeout) else _why(error)}")
        spelling.answered(theirs.style)
        self._report(Met(peer, sock, True, both_fleet(style, theirs), session))
        return None


def _connect(host: str, port: int, window: int) -> socket.socket:
    """A connection to the first of the host's addresses that answers; `window`: see `Meter`. Raises OSError."""
    last = OSError("it has no address")
    try:
        name = host if host.strip("0123456789.:") else host.encode()  # for a name it loads what other letters need
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except UnicodeError:  # two dots in a row, say, or a part of more than 63 letters
        raise OSError("no host can have this name") from None
    for family, kind, protocol, _, address in found:
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(CONNECT_SECONDS)
            pacing.hold_off(sock)
            if window:
                bound(sock, window)
            sock.connect(address)
            return sock
        except OSError as error:
            sock.close()
            last = error
    raise last


def _why(error: OSError) -> str:
    """The system's text for an error, without its number."""
    if isinstance(error, socket.timeout):
        return "no answer in time"
    return system_words(error)
