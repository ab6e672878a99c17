"""One link over a pair of sockets: what its two threads report, store and send, and how they end."""

from __future__ import annotations

import queue
import socket
import struct
import threading
from pathlib import Path
from typing import Any, Callable, Iterator, List

import pytest

from peer.core import messages
from peer.core.errors import StoreError
from peer.core.events import Disconnected, PieceBad, PieceSent, PieceStored, PieceSurplus, Received
from peer.core.messages import Decoder, Message
from peer.edge.channel import Channel
from peer.edge.link import Link
from peer.edge.store import Store
from tests.edge.stores import Pair
from tests.helpers.sockets import receive, tcp_pair
from tests.helpers.swarmfolder import Wish
from tests.helpers.waiting import DEADLINE

PEER = 1002
WISH = Wish(size=250_000, piece_size=100_000)


class Wire:
    """A link over `store` and, at its other end, a neighbour that the test plays byte by byte."""

    def __init__(self, store: Store, eager_acks: bool = False) -> None:
        near, self.far = tcp_pair()
        self._facts: "queue.Queue[Any]" = queue.Queue()
        decoder = Decoder(store.manifest)
        channel = Channel(near, store.manifest.piece_size, eager_acks)
        self.link = Link(PEER, channel, store, decoder, lambda _, fact: self._facts.put(fact))
        self.link.start()

    def say(self, data: bytes) -> None:
        self.far.sendall(data)

    def hear(self, length: int) -> bytes:
        """So many bytes of what the link sends; fewer only at its end."""
        return receive(self.far, length)

    def fact(self) -> Any:
        """The next thing the link reports."""
        return self._facts.get(timeout=DEADLINE)

    def no_more_facts(self) -> bool:
        return self._facts.empty()

    def close(self) -> None:
        self.link.close("the test is over")
        self.far.close()
        assert self.link.join(DEADLINE)
        assert self.link.dispose()


@pytest.fixture(params=["by the reader", "parallel"], autouse=True)
def hashing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it holds whichever thread makes a piece's hash."""
    monkeypatch.setattr("peer.edge.claims.PARALLEL_HASH", 0 if request.param == "parallel" else 2**40)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    made = Pair(tmp_path, WISH)
    yield made
    made.close()


@pytest.fixture
def store(pair: Pair) -> Iterator[Store]:
    opened = pair.opened()
    yield opened
    opened.close()


MakeWire = Callable[..., Wire]


@pytest.fixture
def make_wire(store: Store) -> Iterator[MakeWire]:
    wires: List[Wire] = []

    def make(**words: Any) -> Wire:
        wires.append(Wire(words.pop("store", store), **words))
        return wires[-1]

    yield make
    for wire in wires:
        wire.close()


def piece_message(pair: Pair, index: int) -> bytes:
    data = pair.bytes_of(index)
    return struct.pack(">IBI", 5 + len(data), 7, index) + data


HAVE_2 = bytes.fromhex("00000005 04 00000002")
CHOKE = bytes.fromhex("00000001 00")


# ---- the reader


@pytest.mark.parametrize("step", [7, 1000, 10_000_000])
@pytest.mark.parametrize("eager_acks", [False, True], ids=["fleet", "classic"])
def test_pieces_are_stored_however_they_are_cut(
    make_wire: MakeWire, pair: Pair, store: Store, step: int, eager_acks: bool
) -> None:
    wire = make_wire(eager_acks=eager_acks)
    data = HAVE_2 + piece_message(pair, 2) + CHOKE + piece_message(pair, 0) + piece_message(pair, 1)
    for begin in range(0, len(data), step):
        wire.say(data[begin : begin + step])
    assert wire.fact() == Received(PEER, Message(messages.HAVE, 2))
    assert wire.fact() == PieceStored(PEER, 2)
    assert wire.fact() == Received(PEER, Message(messages.CHOKE))
    assert wire.fact() == PieceStored(PEER, 0)
    assert wire.fact() == PieceStored(PEER, 1)
    assert wire.link.received == len(data)
    assert store.here == 0b111
    assert [store.hash_piece(piece) for piece in range(3)] == list(pair.manifest.pieces)


def test_a_piece_is_stored_before_it_is_reported(make_wire: MakeWire, pair: Pair, store: Store) -> None:
    """Whoever hears of a piece passes it on at once."""
    wire = make_wire()
    for index in range(3):
        wire.say(piece_message(pair, index))
        assert wire.fact() == PieceStored(PEER, index)
        assert store.here >> index & 1
        assert store.hash_piece(index) == pair.manifest.pieces[index]


def test_a_flipped_byte_is_reported_and_not_stored(make_wire: MakeWire, pair: Pair, store: Store) -> None:
    wire = make_wire()
    bad = bytearray(piece_message(pair, 1))
    bad[-1] ^= 1
    wire.say(bytes(bad))
    assert wire.fact() == PieceBad(PEER, 1)
    assert store.here == 0
    wire.say(piece_message(pair, 1))
    assert wire.fact() == PieceStored(PEER, 1)


