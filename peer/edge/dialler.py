"""Meets neighbours: dials them, accepts them, and exchanges handshakes, all before a `Link` exists."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from typing import TYPE_CHECKING, Callable, Dict, FrozenSet, NamedTuple, Optional, Tuple, Union

from peer.core import handshake
from peer.core.errors import BusyError, ProtocolError, StoreError
from peer.core.events import DialFailed
from peer.core.handshake import CLASSIC_STYLE, Handshake, Style
from peer.edge import pacing
from peer.edge.pending import Stranger, Strangers

if TYPE_CHECKING:  # ssl is slow to load, and only swarms with keys need it
    from peer.edge.keys import Keys
    from peer.edge.tlssession import Session

HANDSHAKE_SECONDS = 10.0  # both handshakes must be through by then
CONNECT_SECONDS = 5.0
REDIAL_SECONDS = (0.05, 1.0)  # the first pause between two tries, and the longest
MOST_STRANGERS = 64  # connections that may be in their handshake at the same time
MEET_SECONDS = 0.5  # between two accepted connections in one peer's name
LOOK_SECONDS = 1.0  # between looks at those that take too long


class Met(NamedTuple):
    """A connection whose handshakes are through."""

    peer: int
    sock: socket.socket
    dialled: bool
    fleet: bool
    session: Optional[Session] = None  # where the swarm has keys


Report = Callable[[Union[Met, DialFailed]], None]


class Listener:
    """Accepts connections on a port, on all addresses; each handshake runs in a short-lived thread of its own."""

    def __init__(
        self,
        port: int,
        known: FrozenSet[int],
        style: Style,
        report: Report,
        me: int,
        keys: Optional[Keys] = None,
        spare: int = MOST_STRANGERS,
    ) -> None:
        """`spare`: descriptors that connections in their handshake may use, if fewer than usual."""
        self._keys = keys
        self._spare = spare
        self._me = me
        self._known = known
        self._style = style
        self._report = report
        self._strangers = Strangers(me)
        self._socket = _listen(port)
        self._socket.settimeout(LOOK_SECONDS)
        self.closed = False
        self._thread = threading.Thread(target=self._accept, name="listen", daemon=True)

    def start(self) -> None:
        """Begin to accept."""
        self._thread.start()

    def close(self) -> None:
        """Stop accepting and wait for the thread."""
        self.closed = True
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # `close` alone doesn't wake `accept`
        self._socket.close()
        self._thread.join(HANDSHAKE_SECONDS)
        self._strangers.tell(at_last=True)

    def _accept(self) -> None:
        while not self.closed:
            self._strangers.shut_late(HANDSHAKE_SECONDS)
            self._strangers.tell()
            try:
                self._welcome(*self._socket.accept())
            except socket.timeout:
                continue
            except (OSError, RuntimeError):
                if self.closed:
                    return
                time.sleep(0.05)  # no descriptor or thread free, most likely: those in use will be given back

    def _welcome(self, sock: socket.socket, address: Tuple[str, int]) -> None:
        """Let a caller's handshake begin. Raises RuntimeError where the system has no thread for it."""
        stranger = Stranger(sock, address[0])
        self._strangers.welcome(stranger, min(self._spare, MOST_STRANGERS))
        try:
            threading.Thread(target=self._greet, args=(stranger,), name="greet", daemon=True).start()
        except RuntimeError:
            self._strangers.part(stranger)
            sock.close()
            raise

    def _greet(self, stranger: Stranger) -> None:
        try:
            met = self._handshake(stranger)
        except ProtocolError as error:
            if str(error) != _HUNG_UP:
                kind = "had no key of this swarm" if self._keys else "said something else"
                self._strangers.refuse(stranger, kind, str(error))
        except OSError:
            pass
        else:
            if self._strangers.part(stranger):
                self._report(met)
                return
        self._strangers.part(stranger)
        stranger.sock.close()

    def _handshake(self, stranger: Stranger) -> Met:
        """Both handshakes, under TLS where the swarm has keys. Raises OSError, ProtocolError."""
        session = self._keys.handshake(stranger.sock, True, HANDSHAKE_SECONDS) if self._keys else None
        theirs = handshake.decode(_receive_exactly(stranger.sock, session, handshake.LENGTH), self._known)
        if self._keys and session:
            self._keys.check_owner(session, theirs.peer_id)
        self._strangers.take_turn(stranger, theirs.peer_id, MEET_SECONDS)
        answer = handshake.answer_style(self._style, theirs.style)
        (session or stranger.sock).sendall(handshake.encode(self._me, answer))
        return Met(theirs.peer_id, stranger.sock, False, _both_fleet(self._style, theirs), session)


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
            thread.join(CONNECT_SECONDS + HANDSHAKE_SECONDS)

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
                session = self._keys.handshake(sock, False, HANDSHAKE_SECONDS)
                self._keys.check_owner(session, peer)
            (session or sock).sendall(handshake.encode(self._me, style))
            theirs = handshake.decode(_receive_exactly(sock, session, handshake.LENGTH), (peer,))
        except ProtocolError as error:
            sock.close()
            if str(error) == _HUNG_UP:
                self._spell_otherwise(peer)
            return f"{host}:{port}: {error}"
        except OSError as error:
            sock.close()
            self._spell_otherwise(peer)
            return f"{host}:{port}: {_why(error)}"
        self._report(Met(peer, sock, True, _both_fleet(style, theirs), session))
        return ""

    def _spell_otherwise(self, peer: int) -> None:
        """It may be one that hangs up on our tag, though not where there are keys: who has one is of our kind."""
        self._plain[peer] = not self._keys and not self._plain.get(peer, False)


_HUNG_UP = "it hung up during the handshake"


def _receive_exactly(sock: socket.socket, session: Optional[Session], length: int) -> bytes:
    """So many bytes and none of what follows. Raises OSError after HANDSHAKE_SECONDS, ProtocolError at the end."""
    deadline = time.monotonic() + HANDSHAKE_SECONDS
    data = b""
    while len(data) < length:
        sock.settimeout(max(0.001, deadline - time.monotonic()))
        part = (session or sock).recv(length - len(data))
        if not part:
            raise ProtocolError(_HUNG_UP)
        data += part
    return data


def _both_fleet(mine: Style, theirs: Handshake) -> bool:
    """Whether both of us carry the tag of the same fleet swarm."""
    return handshake.is_fleet(mine) and mine.padding == theirs.style.padding


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


def _listen(port: int) -> socket.socket:
    """A listening socket on all addresses, of both families where the system can. Raises BusyError, StoreError."""
    try:
        if socket.has_dualstack_ipv6():
            sock = socket.create_server(("", port), family=socket.AF_INET6, backlog=256, dualstack_ipv6=True)
        else:
            sock = socket.create_server(("", port), backlog=256)
    except PermissionError:
        raise StoreError(f"port {port}: this user may not listen there; choose a port above 1023") from None
    except OSError as error:
        reason = os.strerror(error.errno or 0).lower()  # Python adds the address to the system's words
        raise BusyError(f"port {port}: {reason}; end what holds it, or give this peer another port") from None
    pacing.hold_off(sock)
    return sock


def _why(error: OSError) -> str:
    """The system's words for an error, without its number."""
    if isinstance(error, socket.timeout):
        return "no answer in time"
    return (error.strerror or str(error) or type(error).__name__).lower()
