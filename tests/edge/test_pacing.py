"""Pacing held off, on real sockets: before the connection, for those accepted too, and given back where it is slow."""

from __future__ import annotations

import socket

import pytest

from peer.edge import pacing
from peer.edge.pacing import Pacing
from tests.helpers.sockets import Sockets

pytestmark = pytest.mark.skipif(not hasattr(socket, "TCP_CONGESTION"), reason="no choice on this system")


def way_of(sock: socket.socket) -> bytes:
    return sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16).rstrip(b"\0")


def usual_way() -> bytes:
    with socket.socket() as fresh:
        return way_of(fresh)


@pytest.fixture(autouse=True)
def a_system_that_paces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever this one does by itself counts as pacing; there is always something else, reno at the least."""
    usual = usual_way()
    monkeypatch.setattr(pacing, "PACED", (usual,))
    monkeypatch.setattr(pacing, "OTHERS", tuple(name for name in (b"none such", b"cubic", b"reno") if name != usual))


def connected() -> Sockets:
    """Both ends of a connection, the near one dialled, the far one accepted, with pacing held off."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        pacing.hold_off(server)
        near = socket.socket()
        pacing.hold_off(near)
        near.connect(server.getsockname())
        far, _ = server.accept()
    return near, far


def test_who_dials_and_who_is_accepted_arent_paced() -> None:
    for sock in connected():
        with sock:
            Pacing(sock)
            assert way_of(sock) != usual_way()


def test_a_slow_connection_gets_the_systems_own_way_back(monkeypatch: pytest.MonkeyPatch) -> None:
    near, far = connected()
    with near, far:
        watched = Pacing(near)
        watched.look()
        assert way_of(near) != usual_way(), "loopback is as prompt as can be"
        monkeypatch.setattr(pacing, "PROMPT", -1)
        watched.look()
        assert way_of(near) == usual_way()


def test_one_that_is_slow_from_the_start_too(monkeypatch: pytest.MonkeyPatch) -> None:
    near, far = connected()
    monkeypatch.setattr(pacing, "PROMPT", -1)
    with near, far:
        Pacing(near)
        assert way_of(near) == usual_way()


def test_a_system_that_doesnt_pace_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacing, "PACED", (b"bbr of another kind",))
    near, far = connected()
    with near, far:
        assert way_of(near) == way_of(far) == usual_way()
        Pacing(near).look()
        assert way_of(near) == usual_way()


def test_a_system_that_allows_nothing_else_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacing, "OTHERS", (b"none such",))
    near, far = connected()
    with near, far:
        assert way_of(near) == usual_way()
        Pacing(near).look()
        assert way_of(near) == usual_way()


def test_without_a_descriptor_to_ask_with_it_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    near, far = connected()

    def none_free(_: socket.socket) -> bytes:
        raise OSError("too many open files")

    before = way_of(near)
    monkeypatch.setattr(pacing, "_name", none_free)
    monkeypatch.setattr(pacing, "PROMPT", -1)
    with near, far:
        Pacing(near).look()
        assert way_of(near) == before
