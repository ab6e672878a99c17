"""One connection that is carried: its socket on this host, and what is on its way between that and the operator."""

from __future__ import annotations

import socket
from typing import Callable

from deploy.agent import frames
from deploy.agent.frames import DATA, END, MOST, TAKEN, WINDOW, Frame
from peer.core import relaynote

BUFFER = 128 * 1024  # bytes that the kernel keeps for us: what waits here is late already
_TELL = WINDOW // 4  # bytes taken up, before the far end is told

Send = Callable[[Frame], object]


class RelayStream:
    """`is_taken`: the far end is connected. One that is a peer's of ours waits for that, with the peer's own words."""

    def __init__(self, number: int, sock: socket.socket, send: Send, is_taken: bool) -> None:
        sock.setblocking(False)
        self.number = number
        self.sock = sock
        self._send = send
        self._is_taken = is_taken
        self._out = bytearray()  # for the socket
        self._credit = WINDOW
        self._taken_up = 0  # since the far end was told
        self._sent_end = self._got_end = self._shut = False

    @property
    def reads(self) -> bool:
        """Whether bytes of the socket are wanted now."""
        return self._is_taken and self._credit > 0 and not self._sent_end

    @property
    def writes(self) -> bool:
        """Whether there are bytes for the socket."""
        return bool(self._out)

    @property
    def over(self) -> bool:
        """Whether both sides have said all."""
        return self._sent_end and self._shut

    def read(self) -> None:
        """Send on what the socket has. Raises OSError."""
        data = self.sock.recv(min(MOST, self._credit))
        self._credit -= len(data)
        self._sent_end = not data
        self._send(Frame(DATA, self.number, data) if data else Frame(END, self.number))

    def write(self) -> None:
        """Give the socket what it takes, and the far end credit for it. Raises OSError."""
        count = self.sock.send(self._out) if self._out else 0
        del self._out[:count]
        if self._is_taken:
            self._taken_up += count
        if self._taken_up >= _TELL:
            self._send(frames.credit(self.number, self._taken_up))
            self._taken_up = 0
        if self._got_end and not self._out and not self._shut:
            self._shut = True
            self.sock.shutdown(socket.SHUT_WR)

    def got(self, frame: Frame) -> None:
        """A frame of the far end, any but GONE. Raises OSError, ValueError."""
        if frame.kind == TAKEN:
            self._out += relaynote.ACCEPTED
            self.write()
            self._is_taken = True
        elif frame.kind == DATA:
            self._out += frame.data
        elif frame.kind == END:
            self._got_end = True
            self.write()
        else:
            self._credit += int(frame.data)

    def close(self, reason: str) -> None:
        """The far end is gone, or can't be had; a peer that waits for it is told why."""
        try:
            if not self._is_taken:
                self.sock.send(relaynote.refused(reason))
        except OSError:
            pass
        self.sock.close()


def connected(port: int, seconds: float) -> socket.socket:
    """A connection with a peer of this host. Raises OSError."""
    sock = socket.socket()
    try:
        sock.settimeout(seconds)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        sock.connect(("127.0.0.1", port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError:
        sock.close()
        raise
    return sock