def test_a_piece_that_is_here_is_surplus(make_wire: MakeWire, pair: Pair, store: Store) -> None:
    pair.deliver(store, [1])
    wire = make_wire()
    bad = bytearray(piece_message(pair, 1))
    bad[-1] ^= 1
    wire.say(bytes(bad) + HAVE_2)
    assert wire.fact() == PieceSurplus(PEER, 1)
    assert wire.fact() == Received(PEER, Message(messages.HAVE, 2))
    assert store.hash_piece(1) == pair.manifest.pieces[1], "its bytes went nowhere"


def test_a_piece_that_another_link_is_delivering_is_surplus(make_wire: MakeWire, pair: Pair) -> None:
    slow, quick = make_wire(), make_wire()
    data = piece_message(pair, 0)
    slow.say(HAVE_2 + data[:5000])
    assert slow.fact() == Received(PEER, Message(messages.HAVE, 2))
    quick.say(data)
    first = quick.fact()
    slow.say(data[5000:])
    assert sorted([type(first).__name__, type(slow.fact()).__name__]) in (
        ["PieceStored", "PieceSurplus"],
        ["PieceSurplus", "PieceSurplus"],  # the slow one was thought dead, and the quick one didn't win
    )


def test_half_a_piece_is_given_up_with_its_connection(make_wire: MakeWire, pair: Pair) -> None:
    dead, next_one = make_wire(), make_wire()
    dead.say(piece_message(pair, 0)[:5000])
    dead.far.shutdown(socket.SHUT_WR)
    assert dead.fact() == Disconnected(PEER, "closed by the neighbour")
    next_one.say(piece_message(pair, 0))
    assert next_one.fact() == PieceStored(PEER, 0)


@pytest.mark.parametrize(
    "data, words",
    [
        (b"\0\0\0\x01\x0b", "message type 11 doesn't exist"),
        (b"\xff\xff\xff\xff\x07", "a piece message of 4294967295 bytes"),
        (b"\0\0\0\0\x05", "a bitfield message of 0 bytes"),
        (b"\0\0\0\x05\x04\0\0\0\x03", "a have message for piece 3 of 3"),
        (b"\0\0\0\x06\x07\0\0\0\x00x", "piece 0 with 1 bytes instead of 100000"),
    ],
    ids=["type", "length", "empty", "index", "short piece"],
)
def test_nonsense_closes_the_connection_with_its_reason(make_wire: MakeWire, data: bytes, words: str) -> None:
    wire = make_wire()
    wire.say(data)
    fact = wire.fact()
    assert isinstance(fact, Disconnected)
    assert fact.reason.startswith(f"protocol error: {words}")
    assert wire.hear(1) == b"", "the connection is closed"
    assert wire.link.join(DEADLINE)


def test_a_full_disk_is_told_before_the_end(make_wire: MakeWire, pair: Pair, store: Store) -> None:
    def refuse(*_: object) -> None:
        raise StoreError("/the/disk: full; make room")

    wire = make_wire()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "write_at", refuse)
        wire.say(piece_message(pair, 0))
        fact = wire.fact()
        assert isinstance(fact, StoreError)
        assert str(fact) == "/the/disk: full; make room"
        assert wire.fact() == Disconnected(PEER, "/the/disk: full; make room")
    assert store.here == 0


def test_a_fault_of_the_program_itself_ends_the_connection(make_wire: MakeWire, pair: Pair, store: Store) -> None:
    """Else the owner would wait for ever for a neighbour whose reader is dead."""

    def fail(piece: int, _: int) -> None:
        raise RuntimeError(f"no idea about {piece}")

    wire = make_wire()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store.claims, "claim", fail)
        wire.say(piece_message(pair, 1))
        assert wire.fact() == Disconnected(PEER, "internal error: RuntimeError('no idea about 1')")
    assert wire.link.join(DEADLINE)


# ---- the writer


