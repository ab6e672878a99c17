"""Stubs of foreign peers, each with exactly one habit, as a few lines over a raw socket.

A script gets a `Talk`, which is one connection whose handshakes are through, and plays until the other side closes.
Then it closes too, unless it returns. `Stub` runs scripts in threads; nothing is shared with the program under test.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from typing import Callable, Dict, Iterable, List, Optional, Tuple

from tests.helpers.waiting import DEADLINE
from tests.swarm.foreign import (
    HAVE,
    HEADER,
    INTERESTED,
    NOT_INTERESTED,
    PIECE,
    REQUEST,
    UNCHOKE,
    Payload,
)

ZEROS = bytes(10)


def index_of(number: int) -> bytes:
    """A piece's index, or a peer's ID, on the wire."""
    return struct.pack(">I", number)


def message(kind: int, body: bytes = b"") -> bytes:
    """The bytes of a message."""
    return struct.pack(">I", 1 + len(body)) + bytes([kind]) + body


def field(indices: Iterable[int], total: int, low_first: bool = False) -> bytes:
    """A bitfield's bytes."""
    data = bytearray(-(-total // 8))
    for index in indices:
        data[index // 8] |= 1 << (index % 8 if low_first else 7 - index % 8)
    return bytes(data)


class Talk:
    """One connection. `pieces`: what has come or was there from the start."""

    def __init__(self, sock: socket.socket, payload: Payload, pieces: Dict[int, bytes], talks: "List[Talk]") -> None:
        self._talks = talks  # all connections of the peer
        self._lock = threading.Lock()
        self.sock = sock
        self.payload = payload
        self.pieces = pieces
        self.theirs: List[int] = []
        self.asked: List[int] = []  # of us, in order

    @property
    def missing(self) -> List[int]:
        return [index for index in range(self.payload.count) if index not in self.pieces]

    def say(self, kind: int, body: bytes = b"") -> None:
        with self._lock:
            self.sock.sendall(message(kind, body))

    def tell_all(self, index: bytes) -> None:
        """`have` to every neighbour; a connection that has just ended is no news."""
        for talk in list(self._talks):
            with contextlib.suppress(OSError):
                talk.say(HAVE, index)

    def read(self) -> Tuple[int, bytes]:
        """The next message; a piece's bytes are kept. Raises EOFError at the end."""
        length = int.from_bytes(receive(self.sock, 4), "big")
        data = receive(self.sock, length)
        if data[0] == PIECE:
            self.pieces[int.from_bytes(data[1:5], "big")] = data[5:]
        return data[0], data[1:]

    def only_read(self) -> None:
        """Until the other side closes."""
        while True:
            self.read()

    def read_until(self, wanted: int) -> None:
        while self.read()[0] != wanted:
            pass

    def serve(self, body: bytes) -> None:
        """Answer a request."""
        index = int.from_bytes(body, "big")
        self.asked.append(index)
        self.say(PIECE, body + self.payload.piece(index))

    def ask_on(self) -> None:
        """Ask for the next missing piece."""
        if self.missing:
            self.say(REQUEST, index_of(self.missing[0]))

    def leech(self) -> None:
        """Ask upon `unchoke` and after each piece, tell of each, and lose interest in the end."""
        while True:
            kind, body = self.read()
            if kind == UNCHOKE:
                self.ask_on()
            elif kind == PIECE:
                self.tell_all(body[:4])
                if self.missing:
                    self.ask_on()
                else:
                    self.say(NOT_INTERESTED)

    def seed(self) -> None:
        """Unchoke who is interested, and serve."""
        while True:
            kind, body = self.read()
            if kind == INTERESTED:
                self.say(UNCHOKE)
            elif kind == REQUEST:
                self.serve(body)


def receive(sock: socket.socket, length: int) -> bytes:
    """So many bytes. Raises EOFError."""
    data = b""
    while len(data) < length:
        part = sock.recv(length - len(data))
        if not part:
            raise EOFError
        data += part
    return data


Script = Callable[[Talk], None]
Greet = Callable[[socket.socket, int], None]


def greet(sock: socket.socket, me: int) -> None:
    """Both handshakes by the book, ours first."""
    sock.sendall(HEADER + ZEROS + index_of(me))
    assert receive(sock, 32).startswith(HEADER)


class Stub:
    """A peer that plays a script on each of its connections. `pieces`: what it has."""

    def __init__(self, me: int, port: int, payload: Payload, pieces: Iterable[int] = ()) -> None:
        self.me = me
        self.payload = payload
        self.pieces = {index: payload.piece(index) for index in pieces}
        self.handshakes: List[bytes] = []
        self.talks: List[Talk] = []
        self.playing: List[Talk] = []  # those whose handshakes are through
        self.faults: List[BaseException] = []
        self.closed = threading.Event()
        self.began = time.monotonic()
        self._port = port
        self._server: Optional[socket.socket] = None
        self._socks: List[socket.socket] = []
        self._threads: List[threading.Thread] = []

    @property
    def complete(self) -> bool:
        return len(self.pieces) == self.payload.count

    @property
    def data(self) -> bytes:
        return b"".join(piece for _, piece in sorted(self.pieces.items()))

    def dial(self, port: int, script: Script, greet: Greet = greet) -> None:
        """Connect once, and play."""
        self._start(self._play, socket.create_connection(("127.0.0.1", port)), script, greet)

    def listen(self, script: Script, greet: Greet = greet) -> None:
        """Play on every connection that comes."""
        self._server = socket.create_server(("127.0.0.1", self._port))
        self._start(self._accept, script, greet)

    def stop_listening(self) -> None:
        """Nobody is accepted any more."""
        assert self._server is not None
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def close(self) -> None:
        """End everything."""
        self.closed.set()
        if self._server:
            self.stop_listening()
        for sock in self._socks:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        for thread in self._threads:
            thread.join(DEADLINE)

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, name=f"stub-{self.me}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, script: Script, greet: Greet) -> None:
        assert self._server is not None
        while not self.closed.is_set():
            try:
                sock, _ = self._server.accept()
            except OSError:
                return
            self._start(self._play, sock, script, greet)

    def _play(self, sock: socket.socket, script: Script, greet: Greet) -> None:
        self._socks.append(sock)
        talk = Talk(sock, self.payload, self.pieces, self.playing)
        self.talks.append(talk)
        try:
            greet(sock, self.me)
            self.playing.append(talk)
            script(talk)
        except (OSError, EOFError):
            sock.close()
        except BaseException as error:
            self.faults.append(error)
