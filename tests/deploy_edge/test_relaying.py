"""Hosts that only SSH reaches: a peer's connection by its agent, the operator and the other host's agent, and back."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.agent import clocks, verbs
from deploy.agent.relayhub import Hub
from deploy.agent.relaystream import BUFFER
from deploy.core.inventory import parse_inventory
from deploy.edge.hosts import relaycap
from deploy.edge.hosts.pipe import Pipe
from deploy.edge.hosts.switchboard import Switchboard
from peer.core import folder
from peer.core.relaynote import NOBODY, RelayNote, parse_note
from peer.edge.relaydial import connect_by_relay
from peer.edge.throttle import UNCAPPED, Meter
from tests.helpers.sockets import Sockets, receive
from tests.helpers.waiting import wait_for

FAR, SILENT = 1001, 1003  # nobody listens at SILENT's port
TOKEN = "0123456789abcdef" * 2
MIB = 1024 * 1024
RATE = 1_000_000.0  # bytes a second
INVENTORY = """
swarm: {{name: t, payload: {{generate: 1MiB}}}}
hosts: {{far: , near: {{relay: true}}}}
peers:
  - {{id: 1001, host: far, port: {port}, seed: true}}
  - {{id: 1002, host: near}}
  - {{id: 1003, host: far, port: 1}}
"""


class World:
    """Both hosts and the operator in one process: only SSH reaches `near`, and the test is the peers of both."""

    def __init__(self, home: Path, cap: Meter = UNCAPPED.up) -> None:
        self._home = home
        self._far = socket.create_server(("127.0.0.1", 0))
        self._open = [self._far]
        self._lines: dict[str, socket.socket] = {}
        self.said: list[str] = []
        self._inventory = parse_inventory(INVENTORY.format(port=self._far.getsockname()[1]))
        self.board = Switchboard(self._inventory, ["near"], self._begin, self.said.append, cap)
        self.board.open()
        wait_for(self._is_noted, "the agent of `near`")

    def _is_noted(self) -> bool:
        note = self._home / folder.RELAY
        return note.exists() and parse_note(note.read_text()) is not None

    def dial(self, peer: int) -> socket.socket:
        """As the peer on `near` does."""
        self._open.append(connect_by_relay(str(self._home), peer, 0))
        return self._open[-1]

    def joined(self) -> Sockets:
        """Both ends of a connection with FAR."""
        near = self.dial(FAR)
        self._far.settimeout(20)
        far, _ = self._far.accept()
        self._open.append(far)
        return near, far

    def cut(self, name: str) -> None:
        """The line to a host breaks."""
        self._lines[name].shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.board.close()
        for sock in self._open:
            sock.close()

    def _begin(self, name: str, request: verbs.Relay) -> Pipe:
        ours, theirs = socket.socketpair()
        self._lines[name] = ours
        threading.Thread(target=self._agent, args=(theirs, request), daemon=True).start()
        return Pipe(ours, lambda: "cut", lambda: _hang_up(ours))

    def _agent(self, line: socket.socket, request: verbs.Relay) -> None:
        ports = {one.peer: one.port for one in request.ports}
        with line, socket.socket() as door:
            note = None
            if request.invites:
                door.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
                door.bind(("127.0.0.1", 0))
                door.listen()
                note = RelayNote(door.getsockname()[1], TOKEN)
                (self._home / folder.RELAY).write_text(note.format())
            with contextlib.suppress(OSError), line.dup() as sink:
                Hub(line.fileno(), sink.fileno(), ports, lambda: None, door if note else None, note).run()


def _hang_up(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    sock.close()


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(clocks, "RETRY", 0.05)
    made = World(tmp_path)
    yield made
    made.close()


def test_bytes_go_both_ways_to_the_last_one(world: World) -> None:
    near, far = world.joined()
    data = bytes(range(256)) * 4096 * 2  # several windows
    sender = threading.Thread(target=far.sendall, args=(data,))
    sender.start()
    assert receive(near, len(data)) == data
    sender.join()
    near.sendall(b"thanks")
    near.shutdown(socket.SHUT_WR)
    assert receive(far, 100) == b"thanks"
    far.sendall(b"bye")
    far.close()
    assert receive(near, 100) == b"bye"
    assert world.board.carried == (len(data) + 9, {"near": len(data) + 9})


def test_who_does_not_read_holds_up_nobody_else(world: World) -> None:
    idle, flood = world.joined()
    flood.settimeout(0.2)
    with pytest.raises(TimeoutError):  # windows and buffers are full
        while True:
            flood.sendall(bytes(MIB))
    assert world.board.carried.size < 16 * MIB
    near, far = world.joined()
    far.sendall(b"hello")
    assert receive(near, 5) == b"hello"
    flood.close()
    idle.settimeout(20)
    with contextlib.suppress(ConnectionResetError):
        while idle.recv(MIB):
            pass


def test_a_peer_hears_why_it_is_not_connected(world: World, tmp_path: Path) -> None:
    for peer, why in ((SILENT, "connection refused"), (1004, "no such peer")):
        with pytest.raises(OSError, match=why):
            world.dial(peer)
    note = (tmp_path / folder.RELAY).read_text()
    for wrong in ("", note.replace("0", "1"), "1 " + TOKEN + "\n"):
        (tmp_path / folder.RELAY).write_text(wrong)
        with pytest.raises(OSError, match=NOBODY.partition(";")[0]):
            world.dial(FAR)


def test_who_says_nothing_keeps_nobody_out(world: World, tmp_path: Path) -> None:
    port = int((tmp_path / folder.RELAY).read_text().split()[0])
    with contextlib.ExitStack() as held:
        first, *_ = [held.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(40)]
        assert receive(first, 1) == b""
        near, far = world.joined()
        far.sendall(b"hello")
        assert receive(near, 5) == b"hello"


def test_a_line_that_breaks_ends_its_connections_and_is_made_again(world: World) -> None:
    for name in ("far", "near"):
        near, far = world.joined()
        world.cut(name)
        assert receive(near, 1) == receive(far, 1) == b""

        def again() -> bool:
            with contextlib.suppress(OSError):
                return bool(world.dial(FAR))
            return False

        wait_for(again, "another line")


def test_what_this_machine_carries_may_be_capped_and_freed_by_another_command(tmp_path: Path) -> None:
    folder = tmp_path / ".relay" / "t"
    assert not relaycap.change(folder, RATE)  # nobody carries
    with relaycap.carrying(folder, RATE) as cap:
        world = World(tmp_path, cap)
        try:
            near, far = world.joined()
            begun = time.monotonic()
            far.sendall(bytes(500_000))
            assert len(receive(near, 500_000)) == 500_000
            assert time.monotonic() - begun > 0.35  # of 0.5 s, 80 ms may be made up for
            assert relaycap.change(folder, RATE / 1000)
            sender = threading.Thread(target=far.sendall, args=(bytes(500_000),))
            sender.start()
            assert relaycap.change(folder, 0.0)
            assert len(receive(near, 500_000)) == 500_000  # else it would take minutes
            sender.join()
        finally:
            world.close()
    assert not relaycap.change(folder, RATE)
