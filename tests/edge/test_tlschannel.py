"""One TLS connection, both ends real: bytes both ways at once, in order, none lost; its ends; its handshake's ends."""

from __future__ import annotations

import datetime
import os
import random
import socket
import ssl
import threading
from pathlib import Path
from typing import Callable, Iterator, List, Tuple

import pytest

from deploy.edge.pushed.authority import make_keys
from peer.core.errors import ProtocolError
from peer.edge.channel import Channel
from peer.edge.keys import Keys
from peer.edge.tlschannel import SMALL, TlsChannel
from peer.edge.tlssession import Session
from tests.helpers.sockets import tcp_pair
from tests.helpers.waiting import DEADLINE, wait_for

MIB = 1024 * 1024
Ends = Tuple[TlsChannel, TlsChannel]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Tuple[Keys, Keys]:
    folder = tmp_path_factory.mktemp("swarm")
    for peer, files in make_keys([1001, 1002], datetime.datetime.now(datetime.timezone.utc)).items():
        (folder / f"keys_{peer}").mkdir(mode=0o700)
        for name, data in files._asdict().items():
            path = folder / f"keys_{peer}" / f"{name}.pem"
            path.write_bytes(data)
            path.chmod(0o600)
    return Keys(str(folder), 1001), Keys(str(folder), 1002)


@pytest.fixture
def sessions(keys: Tuple[Keys, Keys]) -> Iterator[Tuple[Session, Session, socket.socket, socket.socket]]:
    near, far = tcp_pair()
    found: List[Session] = []
    thread = beside(lambda: found.append(keys[1].handshake(far, True, DEADLINE)))
    mine = keys[0].handshake(near, False, DEADLINE)
    thread.join(DEADLINE)
    yield mine, found[0], near, far
    near.close()
    far.close()


@pytest.fixture
def ends(sessions: Tuple[Session, Session, socket.socket, socket.socket]) -> Ends:
    mine, theirs, near, far = sessions
    return TlsChannel(mine, Channel(near, MIB, False)), TlsChannel(theirs, Channel(far, MIB, False))


