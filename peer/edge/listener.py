"""Accepts connections and answers their handshakes, before a `Link` exists."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from typing import TYPE_CHECKING, FrozenSet, Optional, Tuple

from peer.core import handshake
from peer.core.errors import BusyError, ProtocolError, StoreError
from peer.core.spelling import Spellings
from peer.edge import meeting, pacing
from peer.edge.inlet import bound
from peer.edge.meeting import Met, Report, both_fleet, read_handshake
from peer.edge.pending import PendingConnection, PendingConnections
from peer.edge.throttle import UNCAPPED, Meter

if TYPE_CHECKING:  # ssl is slow to load, and only swarms with keys need it
    from peer.edge.keys import Keys

MOST_PENDING = 64  # connections that may be in their handshake simultaneously
MEET_SECONDS = 0.5  # between two accepted connections in one peer's name
LOOK_SECONDS = 1.0  # between checks for those that take too long


class Listener:
    """Accepts connections on a port, on all addresses; each handshake runs in a short-lived thread of its own."""

    def __init__(
        self,
        port: int,
        known: FrozenSet[int],
        spellings: Spellings,
        report: Report,
        me: int,
        keys: Optional[Keys] = None,
        spare: int = MOST_PENDING,
        meter: Meter = UNCAPPED.down,
    ) -> None:
        """`spare`: descriptors that connections in their handshake may use, if fewer than usual."""
        self._keys = keys
        self._spare = spare
        self._me = me
        self._known = known
        self._spellings = spellings
        self._report = report
        self._pending = PendingConnections(me)
        self._socket = _listen(port)
        self._socket.settimeout(LOOK_SECONDS)
        if meter.window:
            bound(self._socket, meter.window)  # those that are accepted inherit it
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
        if self._thread.ident is not None:  # a system without a thread for it is told by `start`
            self._thread.join(meeting.HANDSHAKE_SECONDS)
        self._pending.tell(at_last=True)

    def _accept(self) -> None:
        while not self.closed:
            self._pending.shut_late(meeting.HANDSHAKE_SECONDS)
            self._pending.tell()
            try:
                self._admit(*self._socket.accept())
            except socket.timeout:
                continue
            except (OSError, RuntimeError):
                if self.closed:
                    return
                time.sleep(0.05)  # probably no descriptor or thread is free: those in use will be released

    def _admit(self, sock: socket.socket, address: Tuple[str, int]) -> None:
        """Begin a connection's handshake. Raises RuntimeError if the system has no thread for it."""
        pending = PendingConnection(sock, address[0])
        self._pending.admit(pending, min(self._spare, MOST_PENDING))
        try:
            threading.Thread(target=self._meet, args=(pending,), name="handshake", daemon=True).start()
        except RuntimeError:
            self._pending.release(pending)
            sock.close()
            raise

    def _meet(self, pending: PendingConnection) -> None:
        try:
            met = self._handshake(pending)
        except ProtocolError as error:
            if str(error) != meeting.HUNG_UP:
                kind = "had no key of this swarm" if self._keys else "sent something else"
                self._pending.refuse(pending, kind, str(error))
        except OSError:
            pass
        else:
            if self._pending.release(pending):
                self._report(met)
                return
        self._pending.release(pending)
        pending.sock.close()

    def _handshake(self, pending: PendingConnection) -> Met:
        """Both handshakes, under TLS where the swarm has keys. Raises OSError, ProtocolError."""
        if self._keys and not pending.sock.recv(1, socket.MSG_PEEK):
            raise ProtocolError(meeting.HUNG_UP)  # without a word: it was dialled meanwhile
        session = self._keys.handshake(pending.sock, True, meeting.HANDSHAKE_SECONDS) if self._keys else None
        theirs = read_handshake(pending.sock, session, self._known)
        if self._keys and session:
            self._keys.check_owner(session, theirs.peer_id)
        self._pending.take_turn(pending, theirs.peer_id, MEET_SECONDS)
        mine = self._spellings.mine
        self._spellings.of(theirs.peer_id).dialled_us(theirs.style)
        (session or pending.sock).sendall(handshake.encode(self._me, handshake.answer_style(mine, theirs.style)))
        return Met(theirs.peer_id, pending.sock, False, both_fleet(mine, theirs), session)


def _listen(port: int) -> socket.socket:
    """A listening socket on all addresses, of both families where the system can. Raises BusyError, StoreError."""
    try:
        if socket.has_dualstack_ipv6():
            sock = socket.create_server(("", port), family=socket.AF_INET6, backlog=256, dualstack_ipv6=True)
        else:
            sock = socket.create_server(("", port), backlog=256)
    except PermissionError:
        raise StoreError(f"port {port}: this user may not listen on it; choose a port above 1023") from None
    except OSError as error:
        reason = os.strerror(error.errno or 0).lower()  # Python adds the address to the system's text
        raise BusyError(f"port {port}: {reason}; stop the program that uses it, or choose another port") from None
    pacing.hold_off(sock)
    return sock
