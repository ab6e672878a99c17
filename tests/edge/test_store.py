"""The piece store in a life without accidents: from the first piece to the final name."""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Callable, Iterator, List

import pytest

from peer.core import bits
from peer.core.errors import StoreError
from peer.core.manifest import bare_manifest
from peer.edge.ours import naming
from peer.edge.store import Store
from tests.edge.stores import NAME, Pair, write_piece
from tests.helpers.swarmfolder import Wish, content_of
from tests.helpers.waiting import DEADLINE

FILE = Wish(size=100_000, piece_size=16_384)
TREE = FILE._replace(tree=True)
MakePair = Callable[[Wish], Pair]


@pytest.fixture
def make_pair(tmp_path: Path) -> Iterator[MakePair]:
    pairs = []

    def make(wish: Wish) -> Pair:
        pairs.append(Pair(tmp_path / str(len(pairs)), wish))
        return pairs[-1]

    yield make
    for pair in pairs:
        pair.close()


@pytest.mark.parametrize(
    "wish",
    [
        FILE,
        TREE,
        FILE._replace(size=6 * 16_384),
        FILE._replace(size=1),
        FILE._replace(size=0),
        TREE._replace(size=30, piece_size=4),
        TREE._replace(size=3_000, piece_size=1_000_000),
    ],
    ids=["file", "tree", "exact multiple", "one byte", "empty file", "pieces over many files", "one piece"],
)
def test_arrives_as_it_was(make_pair: MakePair, wish: Wish) -> None:
    pair = make_pair(wish)
    store = pair.opened()
    pair.deliver(store, reversed(range(pair.manifest.piece_count)))
    assert store.here == bits.full(pair.manifest.piece_count)
    assert not store.complete
    assert not pair.final.exists()
    store.finish()
    assert store.complete
    store.close()
    pair.assert_arrived()


@pytest.mark.parametrize("wish", [FILE, TREE], ids=["file", "tree"])
def test_room_is_taken_before_the_first_piece(make_pair: MakePair, wish: Wish) -> None:
    pair = make_pair(wish)
    store = pair.opened()
    part = pair.work / "new"
    files = [part] if part.is_file() else [path for path in part.rglob("*") if path.is_file()]
    small = 1 if wish.tree else 0  # bytes of a file that its first write makes
    assert sum(path.stat().st_size for path in files) == wish.size - small
    assert sum(path.stat().st_blocks for path in files) * 512 >= wish.size - small
    store.close()


def test_a_finished_store_still_serves(make_pair: MakePair) -> None:
    pair = make_pair(TREE)
    store = pair.opened()
    pair.deliver(store, range(pair.manifest.piece_count))
    store.finish()
    assert [store.hash_piece(piece) for piece in range(len(pair.manifest.pieces))] == list(pair.manifest.pieces)
    store.close()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="open files are counted in /proc")
