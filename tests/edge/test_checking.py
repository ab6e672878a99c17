"""What lies on a peer's disk when it starts: proved beside the running swarm, kept, carried over, or fetched anew."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Callable, Iterator, List

import pytest

from peer.core import bits
from peer.core.errors import StoreError
from peer.core.events import Checked, Found, Settled
from peer.core.finding import DiskEvent
from peer.edge import checking, holes
from peer.edge.beginning import Beginning
from peer.edge.checking import Check
from peer.edge.payload import Payload
from peer.edge.store import Store
from peer.edge.verdicts import by_hash, verdicts
from tests.edge.stores import Pair, open_and_check, write_piece
from tests.helpers.swarmfolder import Wish, content_of
from tests.helpers.waiting import DEADLINE

FILE = Wish(size=50_000, piece_size=10_000)


@pytest.fixture(params=[FILE, FILE._replace(tree=True)], ids=["file", "tree"])
def pair(request: pytest.FixtureRequest, quick_folder: Path) -> Iterator[Pair]:
    made = Pair(quick_folder, request.param)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _tell_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "TELL_SECONDS", 0.0)


def opened(pair: Pair) -> "tuple[Store, List[DiskEvent]]":
    store = pair.store()
    return store, open_and_check(store)


def right_of(told: List[DiskEvent]) -> int:
    """The set of all pieces that were called right."""
    return sum(event.right for event in told if isinstance(event, Checked))


def wrong_of(told: List[DiskEvent]) -> int:
    return sum(event.wrong for event in told if isinstance(event, Checked))


def spoil(pair: Pair, root: Path, piece: int) -> None:
    """Change a byte of a piece in the copy at `root` without changing size or times."""
    file, offset, _ = next(Payload(pair.manifest, str(root), os.O_RDONLY).segments(piece))
    path = root / pair.manifest.files[file].path if pair.manifest.tree else root
    info = path.stat()
    with open(path, "r+b") as opened:
        opened.seek(offset)
        byte = opened.read(1)
        opened.seek(offset)
        opened.write(bytes([byte[0] ^ 1]))
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))


def every(pair: Pair) -> int:
    """The set of all pieces."""
    return bits.full(pair.manifest.piece_count)


def test_where_nothing_lies_there_is_nothing_to_check(pair: Pair) -> None:
    store, told = opened(pair)
    assert told == [Found(0), Settled(False)]
    pair.complete(store)
    pair.assert_arrived()


def test_a_complete_copy_is_proved_piece_by_piece_and_stays(pair: Pair) -> None:
    pair.complete(pair.opened())
    before = os.stat(pair.final)
    store, told = opened(pair)
    assert (told[0], told[-1]) == (Found(every(pair)), Settled(True))
    assert right_of(told) == store.here == every(pair) and store.complete
    store.close()
    after = os.stat(pair.final)
    assert (after.st_ino, after.st_ctime_ns) == (before.st_ino, before.st_ctime_ns)


def test_of_a_changed_copy_only_what_differs_is_fetched(pair: Pair) -> None:
    """The right pieces are served from where they lie, and copied over."""
    pair.complete(pair.opened())
    spoil(pair, pair.final, 2)
    store, told = opened(pair)
    assert told[-1] == Settled(False)
    assert (right_of(told), wrong_of(told)) == (every(pair) ^ 4, 4)
    assert store.here == every(pair) ^ 4 and not store.lent
    assert [store.hash_piece(piece) for piece in (0, 1, 3, 4)] == [
        pair.manifest.pieces[piece] for piece in (0, 1, 3, 4)
    ]
    assert write_piece(store, 2, pair.bytes_of(2)) is True
    store.finish()
    store.close()
    pair.assert_arrived()


def test_an_incomplete_copy_is_proved_in_its_place(pair: Pair) -> None:
    store = pair.opened()
    pair.deliver(store, [0, 3, 4])
    store.close()
    spoil(pair, pair.work / "new", 3)
    store, told = opened(pair)
    assert told[0] == Found(0b11001, 0b11001)
    assert (right_of(told), wrong_of(told), store.here) == (0b10001, 0b1000, 0b10001)
    pair.complete(store)
    pair.assert_arrived()


def test_an_incomplete_copy_beside_an_older_version_of_the_same_size(pair: Pair) -> None:
    """Each gives what it has: the incomplete copy first."""
    pair.complete(pair.opened())
    spoil(pair, pair.final, 0)
    spoil(pair, pair.final, 1)
    store = pair.opened()
    assert write_piece(store, 0, pair.bytes_of(0)) is True
    store.close()
    store, told = opened(pair)
    assert (right_of(told), wrong_of(told)) == (every(pair) ^ 2, 2)
    assert write_piece(store, 1, pair.bytes_of(1)) is True
    store.finish()
    store.close()
    pair.assert_arrived()


def test_threads_that_hash_at_the_same_time_share_no_descriptor(
    quick_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where they did, the system saw reads here and there, and read ahead in vain."""
    pair = Pair(quick_folder, Wish(size=4 * holes.WORTH, piece_size=2 * holes.WORTH))
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    both = threading.Barrier(2)
    used: List[int] = []

    def together(descriptor: int, offset: int, length: int) -> Iterator[bytes]:
        used.append(descriptor)
        both.wait(DEADLINE)
        yield os.pread(descriptor, length, offset)

    monkeypatch.setattr(holes, "read_range", together)
    copy = Payload(pair.manifest, str(pair.original), os.O_RDONLY)
    prints = dict(list(enumerate(pair.manifest.pieces))[:2])
    assert dict(verdicts(by_hash(copy, prints), prints)) == {0: True, 1: True}
    assert len(set(used)) == 2
    copy.close()
    pair.close()


