"""The right to write a piece: who holds it, who may take it over, and where a loser's bytes go."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Iterator, List, Optional

import pytest

from peer.core import bits
from peer.edge.store import Store
from tests.edge.stores import Pair, write_piece
from tests.helpers.swarmfolder import Wish
from tests.helpers.waiting import DEADLINE

GARBAGE = b"\xee" * 10_000


@pytest.fixture(params=["by the reader", "parallel"], autouse=True)
def hashing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it holds whichever thread makes a piece's hash."""
    monkeypatch.setattr("peer.edge.claims.PARALLEL_HASH", 0 if request.param == "parallel" else 2**40)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    made = Pair(tmp_path, Wish(size=25_000, piece_size=10_000))
    yield made
    made.close()


@pytest.fixture
def store(pair: Pair) -> Iterator[Store]:
    opened = pair.opened()
    yield opened
    opened.close()


@pytest.fixture
def silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every claim counts as silent at once."""
    monkeypatch.setattr("peer.edge.claims.CLAIM_SECONDS", 0.0)


def test_one_writer_at_a_time(store: Store, pair: Pair) -> None:
    first = store.claims.claim(0)
    assert first is not None
    assert store.claims.claim(0) is None
    assert store.claims.claim(1) is not None, "another piece is another matter"
    first.write(memoryview(pair.bytes_of(0)))
    assert first.finish() is True


def test_a_large_piece_that_comes_alone_is_hashed_beside(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("peer.edge.claims.PARALLEL_HASH", 10_000)
    alone, second = store.claims.claim(0), store.claims.claim(1)
    assert alone is not None and second is not None
    assert (alone.parallel, second.parallel) == (True, False)
    store.claims.abandon(alone)
    store.claims.abandon(second)
    short = store.claims.claim(2)
    assert short is not None
    assert not short.parallel, "the last piece has 5,000 bytes"


def test_an_abandoned_piece_is_free_again(store: Store, pair: Pair) -> None:
    first = store.claims.claim(0)
    assert first is not None
    first.write(memoryview(GARBAGE)[:100])
    store.claims.abandon(first)
    pair.deliver(store, [0])
    assert store.here == 1


def test_a_claim_is_free_after_a_bad_piece(store: Store, pair: Pair) -> None:
    first = store.claims.claim(0)
    assert first is not None
    first.write(memoryview(GARBAGE))
    assert first.finish() is False
    assert store.here == 0
    pair.deliver(store, [0])


@pytest.mark.usefixtures("silence")
def test_a_lost_claims_bytes_go_nowhere(store: Store, pair: Pair) -> None:
    slow = store.claims.claim(0)
    assert slow is not None
    slow.write(memoryview(GARBAGE)[:5_000])
    quick = store.claims.claim(0)
    assert quick is not None, "a silent writer loses its piece"
    quick.write(memoryview(pair.bytes_of(0)))
    slow.write(memoryview(GARBAGE)[5_000:])
    assert slow.finish() is None
    assert quick.finish() is True
    slow.write(memoryview(GARBAGE)[:10])
    assert slow.finish() is None
    assert store.hash_piece(0) == pair.manifest.pieces[0]
    assert store.here == 1


@pytest.mark.usefixtures("silence")
def test_a_loser_with_the_right_bytes_stores_nothing_either(store: Store, pair: Pair) -> None:
    """What it wrote before may have been overwritten by half of the other's bytes."""
    slow = store.claims.claim(0)
    assert slow is not None
    slow.write(memoryview(pair.bytes_of(0)))
    quick = store.claims.claim(0)
    assert quick is not None
    quick.write(memoryview(GARBAGE)[:5_000])
    assert slow.finish() is None
    assert store.here == 0
    store.claims.abandon(quick)
    pair.deliver(store, [0])


@pytest.mark.usefixtures("silence")
@pytest.mark.parametrize("between", [0, 1, 3])
def test_a_write_under_way_never_lands_on_the_next_holders(
    store: Store, pair: Pair, monkeypatch: pytest.MonkeyPatch, between: int
) -> None:
    """The disk is slow with the first holder's bytes; `between`: holders that lose the piece meanwhile."""
    writing, go_on = threading.Event(), threading.Event()
    real = store.write_at

    def slowly(piece: int, begin: int, data: memoryview) -> None:
        if data[0] == GARBAGE[0]:
            writing.set()
            assert go_on.wait(DEADLINE)
        real(piece, begin, data)

    monkeypatch.setattr(store, "write_at", slowly)
    stuck = store.claims.claim(0)
    assert stuck is not None
    old = threading.Thread(target=stuck.write, args=(memoryview(GARBAGE),))
    old.start()
    assert writing.wait(DEADLINE)
    results: List[Optional[bool]] = []
    for _ in range(between):
        assert store.claims.claim(0) is not None
    new = threading.Thread(target=lambda: results.append(write_piece(store, 0, pair.bytes_of(0))))
    new.start()
    new.join(0.05)  # it must not get through, however long it is given
    assert not results
    go_on.set()
    old.join()
    new.join()
    assert results == [True]
    assert store.hash_piece(0) == pair.manifest.pieces[0]


@pytest.mark.usefixtures("silence")
def test_a_fight_of_many_over_all_pieces_stores_only_right_ones(store: Store, pair: Pair) -> None:
    threads = [threading.Thread(target=fight, args=(store, pair, number)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.here, "some good piece won"
    for piece in bits.indices(store.here):
        assert store.hash_piece(piece) == pair.manifest.pieces[piece]


def fight(store: Store, pair: Pair, number: int) -> None:
    """Take over whatever can be had, with bad bytes three times out of four."""
    for turn in range(number, number + 60):
        piece = turn % pair.manifest.piece_count
        data = bytearray(pair.bytes_of(piece))
        if turn % 4:
            data[number] ^= 1
        if write_piece(store, piece, bytes(data), step=999):
            assert store.here >> piece & 1
