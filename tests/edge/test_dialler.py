"""Meeting neighbours: every spelling of a handshake that is in use, and those who aren't neighbours at all."""

from __future__ import annotations

import queue
import socket
import struct
import threading
import time
from typing import Any, Callable, Iterator, List, Tuple

import pytest

from peer.core import handshake
from peer.core.errors import BusyError
from peer.core.events import DialFailed
from peer.core.handshake import CLASSIC_STYLE, Style
from peer.core.spelling import Spellings
from peer.edge.dialler import Dialler
from peer.edge.listener import Listener
from peer.edge.meeting import HANDSHAKE_SECONDS, Met
from tests.helpers.ports import free_ports
from tests.helpers.sockets import has_ended, receive
from tests.helpers.waiting import DEADLINE, wait_for

ME, OTHER, THIRD = 1001, 1002, 70_000
HEADER = b"P2PFILESHARINGPROJ"
ZEROS, ASCII_ZEROS = bytes(10), b"0" * 10
FLEET = handshake.fleet_style(b"digest")
OTHER_FLEET = handshake.fleet_style(b"another")
NUMBER, DIGITS = struct.pack(">I", OTHER), b"1002"
MY_NUMBER, MY_DIGITS = struct.pack(">I", ME), b"1001"


class Facts:
    """What a listener or a dialler reported."""

    def __init__(self) -> None:
        self._queue: "queue.Queue[Any]" = queue.Queue()
        self.report = self._queue.put

    def next(self) -> Any:
        return self._queue.get(timeout=DEADLINE)

    def next_met(self) -> Met:
        """The next meeting; failures before it are passed over."""
        while True:
            fact = self.next()
            if isinstance(fact, Met):
                return fact

    def none(self) -> bool:
        return self._queue.empty()

    def close(self) -> None:
        """Close the sockets of meetings that no test looked at."""
        while not self.none():
            fact = self._queue.get()
            if isinstance(fact, Met):
                fact.sock.close()


@pytest.fixture
def facts() -> Iterator[Facts]:
    made = Facts()
    yield made
    made.close()


class Door:
    """A listener, and callers who knock as the test says."""

    def __init__(self, facts: Facts, style: Style) -> None:
        self.port = free_ports(1)[0]
        self._listener = Listener(self.port, frozenset((OTHER, THIRD)), Spellings(style), facts.report, ME)
        self._listener.start()
        self._sockets: List[socket.socket] = []

    def knock(self, data: bytes = b"", host: str = "127.0.0.1") -> socket.socket:
        caller = socket.create_connection((host, self.port), DEADLINE)
        self._sockets.append(caller)
        caller.sendall(data)
        return caller

    def close(self) -> None:
        for caller in self._sockets:
            caller.close()
        self._listener.close()


OpenDoor = Callable[[Style], Door]


@pytest.fixture
def open_door(facts: Facts) -> Iterator[OpenDoor]:
    doors: List[Door] = []

    def make(style: Style) -> Door:
        doors.append(Door(facts, style))
        return doors[-1]

    yield make
    for door in doors:
        door.close()


def is_hung_up(sock: socket.socket) -> bool:
    sock.settimeout(DEADLINE)
    try:
        return sock.recv(1) == b""
    except ConnectionResetError:
        return True


# ---- the listening side


@pytest.mark.parametrize(
    "style, said, answer, fleet",
    [
        (CLASSIC_STYLE, ZEROS + NUMBER, ZEROS + MY_NUMBER, False),
        (CLASSIC_STYLE, ASCII_ZEROS + NUMBER, ASCII_ZEROS + MY_NUMBER, False),
        (CLASSIC_STYLE, ZEROS + DIGITS, ZEROS + MY_DIGITS, False),
        (CLASSIC_STYLE, ASCII_ZEROS + DIGITS, ASCII_ZEROS + MY_DIGITS, False),
        (CLASSIC_STYLE, b"\x00" * 9 + b"\x01" + NUMBER, ZEROS + MY_NUMBER, False),
        (CLASSIC_STYLE, b"          " + NUMBER, ZEROS + MY_NUMBER, False),
        (CLASSIC_STYLE, FLEET.padding + NUMBER, ZEROS + MY_NUMBER, False),
        (FLEET, FLEET.padding + NUMBER, FLEET.padding + MY_NUMBER, True),
        (FLEET, OTHER_FLEET.padding + NUMBER, None, False),
        (FLEET, ZEROS + NUMBER, ZEROS + MY_NUMBER, False),
        (FLEET, ASCII_ZEROS + DIGITS, ASCII_ZEROS + MY_DIGITS, False),
    ],
    ids=[
        "zeros", "ASCII zeros", "ID as digits", "ASCII zeros and digits", "a stray bit", "blanks",
        "fleet at a classic door", "fleet", "fleet of another swarm", "zeros at a fleet door",
        "ASCII at a fleet door",
    ],
)  # fmt: skip
def test_each_spelling_is_understood_and_answered_in_kind(
    open_door: OpenDoor, facts: Facts, style: Style, said: bytes, answer: bytes, fleet: bool
) -> None:
    caller = open_door(style).knock(HEADER + said)
    met = facts.next()
    assert (met.peer, met.dialled, met.fleet) == (OTHER, False, fleet)
    heard = receive(caller, 32)
    assert heard[:18] == HEADER
    if answer is not None:
        assert heard[18:] == answer
    met.sock.close()


