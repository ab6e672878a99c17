"""Carries connections of this host's peers over the line to the operator, until that one hangs up."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import sys
from typing import Iterator, NoReturn, Optional, Tuple

from deploy.agent import clocks, paths, verbs
from deploy.agent.context import Context
from deploy.agent.relayhub import Hub
from deploy.agent.relaystream import BUFFER
from peer.core import folder
from peer.core.relaynote import RelayNote, parse_note
from peer.edge.ours.making import open_growing

_BACKLOG = 64


def relay(request: verbs.Relay, context: Context) -> NoReturn:
    """From the answer on, the line carries frames; see `frames`."""
    home = paths.deployed_home(context.home)
    ports = {one.peer: one.port for one in request.ports}
    with _door(home) if request.invites else contextlib.nullcontext((None, None)) as (door, note):
        context.wire.answer(verbs.Done())
        context.wire.hand_over()
        context.guard.allow(clocks.LEASE)
        with contextlib.suppress(OSError, ValueError):  # the operator sees the end of the line, and comes again
            Hub(sys.stdin.fileno(), sys.stdout.fileno(), ports, context.guard.renew, door, note).run()
    sys.exit(0)


Door = Tuple[Optional[socket.socket], Optional[RelayNote]]


@contextlib.contextmanager
def _door(home: str) -> Iterator[Door]:
    """Where the peers of this host come to be connected; while the body runs they find it."""
    with socket.socket() as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)  # those that are accepted inherit it
        door.bind(("127.0.0.1", 0))
        door.listen(_BACKLOG)
        note = RelayNote(door.getsockname()[1], secrets.token_hex(16))
        _write(home, note.format())
        try:
            yield door, note
        finally:
            with contextlib.suppress(OSError):
                if _read(home) == note:  # another operator's agent may have come meanwhile
                    _write(home, "")


def _write(home: str, text: str) -> None:
    with paths.recording(home) as record:
        handle = open_growing(record, _path(home), os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)


def _read(home: str) -> Optional[RelayNote]:
    with open(_path(home), encoding="ascii") as file:
        return parse_note(file.read())


def _path(home: str) -> str:
    return os.path.join(home, folder.RELAY)