def test_no_more_files_are_open_than_may_be(make_pair: MakePair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("peer.edge.files.MOST_OPEN", 2)
    pair = make_pair(TREE)
    store = pair.opened()
    for piece in range(pair.manifest.piece_count):
        pair.deliver(store, [piece])
        assert len(open_below(pair.work / "new")) <= 2
    store.finish()
    for piece in range(pair.manifest.piece_count):
        assert store.hash_piece(piece) == pair.manifest.pieces[piece]
        assert 0 < len(open_below(pair.final)) <= 2
    store.close()
    assert not open_below(pair.folder)
    pair.assert_arrived()


def open_below(folder: Path) -> List[str]:
    """The files below a folder that this process has open."""
    below = "/proc/self/fd"
    links = [os.path.join(below, name) for name in os.listdir(below)]
    targets = [os.readlink(link) for link in links if os.path.islink(link)]
    return [target for target in targets if target.startswith(f"{folder}{os.sep}")]


def test_files_are_found_while_they_get_their_final_name(make_pair: MakePair, monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer serves without a pause; with many files each piece may open one anew, under the old name or the new."""
    monkeypatch.setattr("peer.edge.files.MOST_OPEN", 1)
    pair = make_pair(TREE)
    store = pair.opened()
    pair.deliver(store, range(pair.manifest.piece_count))
    real = naming._renamed
    renamed, served = threading.Event(), threading.Event()

    def rename_slowly(source: str, target: str, flags: int) -> bool:
        done = real(source, target, flags)
        renamed.set()
        served.wait(0.2)  # the server must not get at the files now; it has its answer when the store has its new root
        return done

    def serve() -> "list[bytes]":
        assert renamed.wait(DEADLINE)
        hashes = [store.hash_piece(piece) for piece in range(pair.manifest.piece_count)]
        served.set()
        return hashes

    monkeypatch.setattr(naming, "_renamed", rename_slowly)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(serve)
        store.finish()
        assert answer.result(DEADLINE) == list(pair.manifest.pieces)
    store.close()
    pair.assert_arrived()


def test_a_checkpoint_may_be_under_way_when_the_last_piece_comes(
    make_pair: MakePair, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = make_pair(FILE)
    store = pair.opened()
    pair.deliver(store, range(pair.manifest.piece_count))
    real = os.fsync
    syncing, go_on = threading.Event(), threading.Event()

    def sync_slowly(descriptor: int) -> None:
        if not syncing.is_set():
            syncing.set()
            assert go_on.wait(DEADLINE)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", sync_slowly)
    with ThreadPoolExecutor(2) as pool:
        checkpoint = pool.submit(store.checkpoint)
        assert syncing.wait(DEADLINE)
        finish = pool.submit(store.finish)
        assert not wait([finish], 0.05).done, "it may not take the map away from under the checkpoint"
        go_on.set()
        checkpoint.result(DEADLINE)
        finish.result(DEADLINE)
    store.close()
    pair.assert_arrived()


def test_a_bad_piece_stores_nothing(make_pair: MakePair) -> None:
    pair = make_pair(FILE)
    store = pair.opened()
    good = pair.bytes_of(2)
    for place in (0, len(good) // 2, len(good) - 1):
        bad = bytearray(good)
        bad[place] ^= 1
        assert write_piece(store, 2, bytes(bad)) is False
        assert store.here == 0
    assert write_piece(store, 2, good) is True, "the place is free again for the right bytes"
    store.close()
    again = pair.opened()
    assert again.here == 1 << 2
    again.close()


def test_a_piece_that_is_here_is_not_written_again(make_pair: MakePair) -> None:
    pair = make_pair(FILE)
    store = pair.opened()
    pair.deliver(store, [1])
    assert store.claims.claim(1) is None
    store.close()


def test_the_same_payload_of_an_earlier_run_is_adopted(make_pair: MakePair) -> None:
    pair = make_pair(TREE)
    pair.complete(pair.opened())
    again = pair.opened()
    assert again.complete
    assert again.here == bits.full(pair.manifest.piece_count)
    again.close()
    pair.assert_arrived()


@pytest.mark.parametrize("wish", [FILE, TREE], ids=["file", "tree"])
def test_an_older_version_stays_until_the_new_one_stands_there(make_pair: MakePair, wish: Wish) -> None:
    old, new = make_pair(wish._replace(size=50_000)), make_pair(wish)
    old.complete(old.opened())
    new.take_over(old)
    store = new.opened()
    new.deliver(store, range(new.manifest.piece_count))
    assert content_of(new.final) == content_of(old.original), "the old version is there until the end"
    store.finish()
    store.close()
    new.assert_arrived()


def test_the_final_name_is_never_without_a_file(make_pair: MakePair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replacing a file is one rename: whoever looks finds the old one or the new one."""
    old, new = make_pair(FILE._replace(size=50_000)), make_pair(FILE)
    old.complete(old.opened())
    new.take_over(old)
    store = new.opened()
    new.deliver(store, range(new.manifest.piece_count))
    real = os.unlink

    def guarded(path: str, **options: int) -> None:
        assert os.path.abspath(path) != str(new.final), "the final name was removed"
        real(path, **options)

    monkeypatch.setattr(os, "unlink", guarded)
    store.finish()
    store.close()
    new.assert_arrived()


def test_a_folder_where_the_file_belongs_is_found_before_a_byte_moves(make_pair: MakePair) -> None:
    pair = make_pair(FILE)
    (pair.final / "precious").mkdir(parents=True)
    with pytest.raises(StoreError, match="Weft has no record of making it; move it away"):
        pair.opened()
    assert (pair.final / "precious").is_dir()


def test_a_folder_that_comes_while_the_file_is_on_its_way_is_not_touched(make_pair: MakePair) -> None:
    pair = make_pair(FILE)
    store = pair.opened()
    pair.deliver(store, range(pair.manifest.piece_count))
    (pair.final / "precious").mkdir(parents=True)
    with pytest.raises(StoreError, match="Weft has no record of making it; move it away"):
        store.finish()
    store.close()
    assert (pair.final / "precious").is_dir()
    (pair.final / "precious").rmdir()
    pair.final.rmdir()
    again = pair.opened()
    assert again.here == bits.full(pair.manifest.piece_count), "what was downloaded is kept"
    pair.complete(again)
    pair.assert_arrived()


# ---- seeds


def test_a_seed_is_whole_from_the_start(make_pair: MakePair) -> None:
    pair = make_pair(TREE)
    seed = Store(str(pair.original.parent), pair.manifest)
    seed.open_seed()
    assert seed.complete
    assert seed.here == bits.full(pair.manifest.piece_count)
    seed.close()


@pytest.mark.parametrize(
    "spoil, words",
    [
        (lambda path: path.unlink(), "the seed's file isn't there; put it there, or write hasFile 0"),
        (lambda path: path.write_bytes(b"short"), "it has 5 bytes and had 100000 when it was hashed: ano"),
        (lambda path: (path.unlink(), path.mkdir()), "the seed's file isn't there"),
    ],
    ids=["missing", "short", "a folder"],
)
def test_a_seed_without_its_payload_is_refused(
    make_pair: MakePair, spoil: Callable[[Path], object], words: str
) -> None:
    pair = make_pair(FILE)
    spoil(pair.original)
    seed = Store(str(pair.original.parent), pair.manifest)
    with pytest.raises(StoreError, match=words) as caught:
        seed.open_seed()
    assert str(pair.original) in str(caught.value)
    seed.close()


# ---- without hashes, as in a classic swarm


def test_a_swarm_without_hashes_takes_what_comes(make_pair: MakePair) -> None:
    pair = make_pair(FILE)
    store = pair.opened(bare_manifest(NAME, FILE.size, FILE.piece_size))
    pair.complete(store)
    assert content_of(pair.final) == content_of(pair.original)