def test_an_id_of_five_digits_is_a_number(open_door: OpenDoor, facts: Facts) -> None:
    open_door(CLASSIC_STYLE).knock(HEADER + ZEROS + struct.pack(">I", THIRD))
    met = facts.next()
    assert met.peer == THIRD
    met.sock.close()


def test_a_handshake_may_come_byte_by_byte(open_door: OpenDoor, facts: Facts) -> None:
    caller = open_door(CLASSIC_STYLE).knock()
    for byte in HEADER + ZEROS + NUMBER:
        caller.sendall(bytes([byte]))
    met = facts.next()
    assert receive(caller, 32) == HEADER + ZEROS + MY_NUMBER
    met.sock.close()


def test_what_follows_the_handshake_is_left_for_the_link(open_door: OpenDoor, facts: Facts) -> None:
    """Most send their bitfield in the same packet."""
    open_door(CLASSIC_STYLE).knock(HEADER + ZEROS + NUMBER + b"\0\0\0\x02\x05\xff")
    met = facts.next()
    assert receive(met.sock, 6) == b"\0\0\0\x02\x05\xff"
    met.sock.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_every_address_of_this_machine_is_open(open_door: OpenDoor, facts: Facts, host: str) -> None:
    if host == "::1" and not socket.has_dualstack_ipv6():
        pytest.skip("no IPv6 here")
    open_door(CLASSIC_STYLE).knock(HEADER + ZEROS + NUMBER, host)
    facts.next().sock.close()


@pytest.mark.parametrize(
    "data",
    [
        HEADER + ZEROS + struct.pack(">I", 1999),
        HEADER + ZEROS + MY_NUMBER,
        HEADER + ZEROS + b"9999",
        b"p2pfilesharingproj" + ZEROS + NUMBER,
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"\xff" * 32,
    ],
    ids=["unknown ID", "our own ID", "unknown digits", "lower case", "a browser", "noise"],
)
def test_strangers_are_hung_up_on(open_door: OpenDoor, facts: Facts, data: bytes) -> None:
    door = open_door(CLASSIC_STYLE)
    assert is_hung_up(door.knock(data))
    door.knock(HEADER + ZEROS + NUMBER)
    met = facts.next()
    assert met.peer == OTHER, "the next caller is served, and nothing was said of the stranger"
    met.sock.close()


@pytest.mark.parametrize("data", [b"", HEADER[:7]], ids=["nothing", "half a handshake"])
def test_silent_strangers_dont_keep_neighbours_out(open_door: OpenDoor, facts: Facts, data: bytes) -> None:
    door = open_door(CLASSIC_STYLE)
    silent = [door.knock(data) for _ in range(30)]
    door.knock(HEADER + ZEROS + NUMBER)
    facts.next().sock.close()
    assert not any(has_ended(caller) for caller in silent), "they were still there"


