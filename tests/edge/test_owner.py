"""The owner's loop with real links: facts that come in an unlucky order, and how it ends."""

from __future__ import annotations

import queue
import struct
import threading
from pathlib import Path
from random import Random
from typing import Any, Callable, Iterator, List, Optional, Tuple

import pytest

from peer.core import folder as names
from peer.core import status
from peer.core.config import Common, PeerRow
from peer.core.errors import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK, StoreError
from peer.core.events import Disconnected, PieceStored
from peer.core.handshake import CLASSIC_STYLE
from peer.core.limits import Limits
from peer.core.setup import Setup
from peer.core.spelling import Spellings
from peer.core.status import Status
from peer.core.swarm import Swarm
from peer.core.swarmfile import CLASSIC
from peer.edge.checking import Check
from peer.edge.dialler import Dialler
from peer.edge.logfile import LogFile
from peer.edge.meeting import Met
from peer.edge.owner import Ending, Inbox, Interrupt, Owner
from peer.edge.statusfile import StatusFile
from peer.edge.tracefile import TraceFile
from tests.edge.stores import NAME, Pair
from tests.helpers.sockets import receive, tcp_pair
from tests.helpers.swarmfolder import Wish
from tests.helpers.waiting import DEADLINE

ME, OTHER = 1001, 1002  # the other is listed after us, so we wait for its call
WISH = Wish(size=100_000, piece_size=20_000)
CHOKE, UNCHOKE, REQUEST, PIECE, BITFIELD, HAVE = 0, 1, 6, 7, 5, 4


class Neighbour:
    """The other peer, played by the test over a socket that the owner takes for a met neighbour's."""

    def __init__(self, pair: Pair) -> None:
        self._pair = pair
        self.near, self._far = tcp_pair()
        self.served: List[int] = []

    def say(self, kind: int, payload: bytes = b"") -> None:
        self._far.sendall(struct.pack(">IB", 1 + len(payload), kind) + payload)

    def offer_all(self) -> None:
        self.say(BITFIELD, b"\xf8")
        self.say(UNCHOKE)

    def read(self) -> Optional[Tuple[int, bytes]]:
        """The next message; None at the end."""
        head = receive(self._far, 5)
        if len(head) < 5:
            return None
        length, kind = struct.unpack(">IB", head)
        return kind, receive(self._far, length - 1)

    def request(self) -> Optional[int]:
        """The next piece asked for; None at the end."""
        while True:
            message = self.read()
            if message is None:
                return None
            if message[0] == REQUEST:
                return int.from_bytes(message[1], "big")

    def send_piece(self, index: int) -> None:
        self.served.append(index)
        self.say(PIECE, struct.pack(">I", index) + self._pair.bytes_of(index))

    def serve(self) -> None:
        """Answer every request until the owner has enough."""
        index = self.request()
        while index is not None:
            self.send_piece(index)
            index = self.request()

    def close(self) -> None:
        self._far.close()


class Peer:
    """A peer without its listener: its neighbours come from the test."""

    def __init__(self, pair: Pair, root: Path, inbox: Inbox) -> None:
        rows = (PeerRow(ME, "127.0.0.1", 1, False), PeerRow(OTHER, "127.0.0.1", 2, True))
        common = Common(2, 0.05, 0.1, NAME, WISH.size, WISH.piece_size)
        total = pair.manifest.piece_count
        setup = Setup(ME, rows, common, CLASSIC, Limits(patience=30.0), total)
        self.inbox = inbox
        self.root = root
        self.store = pair.opened()
        self.swarm = Swarm(setup, self.store.here, self.store.complete, Random(1))
        self._dialler = Dialler(ME, {OTHER: ("127.0.0.1", 2)}, Spellings(CLASSIC_STYLE), lambda _: None)
        self._log = LogFile(str(root / "log"), append=False)
        base = Status(ME, "", status.DOWNLOADING, CLASSIC, True, 1, 0, 0, total, WISH.size)
        self.statusfile = StatusFile(str(root), base)
        check, trace = Check(self.store, lambda fact: inbox.put((None, fact))), TraceFile("", False, base)
        self.owner = Owner(inbox, self.swarm, self.store, self._dialler, self._log, self.statusfile, trace, check)
        self.ending: Optional[Ending] = None
        self._thread = threading.Thread(target=self._run, name="owner")

    def _run(self) -> None:
        self.ending = self.owner.run()

    def start(self) -> None:
        self._thread.start()

    def meet(self, neighbour: Neighbour) -> None:
        self.inbox.put((None, Met(OTHER, neighbour.near, False, False)))

    def tell(self, fact: Any) -> None:
        self.inbox.put((None, fact))

    def wait(self) -> Optional[Ending]:
        self._thread.join(DEADLINE)
        assert not self._thread.is_alive()
        return self.ending

    def close(self) -> None:
        if self._thread.is_alive():
            self.tell(Interrupt())
            self.wait()
        self._dialler.close()
        self._log.close()
        self.store.close()


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    made = Pair(tmp_path, WISH)
    yield made
    made.close()


MakePeer = Callable[..., Peer]


@pytest.fixture
def make_peer(pair: Pair, tmp_path: Path) -> Iterator[MakePeer]:
    made: List[Peer] = []

    def make(inbox: Optional[Inbox] = None) -> Peer:
        made.append(Peer(pair, tmp_path, inbox or queue.SimpleQueue()))
        return made[-1]

    yield make
    for peer in made:
        peer.close()


