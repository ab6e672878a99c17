"""A foreign peer: another make of the same protocol, with its own socket code and, where told, with bad habits.

It shares no line with the program under test. A thread listens, one dials, and each connection has one; the test
looks at `pieces` and `asked`, and closes it.
"""

from __future__ import annotations

import contextlib
import random
import socket
import struct
import threading
from typing import Dict, List, NamedTuple, Optional, Set, Tuple

from tests.helpers.waiting import DEADLINE
from tests.swarm.habits import Habits

HEADER = b"P2PFILESHARINGPROJ"
CHOKE, UNCHOKE, INTERESTED, NOT_INTERESTED, HAVE, BITFIELD, REQUEST, PIECE = range(8)
FLEETS_OWN = (8, 9)  # messages that only peers of ours have agreed on: cancel and complete


class Payload(NamedTuple):
    """What the swarm is about; sizes in bytes."""

    data: bytes
    piece_size: int

    @property
    def count(self) -> int:
        return -(-len(self.data) // self.piece_size)

    def piece(self, index: int) -> bytes:
        return self.data[index * self.piece_size : (index + 1) * self.piece_size]


class ForeignPeer:
    """`pieces`: what it has; `asked`: what it was asked for. `seed`: it has all from the start."""

    def __init__(self, me: int, port: int, payload: Payload, habits: Habits, seed: bool) -> None:
        self.me = me
        self.habits = habits
        self.count = payload.count + habits.phantom
        self.piece_size = payload.piece_size
        self.pieces: Dict[int, bytes] = {index: payload.piece(index) for index in range(self.count)} if seed else {}
        self.asked: List[int] = []  # of us, in order, over all connections
        self.wanted: Set[int] = set()  # that we have asked for
        self.most_open = 0  # requests that one neighbour had open with us at the same time
        self.sessions: List[Session] = []
        self.hang_ups = 0
        self.complaints: List[str] = []  # what ours did that no peer may do
        self.closed = threading.Event()
        self.lock = threading.RLock()
        self._port = port
        self._server: Optional[socket.socket] = None
        self._threads: List[threading.Thread] = []

    @property
    def complete(self) -> bool:
        return len(self.pieces) == self.count

    @property
    def data(self) -> bytes:
        """All that it has, in order."""
        return b"".join(piece for _, piece in sorted(self.pieces.items()))

    def listen(self) -> None:
        """Let others dial us."""
        self._server = socket.create_server(("127.0.0.1", self._port))
        self._start(self._accept)

    def dial(self, peer: int, port: int) -> None:
        """Dial a neighbour, and again whenever the connection ends, until we are closed."""
        self._start(self._dial, peer, port)

    def close(self) -> None:
        """End all connections and threads."""
        self.closed.set()
        if self._server:
            with contextlib.suppress(OSError):
                self._server.shutdown(socket.SHUT_RDWR)
            self._server.close()
        for session in list(self.sessions):
            session.hang_up()
        for thread in self._threads:
            thread.join(DEADLINE)

    def _start(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, name=f"foreign-{self.me}", daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        assert self._server is not None
        while not self.closed.is_set():
            try:
                sock, _ = self._server.accept()
            except OSError:
                return
            self._start(self._serve, sock, None)

    def _dial(self, peer: int, port: int) -> None:
        while not self.closed.is_set() and not self._has_left():
            with contextlib.suppress(OSError):
                self._serve(socket.create_connection(("127.0.0.1", port)), peer)
            self.closed.wait(0.05)

    def _has_left(self) -> bool:
        return self.habits.leaves_when_complete and self.complete

    def _serve(self, sock: socket.socket, peer: Optional[int]) -> None:
        session = Session(self, sock, peer)
        with self.lock:
            self.sessions.append(session)
        try:
            session.run()
        except AssertionError as error:
            self.complaints.append(str(error))
        except (OSError, HangUp):
            pass
        session.end()
        with self.lock:
            self.sessions.remove(session)


class HangUp(Exception):
    """This connection is over."""


class Session:
    """One connection of a foreign peer. `peer`: whom it dialled; None where it was dialled."""

    def __init__(self, mine: ForeignPeer, sock: socket.socket, peer: Optional[int]) -> None:
        self._mine = mine
        self._habits = mine.habits
        self._socket = sock
        self._peer = peer
        self._theirs: Set[int] = set()
        self._choked = True
        self._open: List[int] = []
        self._answered = 0
        self._heard = 0
        self._introduced = False

    # ---- from the handshake to the end

    def run(self) -> None:
        """Greet, introduce ourselves, and answer message after message."""
        if self._peer is not None:
            self._greet()
        theirs = self._receive(32)
        assert theirs[:18] == HEADER, f"a handshake that begins with {theirs[:18]!r}"
        if self._habits.insists_on_zeros and theirs[18:28] != bytes(10):
            raise HangUp
        if self._peer is None:
            self._greet()
        if self._habits.bitfield != "after theirs":
            self._introduce()
        while True:
            self._take(*self._read())

    def hang_up(self) -> None:
        """Wake the thread that reads."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def end(self) -> None:
        """What was asked for here may be asked for elsewhere."""
        with self._mine.lock:
            self._mine.wanted -= set(self._open)
        self._socket.close()

    def _greet(self) -> None:
        spelled = str(self._mine.me).encode() if self._habits.ascii_id else struct.pack(">I", self._mine.me)
        self._socket.sendall(HEADER + self._habits.padding + spelled)

    def _introduce(self) -> None:
        with self._mine.lock:
            self._tell_what_we_have()
            self._socket.sendall(self._habits.says)
            self._introduced = True

    def _tell_what_we_have(self) -> None:
        if self._habits.bitfield == "after haves" or self._habits.repeats:
            for index in list(self._mine.pieces)[:3]:
                self.say(HAVE, struct.pack(">I", index))
        if self._habits.bitfield == "never":
            for index in list(self._mine.pieces):
                self.say(HAVE, struct.pack(">I", index))
        else:
            self.say(BITFIELD, self._bitfield())

    def _bitfield(self) -> bytes:
        bits = "".join("1" if index in self._mine.pieces else "0" for index in range(self._mine.count))
        spare = "1" if self._habits.spare_bits else "0"
        bits += spare * (-len(bits) % 8)
        return bytes(int(bits[begin : begin + 8], 2) for begin in range(0, len(bits), 8))

    # ---- what comes

    def _take(self, kind: int, payload: bytes) -> None:
        self._hang_up_if_it_is_time()
        with self._mine.lock:
            if kind == BITFIELD:
                self._got_bitfield(payload)
            elif kind == HAVE:
                self._theirs.add(int.from_bytes(payload, "big"))
                self._show_interest()
            elif kind in (CHOKE, UNCHOKE):
                self._got_choke(kind == CHOKE)
            elif kind == INTERESTED:
                self.say(UNCHOKE)
            elif kind == REQUEST:
                self._got_request(int.from_bytes(payload, "big"))
            elif kind == PIECE:
                self._got_piece(int.from_bytes(payload[:4], "big"), payload[4:])
            elif kind != NOT_INTERESTED:
                assert self._habits.fleet and kind in FLEETS_OWN, f"a message of type {kind}"

    def _hang_up_if_it_is_time(self) -> None:
        self._heard += 1
        if self._heard > self._habits.hangs_up and self._mine.hang_ups < self._habits.hang_ups:
            self._mine.hang_ups += 1
            raise HangUp

    def _got_bitfield(self, payload: bytes) -> None:
        if self._habits.bitfield == "after theirs":
            self._introduce()
        self._theirs |= {index for index in range(self._mine.count) if _bit(payload, index)}
        if self._habits.phantom and len(self._theirs) == self._mine.count - 1:
            self._theirs.add(self._mine.count - 1)
        self._show_interest()

    def _show_interest(self) -> None:
        if self._theirs - set(self._mine.pieces):
            for _ in range(1 + self._habits.repeats):
                self.say(INTERESTED)
            self._ask()

    def _got_choke(self, choked: bool) -> None:
        self._choked = choked
        if choked:
            self._mine.wanted -= set(self._open)
            self._open.clear()
        self._ask()

    def _ask(self) -> None:
        while not self._choked and len(self._open) < self._habits.window:
            missing = sorted(self._theirs - set(self._mine.pieces) - self._mine.wanted)
            if not missing:
                return
            index = random.choice(missing)
            self._open.append(index)
            self._mine.wanted.add(index)
            self.say(REQUEST, struct.pack(">I", index))

    def _got_piece(self, index: int, data: bytes) -> None:
        if index in self._open:
            self._open.remove(index)
        self._mine.wanted.discard(index)
        self._mine.pieces[index] = data
        for session in self._mine.sessions:  # before anything that fails where this connection has just ended
            for _ in range(1 + self._habits.repeats):
                session.tell_have(index)
        self._ask()
        if self._habits.leaves_when_complete and self._mine.complete:
            for session in self._mine.sessions:
                session.hang_up()
            raise HangUp
        if not self._habits.never_loses_interest and not self._theirs - set(self._mine.pieces):
            self.say(NOT_INTERESTED)

    def tell_have(self, index: int) -> None:
        """One of our connections brought a piece. A connection that just ended is no news."""
        with contextlib.suppress(OSError):
            if self._introduced:
                self.say(HAVE, struct.pack(">I", index))

    # ---- what goes

    def _got_request(self, index: int) -> None:
        self._mine.asked.append(index)
        self._answered += 1
        if self._answered > self._habits.answers or index not in self._mine.pieces:
            return  # a bitfield with the low bit first may be read the other way round, and pieces asked for in vain
        waiting = self._waiting_requests()
        self._mine.most_open = max(self._mine.most_open, 1 + waiting)
        choke = bool(self._habits.chokes_before) and self._answered % 3 == 0
        if choke:
            self.say(CHOKE)
        if not choke or self._habits.chokes_before == "answers":
            self.say(PIECE, struct.pack(">I", index) + self._spoiled(self._mine.pieces[index]))
        if choke:
            self.say(UNCHOKE)

    def _waiting_requests(self) -> int:
        """Requests that came before this one was answered: from a neighbour that keeps several open."""
        self._socket.setblocking(False)
        try:
            return _count_requests(self._socket.recv(1 << 16, socket.MSG_PEEK))
        except BlockingIOError:
            return 0
        finally:
            self._socket.setblocking(True)

    def _spoiled(self, data: bytes) -> bytes:
        return data[:-1] + bytes([data[-1] ^ 1]) if self._habits.flips else data

    def say(self, kind: int, payload: bytes = b"") -> None:
        """Send one message, whole or, as many do, in three pieces."""
        parts = [struct.pack(">I", 1 + len(payload)), bytes([kind]), payload]
        with self._mine.lock:
            for part in parts if self._habits.in_parts else [b"".join(parts)]:
                self._socket.sendall(part)

    def _read(self) -> Tuple[int, bytes]:
        length = int.from_bytes(self._receive(4), "big")
        message = self._receive(length)
        return message[0], message[1:]

    def _receive(self, length: int) -> bytes:
        data = b""
        while len(data) < length:
            part = self._socket.recv(length - len(data))
            if not part:
                raise HangUp
            data += part
        return data


def _bit(payload: bytes, index: int) -> bool:
    return index // 8 < len(payload) and bool(payload[index // 8] >> (7 - index % 8) & 1)


def _count_requests(waiting: bytes) -> int:
    count = 0
    while len(waiting) >= 5:
        count += waiting[4] == REQUEST
        waiting = waiting[4 + int.from_bytes(waiting[:4], "big") :]
    return count
