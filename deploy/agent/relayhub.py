"""The loop of an agent that relays, between connections of this host's peers and the line to the operator."""

from __future__ import annotations

import os
import selectors
import socket
from typing import Any, Callable, Dict, List, Mapping, Optional

from deploy.agent import frames
from deploy.agent.frames import BEAT, GONE, OPEN, TAKEN, Frame, Frames
from deploy.agent.relaystream import RelayStream, connected
from peer.core.errors import system_words
from peer.core.relaynote import MOST_HELLO, NOBODY, RelayNote

DIAL_SECONDS = 2.0  # to a port of this host
_BLOCK = 256 * 1024
_FULL = 128 * 1024  # bytes that wait for the line, before more is read from the connections
_MOST_STRANGERS = 32  # any user of the host may connect, and say nothing


class Hub:
    """`ports`: those of this host's peers, by their IDs; `door`: where peers of this host come, with its note.

    `heard` is called whenever the operator gives a sign.
    """

    def __init__(
        self,
        source: int,
        sink: int,
        ports: Mapping[int, int],
        heard: Callable[[], object],
        door: Optional[socket.socket] = None,
        note: Optional[RelayNote] = None,
    ) -> None:
        self._source, self._sink = source, sink
        self._ports = ports
        self._heard = heard
        self._door, self._note = door, note
        self._frames = Frames()
        self._line = bytearray()  # for the operator
        self._streams: Dict[int, RelayStream] = {}
        self._strangers: List[socket.socket] = []  # they haven't said whom they want
        self._next = 2
        self._selector = selectors.DefaultSelector()
        self._over = False

    def run(self) -> None:
        """Until the operator hangs up. Raises OSError when the line breaks, ValueError where frames are none."""
        os.set_blocking(self._source, False)
        os.set_blocking(self._sink, False)
        self._arm(self._source, selectors.EVENT_READ, self._hear)
        if self._door is not None:
            self._door.setblocking(False)
            self._arm(self._door, selectors.EVENT_READ, self._admit)
        try:
            while not self._over:
                self._turn()
        finally:
            for stream in list(self._streams.values()):
                self._drop(stream, NOBODY)

    def _turn(self) -> None:
        """Wait until something can be done, and do it."""
        self._arm(self._sink, selectors.EVENT_WRITE if self._line else 0, self._speak)
        for stream in self._streams.values():
            reads = stream.reads and len(self._line) < _FULL
            mask = (selectors.EVENT_READ if reads else 0) | (selectors.EVENT_WRITE if stream.writes else 0)
            self._arm(stream.sock, mask, self._carry, stream)
        for key, mask in self._selector.select():
            work, *what = key.data
            work(mask, *what)

    def _arm(self, file: Any, mask: int, *work: Any) -> None:
        """From now on wait for this on a file, and do `work` then."""
        known = self._selector.get_map().get(file)
        if known is None and mask:
            self._selector.register(file, mask, work)
        elif known is not None and not mask:
            self._selector.unregister(file)
        elif known is not None and known.events != mask:
            self._selector.modify(file, mask, work)

    # ---- the line

    def _hear(self, _: int) -> None:
        data = os.read(self._source, _BLOCK)
        self._over = not data
        self._heard()
        for frame in self._frames.feed(data):
            self._obey(frame)

    def _obey(self, frame: Frame) -> None:
        if frame.kind == BEAT:
            self._send(frame)
        elif frame.kind == OPEN:
            self._open(frame)
        elif frame.stream in self._streams:
            stream = self._streams[frame.stream]
            if frame.kind == GONE:
                self._drop(stream, frame.data.decode(errors="replace"))
            else:
                self._guarded(stream, lambda: stream.got(frame))

    def _speak(self, _: int) -> None:
        del self._line[: os.write(self._sink, self._line[:_BLOCK])]

    def _send(self, frame: Frame) -> None:
        self._line += frame.write()

    # ---- the connections

    def _open(self, frame: Frame) -> None:
        """The operator asks for one with a peer of this host."""
        try:
            sock = connected(self._ports[int(frame.data)], DIAL_SECONDS)
        except (OSError, KeyError, ValueError) as error:
            self._send(frames.gone(frame.stream, system_words(error)))
            return
        self._streams[frame.stream] = RelayStream(frame.stream, sock, self._send, is_taken=True)
        self._send(Frame(TAKEN, frame.stream))

    def _admit(self, _: int) -> None:
        """Somebody on this host connects."""
        assert self._door is not None
        try:
            sock, _address = self._door.accept()
        except OSError:
            return
        sock.setblocking(False)
        self._strangers.append(sock)
        self._arm(sock, selectors.EVENT_READ, self._greet, sock)
        if len(self._strangers) > _MOST_STRANGERS:
            oldest = self._strangers.pop(0)
            self._arm(oldest, 0)
            oldest.close()

    def _greet(self, _: int, sock: socket.socket) -> None:
        """A peer of this host says whom it wants."""
        if sock not in self._strangers:  # it made room in this very turn
            return
        self._arm(sock, 0)
        self._strangers.remove(sock)
        try:
            line = sock.recv(MOST_HELLO)
        except OSError:
            line = b""
        peer = self._note.wanted(line) if self._note else None
        if peer is None:
            sock.close()
            return
        stream = RelayStream(self._next, sock, self._send, is_taken=False)
        self._streams[self._next] = stream
        self._send(Frame(OPEN, self._next, b"%d" % peer))
        self._next += 2

    def _carry(self, mask: int, stream: RelayStream) -> None:
        if mask & selectors.EVENT_WRITE and stream.number in self._streams:  # else it was dropped in this very turn
            self._guarded(stream, stream.write)
        if mask & selectors.EVENT_READ and stream.number in self._streams:
            self._guarded(stream, stream.read)

    def _guarded(self, stream: RelayStream, work: Callable[[], object]) -> None:
        """An error of one connection ends that one alone."""
        try:
            work()
        except BlockingIOError:
            return
        except (OSError, ValueError) as error:
            self._send(frames.gone(stream.number, system_words(error)))
            self._drop(stream, system_words(error))
            return
        if stream.over:
            self._drop(stream, "")

    def _drop(self, stream: RelayStream, reason: str) -> None:
        del self._streams[stream.number]
        self._arm(stream.sock, 0)
        stream.close(reason)