def test_a_silent_stranger_is_hung_up_on_in_the_end(
    open_door: OpenDoor, facts: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("peer.edge.meeting.HANDSHAKE_SECONDS", 0.2)
    door = open_door(CLASSIC_STYLE)
    assert is_hung_up(door.knock())
    dripping = door.knock(HEADER[:1])
    wait_for(lambda: drips_in_vain(dripping), "the end of one who sends byte after byte")
    assert facts.none()


def drips_in_vain(sock: socket.socket) -> bool:
    """Send one more byte; whether the other side has hung up. One deadline holds for the whole handshake."""
    try:
        sock.sendall(b"P")
        sock.settimeout(0.01)
        return sock.recv(1) == b""
    except socket.timeout:
        return False
    except OSError:
        return True


def test_a_crowd_of_silent_strangers_is_bounded(
    open_door: OpenDoor, facts: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the room for strangers is full, more are hung up on at once; it is free again when they are gone."""
    monkeypatch.setattr("peer.edge.listener.MOST_PENDING", 4)
    door = open_door(CLASSIC_STYLE)
    silent = [door.knock() for _ in range(12)]
    hung_up = wait_for(lambda: [caller for caller in silent if has_ended(caller)], "some to be hung up on")
    for caller in silent:
        if caller not in hung_up:
            caller.close()

    def gets_in() -> bool:
        return receive(door.knock(HEADER + ZEROS + NUMBER), 32) == HEADER + ZEROS + MY_NUMBER

    wait_for(gets_in, "a neighbour to get in")
    facts.next().sock.close()


def test_a_port_that_is_taken_is_named(facts: Facts) -> None:
    with socket.create_server(("", 0)) as holder:
        port = holder.getsockname()[1]
        with pytest.raises(
            BusyError, match=f"port {port}: address already in use; stop the program that uses it, or choose"
        ):
            Listener(port, frozenset((OTHER,)), Spellings(CLASSIC_STYLE), facts.report, ME)


# ---- the dialling side


class House:
    """What a dialled neighbour does, call by call: a server in the test's own hands."""

    def __init__(self) -> None:
        self.port = free_ports(1)[0]
        self._server: "socket.socket | None" = None
        self._callers: List[socket.socket] = []

    def open(self) -> "House":
        self._server = socket.create_server(("127.0.0.1", self.port))
        self._server.settimeout(DEADLINE)
        return self

    def take_call(self) -> Tuple[socket.socket, bytes]:
        """The next caller and its 32 bytes."""
        assert self._server is not None
        caller, _ = self._server.accept()
        self._callers.append(caller)
        return caller, receive(caller, 32)

    def close(self) -> None:
        for caller in self._callers:
            caller.close()
        if self._server:
            self._server.close()


@pytest.fixture
def house() -> Iterator[House]:
    made = House()
    yield made
    made.close()


MakeDialler = Callable[[Style], Dialler]


@pytest.fixture
def make_dialler(house: House, facts: Facts) -> Iterator[MakeDialler]:
    made: List[Dialler] = []

    def make(style: Style) -> Dialler:
        made.append(Dialler(ME, {OTHER: ("127.0.0.1", house.port)}, Spellings(style), facts.report))
        return made[-1]

    yield make
    house.close()
    for dialler in made:
        dialler.close()


@pytest.mark.parametrize(
    "style, answer, fleet",
    [
        (CLASSIC_STYLE, ZEROS + NUMBER, False),
        (CLASSIC_STYLE, ASCII_ZEROS + NUMBER, False),
        (CLASSIC_STYLE, ZEROS + DIGITS, False),
        (CLASSIC_STYLE, ASCII_ZEROS + DIGITS, False),
        (FLEET, FLEET.padding + NUMBER, True),
        (FLEET, ZEROS + NUMBER, False),
        (FLEET, ASCII_ZEROS + DIGITS, False),
    ],
)
def test_each_answer_is_understood(
    house: House, facts: Facts, make_dialler: MakeDialler, style: Style, answer: bytes, fleet: bool
) -> None:
    house.open()
    make_dialler(style).dial(OTHER)
    caller, said = house.take_call()
    assert said == HEADER + style.padding + MY_NUMBER
    caller.sendall(HEADER + answer + b"\0\0\0\x01\x01")
    met = facts.next()
    assert (met.peer, met.dialled, met.fleet) == (OTHER, True, fleet)
    assert receive(met.sock, 5) == b"\0\0\0\x01\x01", "what follows is left for the link"
    met.sock.close()


def test_one_who_hangs_up_on_our_tag_is_dialled_again_with_zeros(
    house: House, facts: Facts, make_dialler: MakeDialler
) -> None:
    house.open()
    make_dialler(FLEET).dial(OTHER)
    caller, said = house.take_call()
    assert said == HEADER + FLEET.padding + MY_NUMBER
    caller.close()
    assert isinstance(facts.next(), DialFailed)
    caller, said = house.take_call()
    assert said == HEADER + ZEROS + MY_NUMBER
    caller.sendall(HEADER + ZEROS + NUMBER)
    met = facts.next_met()
    assert not met.fleet
    met.sock.close()


def test_a_fleet_neighbour_that_was_only_starting_gets_our_tag_again(
    house: House, facts: Facts, make_dialler: MakeDialler
) -> None:
    """All spellings take turns, so that one hang-up doesn't make a neighbour classic for good."""
    house.open()
    make_dialler(FLEET).dial(OTHER)
    for _ in range(3):
        house.take_call()[0].close()
    caller, said = house.take_call()
    assert said == HEADER + FLEET.padding + MY_NUMBER
    caller.sendall(HEADER + FLEET.padding + NUMBER)
    met = facts.next_met()
    assert met.fleet
    met.sock.close()


def test_one_who_listens_late_is_reached(house: House, facts: Facts, make_dialler: MakeDialler) -> None:
    make_dialler(CLASSIC_STYLE).dial(OTHER)
    fact = facts.next()
    assert fact == DialFailed(OTHER, f"127.0.0.1:{house.port}: connection refused")
    house.open()
    caller, _ = house.take_call()
    caller.sendall(HEADER + ZEROS + NUMBER)
    facts.next_met().sock.close()


@pytest.mark.parametrize(
    "answer, words",
    [
        (HEADER + ZEROS + struct.pack(">I", 1009), "its handshake names peer 1009"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n and more", "its handshake doesn't begin with"),
    ],
    ids=["another peer", "no peer at all"],
)
def test_who_isnt_whom_we_dialled_is_told_and_left(
    house: House, facts: Facts, make_dialler: MakeDialler, answer: bytes, words: str
) -> None:
    house.open()
    make_dialler(CLASSIC_STYLE).dial(OTHER)
    caller, _ = house.take_call()
    caller.sendall(answer)
    fact = facts.next()
    assert isinstance(fact, DialFailed)
    assert words in fact.reason
    assert is_hung_up(caller)


def test_one_who_never_answers_is_told_and_dialled_again(
    house: House, facts: Facts, make_dialler: MakeDialler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("peer.edge.meeting.HANDSHAKE_SECONDS", 0.1)
    house.open()
    make_dialler(CLASSIC_STYLE).dial(OTHER)
    house.take_call()
    fact = facts.next()
    assert isinstance(fact, DialFailed)
    assert "connected, but no handshake came in time" in fact.reason
    house.take_call()


def test_neither_side_of_a_meeting_is_paced(facts: Facts, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as fresh:
        usual = fresh.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16)
    monkeypatch.setattr("peer.edge.pacing.PACED", (usual.rstrip(b"\0"),))
    monkeypatch.setattr("peer.edge.pacing.OTHERS", (b"reno" if b"reno" not in usual else b"cubic",))
    port = free_ports(1)[0]
    listener = Listener(port, frozenset((OTHER,)), Spellings(FLEET), facts.report, ME)
    dialler = Dialler(OTHER, {ME: ("localhost", port)}, Spellings(FLEET), facts.report)
    listener.start()
    dialler.dial(ME)
    try:
        for _ in range(2):
            with facts.next_met().sock as sock:
                assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16) != usual
    finally:
        listener.close()
        dialler.close()


def test_dialling_stops_when_the_dialler_closes(house: House, facts: Facts, make_dialler: MakeDialler) -> None:
    dialler = make_dialler(CLASSIC_STYLE)
    dialler.dial(OTHER)
    facts.next()
    dialler.close()
    facts.close()
    house.open()
    assert facts.none()


@pytest.mark.parametrize("host", ["a..b", "a" * 70])
def test_a_name_that_cannot_be_is_told(facts: Facts, host: str) -> None:
    dialler = Dialler(ME, {OTHER: (host, 6008)}, Spellings(FLEET), facts.report)
    dialler.dial(OTHER)
    assert facts.next() == DialFailed(OTHER, f"{host}:6008: no host can have this name")
    dialler.close()


def test_a_dialler_that_closes_doesnt_wait_for_names_that_nobody_tells(
    facts: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: told.wait(DEADLINE) and [])
    peers = range(OTHER, OTHER + 4)
    dialler = Dialler(ME, dict.fromkeys(peers, ("nowhere", 6008)), Spellings(FLEET), facts.report)
    for peer in peers:
        dialler.dial(peer)
    begun = time.monotonic()
    dialler.close()
    told.set()
    assert time.monotonic() - begun < HANDSHAKE_SECONDS


def test_a_neighbour_is_dialled_by_one_thread_at_a_time(house: House, facts: Facts, make_dialler: MakeDialler) -> None:
    dialler = make_dialler(CLASSIC_STYLE)
    for _ in range(5):
        dialler.dial(OTHER)
    house.open()
    caller, _ = house.take_call()
    caller.sendall(HEADER + ZEROS + NUMBER)
    facts.next_met().sock.close()
    dialler.close()
    assert all(isinstance(fact, DialFailed) for fact in iter(lambda: None if facts.none() else facts.next(), None))


def test_who_should_have_dialled_us_has_a_moment_to_do_it_when_it_answers() -> None:
    """Nothing is said on the connection until then; if it dials, ours is closed without a word."""
    (port,) = free_ports(1)
    with socket.create_server(("127.0.0.1", port)) as server:
        facts = Facts()
        dialler = Dialler(ME, {OTHER: ("127.0.0.1", port)}, Spellings(FLEET, (), ()), facts.report)
        dialler.dial(OTHER, beat=DEADLINE)
        sock, _ = server.accept()
        dialler.stop(OTHER)
        wait_for(lambda: has_ended(sock), "our connection to be closed")
        sock.close()
        dialler.close()
        assert facts.none()