def test_a_peer_gets_everything_and_leaves(make_peer: MakePeer, pair: Pair) -> None:
    peer, neighbour = make_peer(), Neighbour(pair)
    peer.meet(neighbour)
    peer.start()
    neighbour.offer_all()
    neighbour.serve()
    neighbour.close()
    assert peer.wait() == Ending(EXIT_OK, "")
    assert sorted(neighbour.served) == [0, 1, 2, 3, 4]
    pair.assert_arrived()


class UnluckyInbox:
    """Delivers the first `PieceStored` only after its link's `Disconnected`.

    That is an order that happens: the writer thread finds the connection dead and says so, while the reader thread
    still stores what came before.
    """

    def __init__(self) -> None:
        self._queue: "queue.SimpleQueue[Any]" = queue.SimpleQueue()
        self._held: Optional[Any] = None
        self._done = False
        self.held = threading.Event()
        self.get, self.get_nowait, self.qsize = self._queue.get, self._queue.get_nowait, self._queue.qsize

    def put(self, item: Any) -> None:
        fact = item[1]
        if isinstance(fact, PieceStored) and not self._done:
            self._held, self._done = item, True
            self.held.set()
            return
        self._queue.put(item)
        if isinstance(fact, (Disconnected, Met)) and self._held:
            self._queue.put(self._held)
            self._held = None


@pytest.mark.parametrize("replaced", [False, True], ids=["connection lost", "connection replaced"])
def test_a_piece_that_came_with_the_last_breath_counts(make_peer: MakePeer, pair: Pair, replaced: bool) -> None:
    """Else the peer would ask for it for ever, because the store has it and takes it from nobody."""
    inbox = UnluckyInbox()
    peer, first, second = make_peer(inbox), Neighbour(pair), Neighbour(pair)
    peer.meet(first)
    peer.start()
    first.offer_all()
    index = first.request()
    assert index is not None
    first.send_piece(index)
    assert inbox.held.wait(DEADLINE)
    if not replaced:
        first.close()
    peer.meet(second)
    second.offer_all()
    second.serve()
    second.close()
    assert peer.wait() == Ending(EXIT_OK, "")
    first.close()
    assert sorted(first.served + second.served) == [0, 1, 2, 3, 4]
    pair.assert_arrived()


def test_a_newer_connection_replaces_the_old_one(make_peer: MakePeer, pair: Pair) -> None:
    peer, first, second = make_peer(), Neighbour(pair), Neighbour(pair)
    peer.meet(first)
    peer.start()
    first.offer_all()
    assert first.request() is not None
    peer.meet(second)
    while first.read() is not None:
        pass  # until it is hung up on
    second.offer_all()
    second.serve()
    second.close()
    assert peer.wait() == Ending(EXIT_OK, "")
    first.close()
    pair.assert_arrived()


def test_trouble_with_the_disk_ends_the_peer_with_its_reason(make_peer: MakePeer) -> None:
    peer = make_peer()
    peer.start()
    peer.tell(StoreError("/disk: full; make room"))
    assert peer.wait() == Ending(EXIT_FAILED, "/disk: full; make room")


def test_trouble_that_a_replaced_link_had_with_the_disk_counts_too(make_peer: MakePeer, pair: Pair) -> None:
    peer, first, second = make_peer(), Neighbour(pair), Neighbour(pair)
    broken = StoreError("/disk: full; make room")

    def refuse(*_: object) -> None:
        raise broken

    peer.store.write_at = refuse  # type: ignore[method-assign]
    peer.meet(first)
    peer.start()
    first.offer_all()
    index = first.request()
    assert index is not None
    first.send_piece(index)
    peer.meet(second)
    assert peer.wait() == Ending(EXIT_FAILED, str(broken))
    first.close()
    second.close()


def test_a_signal_ends_the_peer(make_peer: MakePeer, pair: Pair) -> None:
    peer, neighbour = make_peer(), Neighbour(pair)
    peer.meet(neighbour)
    peer.start()
    neighbour.offer_all()
    assert neighbour.request() is not None
    peer.tell(Interrupt())
    while neighbour.read() is not None:
        pass
    neighbour.close()
    ending = peer.wait()
    assert ending is not None
    assert ending.code == EXIT_INTERRUPTED


def test_the_last_status_counts_every_byte_of_pieces(make_peer: MakePeer, pair: Pair) -> None:
    """Also those of connections that have ended, whenever the status was written last."""
    peer, first, second = make_peer(), Neighbour(pair), Neighbour(pair)
    peer.statusfile.due = float("inf")
    peer.meet(first)
    peer.start()
    first.offer_all()
    index = first.request()
    assert index is not None
    first.send_piece(index)
    assert first.request() is not None, "the piece has arrived"
    first.close()
    peer.meet(second)
    second.offer_all()
    second.serve()
    second.close()
    ending = peer.wait()
    assert ending == Ending(EXIT_OK, "")
    assert ending is not None
    peer.statusfile.write(peer.swarm, peer.owner.links, ending)
    found = status.parse_status((peer.root / names.status(ME)).read_text())
    assert found.bytes_down == WISH.size
    assert found.bytes_up > 0
