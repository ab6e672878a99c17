"""Connects with a neighbour through the operator's machine, by the agent on this host that carries it there."""

from __future__ import annotations

import os
import socket

from peer.core import folder as names
from peer.core import relaynote
from peer.core.relaynote import RelayNote
from peer.edge import pacing
from peer.edge.inlet import bound

ANSWER_SECONDS = 30.0  # the operator may have to log in to the neighbour's host first


def connect_by_relay(folder: str, peer: int, window: int) -> socket.socket:
    """A connection with that neighbour; `window`: see `Meter`. Raises OSError."""
    note = _note(folder)
    sock = socket.socket()
    try:
        sock.settimeout(ANSWER_SECONDS)
        pacing.hold_off(sock)
        if window:
            bound(sock, window)
        try:
            sock.connect(("127.0.0.1", note.port))
        except ConnectionRefusedError:
            raise OSError(relaynote.NOBODY) from None
        sock.sendall(note.hello(peer))
        answer = _line(sock)
        if answer != relaynote.ACCEPTED:
            raise OSError(answer.decode("utf-8", "replace").strip() or relaynote.NOBODY)
        return sock
    except OSError:
        sock.close()
        raise


def _note(folder: str) -> RelayNote:
    try:
        with open(os.path.join(folder, names.RELAY), encoding="ascii", errors="replace") as file:
            note = relaynote.parse_note(file.read(relaynote.MOST_HELLO))
    except FileNotFoundError:
        note = None
    if note is None:
        raise OSError(relaynote.NOBODY)
    return note


def _line(sock: socket.socket) -> bytes:
    """The answer and nothing after it: what follows belongs to the neighbour."""
    said = b""
    while not said.endswith(b"\n") and len(said) < relaynote.MOST_ANSWER:
        byte = sock.recv(1)
        if not byte:
            return b""
        said += byte
    return said