class Gate:
    """Lets a check go on to the pieces from `first` on only when it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, first: int) -> None:
        self.opened = threading.Event()
        self.told: List[DiskEvent] = []
        self.proved = threading.Event()
        real = Payload.hash_piece

        def guarded(payload: Payload, piece: int) -> bytes:
            assert piece < first or self.opened.wait(DEADLINE)
            return real(payload, piece)

        monkeypatch.setattr(Payload, "hash_piece", guarded)

    def tell(self, event: DiskEvent) -> None:
        self.told.append(event)
        if right_of(self.told):
            self.proved.set()


@pytest.fixture
def under_way(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> "Iterator[Callable[[], tuple[Store, Check, Gate]]]":
    """A check of a complete copy, of which only the first piece is proved yet."""
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    threads: List[threading.Thread] = []
    gates: List[Gate] = []

    def begin() -> "tuple[Store, Check, Gate]":
        pair.complete(pair.opened())
        gate, store = Gate(monkeypatch, 1), pair.store()
        gates.append(gate)
        store.open_leecher()
        check = Check(store, gate.tell)
        threads.append(threading.Thread(target=check.run))
        threads[-1].start()
        assert gate.proved.wait(DEADLINE)
        return store, check, gate

    yield begin
    for gate, thread in zip(gates, threads):
        gate.opened.set()
        thread.join(DEADLINE)
        assert not thread.is_alive()


def test_a_proved_piece_is_served_while_others_are_checked(
    pair: Pair, under_way: Callable[[], "tuple[Store, Check, Gate]"]
) -> None:
    store, _, gate = under_way()
    assert store.here == 1
    (segment,) = store.copy_of(0).segments(0) if not pair.manifest.tree else [next(store.copy_of(0).segments(0))]
    with store.copy_of(0).descriptor(segment.file) as descriptor:
        assert os.pread(descriptor, segment.length, segment.offset) == pair.bytes_of(0)[: segment.length]
    assert not gate.opened.is_set()


def test_nobody_writes_to_the_place_of_a_piece_that_may_be_right(
    under_way: Callable[[], "tuple[Store, Check, Gate]"],
) -> None:
    store, _, _ = under_way()
    assert [store.claims.claim(piece) for piece in range(5)] == [None] * 5


def test_a_check_that_is_stopped_ends_and_settles_nothing(
    pair: Pair, under_way: Callable[[], "tuple[Store, Check, Gate]"]
) -> None:
    _, check, gate = under_way()
    check.stop()
    gate.opened.set()
    assert not any(isinstance(event, Settled) for event in gate.told)
    assert content_of(pair.final) == content_of(pair.original)


def test_a_foreign_file_that_turns_out_different_is_left_alone(pair: Pair) -> None:
    pair.folder.mkdir()
    pair.complete(pair.opened())
    (pair.home / next(name for name in os.listdir(pair.home) if "1002" in name)).unlink()  # the record
    spoil(pair, pair.final, 1)
    before = content_of(pair.final)
    with pytest.raises(StoreError, match="Weft has no record of making it; move it away"):
        pair.opened()
    assert content_of(pair.final) == before


def test_what_is_changed_while_it_is_copied_is_told(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    pair.complete(pair.opened())
    spoil(pair, pair.final, 0)
    real = Store.begin

    def begin(store: Store, *words: object) -> Beginning:
        begun = real(store, *words)  # type: ignore[arg-type]
        store.lent |= 1
        return begun

    monkeypatch.setattr(Store, "begin", begin)
    with pytest.raises(StoreError, match="another program writes to it"):
        pair.opened()