class Recorder(Channel):
    """A channel that keeps what each call of the writer sent, and holds the first one until `go_on`."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock, 2**18, False)
        self.calls: List[bytes] = []
        self.busy, self.go_on = threading.Event(), threading.Event()

    def send(self, data: bytes, more: bool) -> None:
        self.calls.append(data)
        self.busy.set()
        assert self.go_on.wait(DEADLINE)
        super().send(data, more)


def test_messages_that_wait_leave_in_one_call(pair: Pair, store: Store) -> None:
    """As they do behind a piece; a call for each would be a packet for each."""
    pair.deliver(store, [0])
    near, far = tcp_pair()
    channel = Recorder(near)
    link = Link(PEER, channel, store, Decoder(store.manifest), lambda *_: None)
    link.start()
    link.send_piece(0)
    assert channel.busy.wait(DEADLINE)
    small = [messages.encode(Message(messages.HAVE, index), 3) for index in (0, 1, 2)]
    for data in small:
        link.send(data)
    channel.go_on.set()
    assert receive(far, 100_009 + 27).endswith(b"".join(small))
    assert channel.calls[1:] == [b"".join(small)]
    link.close("the test is over")
    far.close()
    assert link.join(DEADLINE)
    assert link.dispose()


def test_messages_and_pieces_keep_their_order(make_wire: MakeWire, pair: Pair, store: Store) -> None:
    pair.deliver(store, range(3))
    wire = make_wire()
    wire.link.send(HAVE_2)
    wire.link.send_piece(2)
    wire.link.send(CHOKE)
    wire.link.send(HAVE_2)
    wire.link.send_piece(0)
    expected = HAVE_2 + piece_message(pair, 2) + CHOKE + HAVE_2 + piece_message(pair, 0)
    assert wire.hear(len(expected)) == expected
    assert wire.fact() == PieceSent(PEER, 2)
    assert wire.fact() == PieceSent(PEER, 0)
    assert wire.link.sent == len(expected)


def test_a_piece_over_several_files_is_sent_as_one(tmp_path: Path, make_wire: MakeWire) -> None:
    tree = Pair(tmp_path / "tree", WISH._replace(tree=True, piece_size=200_000))
    store = tree.opened()
    tree.deliver(store, [0, 1])
    wire = make_wire(store=store)
    wire.link.send_piece(0)
    expected = piece_message(tree, 0)
    assert wire.hear(len(expected)) == expected
    wire.close()
    store.close()
    tree.close()


def test_the_phantom_piece_is_sent_empty(make_wire: MakeWire, tmp_path: Path) -> None:
    """Some foreign peers expect one more, empty piece where the size is a multiple of the piece size."""
    exact = Pair(tmp_path / "exact", WISH._replace(size=200_000))
    store = exact.opened()
    wire = make_wire(store=store)
    wire.link.send_piece(2)
    assert wire.hear(9) == struct.pack(">IBI", 5, 7, 2)
    assert wire.fact() == PieceSent(PEER, 2)
    wire.close()
    store.close()
    exact.close()


def test_a_senders_file_that_became_shorter_is_this_machines_fault(
    make_wire: MakeWire, pair: Pair, store: Store
) -> None:
    """The neighbour is left with half a piece, which it can't mistake for a whole one; the operator is told."""
    pair.deliver(store, range(3))
    path = pair.work / "new"
    with path.open("r+b") as file:
        file.truncate(150_000)
    wire = make_wire()
    wire.link.send_piece(1)
    fact = wire.fact()
    assert isinstance(fact, StoreError)
    assert str(path) in str(fact)
    assert "shorter" in str(fact)
    assert isinstance(wire.fact(), Disconnected)
    assert wire.hear(9 + 100_000) == piece_message(pair, 1)[: 9 + 50_000]


def test_a_senders_file_that_is_gone_is_this_machines_fault(make_wire: MakeWire, pair: Pair) -> None:
    seed = Store(str(pair.original.parent), pair.manifest)
    seed.open_seed()
    pair.original.rename(pair.original.with_name("elsewhere"))
    wire = make_wire(store=seed)
    wire.link.send_piece(1)
    fact = wire.fact()
    assert isinstance(fact, StoreError)
    assert str(pair.original) in str(fact)
    assert isinstance(wire.fact(), Disconnected)
    wire.close()
    seed.close()


# ---- the end


def test_close_wakes_both_threads(make_wire: MakeWire, pair: Pair, store: Store) -> None:
    """The reader waits for bytes, the writer for room: the neighbour does nothing at all."""
    pair.deliver(store, range(3))
    wire = make_wire()
    for _ in range(40):
        wire.link.send_piece(0)  # far more than the sockets hold
    wire.link.close("we have enough")
    assert wire.link.join(DEADLINE)
    fact = wire.fact()
    while isinstance(fact, PieceSent):
        fact = wire.fact()
    assert fact == Disconnected(PEER, "we have enough")


def test_the_end_is_reported_once(make_wire: MakeWire) -> None:
    wire = make_wire()
    wire.link.close("first")
    wire.link.close("second")
    assert wire.link.join(DEADLINE)
    assert wire.fact() == Disconnected(PEER, "first")
    assert wire.no_more_facts()


def test_the_neighbours_end_ends_the_writer_too(make_wire: MakeWire) -> None:
    wire = make_wire()
    wire.far.close()
    fact = wire.fact()
    assert isinstance(fact, Disconnected)
    assert wire.link.join(DEADLINE)
    assert wire.no_more_facts()


def test_finish_lets_everything_out_and_then_waits_for_the_neighbour(
    make_wire: MakeWire, pair: Pair, store: Store
) -> None:
    pair.deliver(store, range(3))
    wire = make_wire()
    wire.link.send_piece(0)
    wire.link.send_piece(1)
    wire.link.send(HAVE_2)
    wire.link.finish()
    expected = piece_message(pair, 0) + piece_message(pair, 1) + HAVE_2
    assert wire.hear(len(expected) + 1) == expected, "all of it, then the end of the stream"
    assert not wire.link.dispose(), "its reader still listens"
    wire.say(HAVE_2)
    assert [type(wire.fact()) for _ in range(3)] == [PieceSent, PieceSent, Received]
    wire.far.close()
    assert isinstance(wire.fact(), Disconnected)
    assert wire.link.join(DEADLINE)