def beside(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def received(channel: TlsChannel, count: int, enough: int) -> bytes:
    """So many bytes, read as a link does."""
    whole, buffer = bytearray(), memoryview(bytearray(256 * 1024))
    while len(whole) < count:
        got = channel.receive(buffer[: count - len(whole)], enough)
        if not got:
            break
        whole += buffer[:got]
    return bytes(whole)


def test_both_ways_at_once(ends: Ends, tmp_path: Path) -> None:
    payload = tmp_path / "payload"
    payload.write_bytes(random.Random(1).randbytes(24 * MIB + 12_345))
    wanted = payload.read_bytes()
    descriptor = os.open(payload, os.O_RDONLY)
    senders = [beside(lambda end=end: list(end.send_file(descriptor, 0, len(wanted)))) for end in ends]
    found: List[bytes] = []
    reader = beside(lambda: found.append(received(ends[1], len(wanted), 256 * 1024)))
    assert received(ends[0], len(wanted), 1) == wanted
    for thread in (*senders, reader):
        thread.join(DEADLINE)
    os.close(descriptor)
    assert found == [wanted]


def test_what_is_sent_without_waiting_keeps_its_place(ends: Ends) -> None:
    said = [random.Random(number).randbytes(1 + number * 37 % 4000) for number in range(200)]
    done = []

    def say() -> None:
        for words in said:
            if ends[0].send_now(words) != len(words):
                ends[0].send(words, more=False)
        done.append(True)

    thread = beside(say)
    assert received(ends[1], sum(map(len, said)), 1) == b"".join(said)
    thread.join(DEADLINE)
    assert done


def test_nothing_is_sent_without_waiting_where_the_kernel_is_full(ends: Ends) -> None:
    block = random.Random(2).randbytes(SMALL)
    blocks = 0
    while ends[0].send_now(block):
        blocks += 1
    assert received(ends[1], blocks * SMALL, 64 * 1024) == blocks * block
    wait_for(lambda: ends[0].send_now(b"!"), "room again")
    assert received(ends[1], 1, 1) == b"!"


def test_what_is_too_long_to_be_sure_of_waits_for_its_turn(ends: Ends) -> None:
    assert ends[0].send_now(bytes(SMALL + 1)) == 0


def test_nothing_comes_between_the_parts_of_one_record(ends: Ends) -> None:
    large = random.Random(3).randbytes(64 * MIB)  # more than the kernel takes from us at once
    thread = beside(lambda: ends[0].send(large, more=False))
    assert received(ends[1], MIB, 1) == large[:MIB]
    assert ends[0].send_now(b"!") == 0
    assert received(ends[1], len(large) - MIB, 64 * 1024) == large[MIB:]
    thread.join(DEADLINE)


def test_all_that_was_sent_is_read_before_the_end(ends: Ends) -> None:
    ends[0].send(b"last words", more=False)
    ends[0].end_sending()
    assert received(ends[1], 100, 100) == b"last words"
    assert ends[1].receive(memoryview(bytearray(10)), 1) == 0


def test_what_comes_slowly_is_not_waited_for(ends: Ends) -> None:
    """The reader counts what comes: a neighbour that sends a little now and then isn't silent."""
    ends[0].send(bytes(20_000), more=False)
    got: List[int] = []
    thread = beside(lambda: got.append(ends[1].receive(memoryview(bytearray(256 * 1024)), 256 * 1024)))
    thread.join(DEADLINE)
    assert got == [20_000]


def test_after_a_farewell_nothing_counts(
    sessions: Tuple[Session, Session, socket.socket, socket.socket],
) -> None:
    mine, theirs, near, far = sessions
    channel = TlsChannel(mine, Channel(near, MIB, False))
    with pytest.raises(ssl.SSLWantReadError):
        theirs.tls.unwrap()
    far.sendall(theirs.outgoing.read() + bytes(100_000))
    assert channel.receive(memoryview(bytearray(10)), 10) == 0
    assert channel.receive(memoryview(bytearray(10)), 1) == 0


def test_forged_bytes_end_it(ends: Ends, sessions: Tuple[Session, Session, socket.socket, socket.socket]) -> None:
    sessions[3].sendall(b"\x17\x03\x03\x00\x20" + bytes(32))
    with pytest.raises(ssl.SSLError):
        ends[0].receive(memoryview(bytearray(10)), 1)


def test_a_file_that_became_shorter_is_told(ends: Ends, tmp_path: Path) -> None:
    (tmp_path / "short").write_bytes(bytes(100))
    descriptor = os.open(tmp_path / "short", os.O_RDONLY)
    with pytest.raises(EOFError):
        list(ends[0].send_file(descriptor, 0, 101))
    os.close(descriptor)


def test_a_broken_connection_takes_nothing(ends: Ends) -> None:
    ends[0].shut()
    assert ends[0].send_now(b"hello") == 0


def test_who_says_nothing_is_waited_for_so_long(keys: Tuple[Keys, Keys]) -> None:
    near, far = tcp_pair()
    with near, far, pytest.raises(socket.timeout):
        keys[0].handshake(near, True, 0.1)


@pytest.mark.parametrize("words", [b"", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01"])
def test_who_says_something_else_is_told_apart(keys: Tuple[Keys, Keys], words: bytes) -> None:
    near, far = tcp_pair()
    with near, far, pytest.raises(ProtocolError, match="its TLS handshake failed: "):
        far.sendall(words)
        far.shutdown(socket.SHUT_WR)
        keys[0].handshake(near, True, DEADLINE)


def test_why_a_handshake_failed_is_known_also_where_the_other_end_has_left(keys: Tuple[Keys, Keys]) -> None:
    near, far = tcp_pair()
    with near:
        far.sendall(b"GET / HTTP/1.1\r\n\r\n")
        wait_for(lambda: near.recv(18, socket.MSG_PEEK), "its words")
        near.shutdown(socket.SHUT_WR)
        with pytest.raises(ProtocolError, match="its TLS handshake failed: http request"):
            keys[0].handshake(near, True, DEADLINE)
        far.close()
