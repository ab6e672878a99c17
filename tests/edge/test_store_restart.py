"""The piece store after accidents: what a peer that starts again calls its own, and what it doesn't."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from pathlib import Path
from typing import Callable, Iterator, List

import pytest

from peer.core import bits
from peer.core.errors import StoreError
from peer.core.manifest import bare_manifest
from peer.edge import payload
from peer.edge.store import Store
from tests.edge.crashing import Crash, Saboteur
from tests.edge.stores import NAME, Pair, open_and_check, write_piece
from tests.helpers.swarmfolder import Wish, content_of

FILE = Wish(size=50_000, piece_size=10_000)
TREE = FILE._replace(tree=True)
LINUX = sys.platform.startswith("linux")


@pytest.fixture(autouse=True)
def _quick_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    """No power is cut here but by the saboteur, who counts the syncs; waiting for the disk would prove nothing."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture(params=[FILE, TREE], ids=["file", "tree"])
def pair(request: pytest.FixtureRequest, quick_folder: Path) -> Iterator[Pair]:
    made = Pair(quick_folder, request.param)
    yield made
    made.close()


def assert_honest(store: Store, pair: Pair) -> None:
    """Every piece that the store calls its own is, on disk, the right one."""
    for piece in bits.indices(store.here):
        assert store.hash_piece(piece) == pair.manifest.pieces[piece], f"piece {piece} is no such thing"


class Life:
    """One life of a leecher, and what it was told to have stored before its end."""

    def __init__(self, pair: Pair) -> None:
        self._pair = pair
        self.store = pair.store()
        self.stored: List[int] = []

    def live(self) -> None:
        """All of it: open, take every piece (with a checkpoint now and then), finish."""
        open_and_check(self.store)
        for piece in range(self._pair.manifest.piece_count):
            missing = not self.store.here >> piece & 1
            if missing and write_piece(self.store, piece, self._pair.bytes_of(piece)):
                self.stored.append(piece)
            if piece % 2:
                self.store.checkpoint()
        if not self.store.complete:
            self.store.finish()


def crash_points(pair: Pair) -> int:
    """How many changes of the disk a life consists of."""
    saboteur = Saboteur(at=1_000_000)
    with saboteur.at_work():
        Life(pair).live()
    pair.forget()
    return saboteur.calls


@pytest.mark.parametrize("cut_short", [False, True], ids=["whole writes", "half a write"])
@pytest.mark.parametrize("older", [False, True], ids=["first", "over an older version"])
def test_a_crash_at_any_point_costs_nothing_that_was_stored(
    pair: Pair, tmp_path: Path, cut_short: bool, older: bool
) -> None:
    points = crash_points(pair)
    assert points > 15
    old = Pair(tmp_path / "older", FILE._replace(size=100, tree=pair.manifest.tree))
    for at in range(points):
        if older:
            old.take_over(pair)
            old.complete(old.opened())
        life = Life(pair)
        with Saboteur(at, cut_short).at_work():
            life.live()
        life.store.close()
        if older:
            assert content_of(pair.final) in (content_of(old.original), content_of(pair.original)), at
        again = pair.opened()
        assert_honest(again, pair)
        kept = set(bits.indices(again.here))
        assert kept >= set(life.stored), f"lost what was stored before change {at}"
        if again.complete:
            again.close()
        else:
            pair.complete(again)
        pair.assert_arrived()
        old.forget()
        pair.forget()
    old.close()


@pytest.mark.skipif(not LINUX, reason="paths of open files are read from /proc")
@pytest.mark.parametrize("at_once", [False, True], ids=["file by file", "all at once"])
def test_after_a_power_cut_no_lost_data_is_called_a_piece(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, at_once: bool
) -> None:
    if at_once and not pair.manifest.tree:
        pytest.skip("one file is synced alone")
    monkeypatch.setattr(payload, "MOST_SYNCED", 0 if at_once else 64)
    points = crash_points(pair)
    kept_some = False
    for at in range(points):
        life = Life(pair)
        with Saboteur(at, power_cut=True).at_work():
            life.live()
        life.store.close()
        again = pair.opened()
        assert_honest(again, pair)
        kept_some = kept_some or bool(again.here and not again.complete)
        if again.complete:
            again.close()
        else:
            pair.complete(again)
        pair.assert_arrived()
        pair.forget()
    assert kept_some, "what was synced is kept"


def test_a_crash_ends_everything(tmp_path: Path) -> None:
    """The saboteur itself: after its moment no change of the disk gets through."""
    (tmp_path / "file").write_text("old")
    with Saboteur(at=0).at_work():
        os.replace(tmp_path / "file", tmp_path / "other")
    with Saboteur(at=0).at_work():
        try:
            os.unlink(tmp_path / "file")
        except Crash:
            os.rmdir(tmp_path)
    assert (tmp_path / "file").read_text() == "old"


# ---- the map, damaged


def half_done(pair: Pair, sync: bool) -> Path:
    """A leecher that died with some pieces; `sync`: after a checkpoint. Returns its map's path."""
    store = pair.opened()
    pair.deliver(store, [0, 3])
    if sync:
        store.checkpoint()
    pair.deliver(store, [4])
    store.close()
    return pair.work / "map"


@pytest.mark.parametrize("sync", [False, True], ids=["unsynced", "synced"])
def test_a_map_cut_anywhere_is_believed_as_far_as_it_goes(pair: Pair, sync: bool) -> None:
    path = half_done(pair, sync)
    whole = path.read_bytes()
    backup = pair.folder.with_name("backup")
    shutil.copytree(pair.folder, backup)
    for length in range(len(whole), -1, -3):
        path.write_bytes(whole[:length])
        store = pair.opened()
        assert_honest(store, pair)
        assert set(bits.indices(store.here)) <= {0, 3, 4}
        store.close()
        shutil.rmtree(pair.folder)
        shutil.copytree(backup, pair.folder)


def test_a_flipped_bit_anywhere_in_the_map_is_noticed(pair: Pair) -> None:
    path = half_done(pair, sync=True)
    whole = path.read_bytes()
    backup = pair.folder.with_name("backup")
    shutil.copytree(pair.folder, backup)
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 0x10
        path.write_bytes(bytes(damaged))
        store = pair.opened()
        assert_honest(store, pair)
        assert set(bits.indices(store.here)) < {0, 3, 4} or place >= len(whole) - 16
        store.close()
        shutil.rmtree(pair.folder)
        shutil.copytree(backup, pair.folder)


def test_a_map_of_another_payload_counts_for_nothing(pair: Pair, tmp_path: Path) -> None:
    half_done(pair, sync=True)
    other = Pair(tmp_path / "other", FILE._replace(size=49_999))
    other.take_over(pair)
    store = other.opened()
    assert store.here == 0
    other.complete(store)
    other.assert_arrived()
    other.close()


# ---- the data, damaged


def part_files(pair: Pair) -> List[Path]:
    part = pair.work / "new"
    files = [path for path in sorted(part.rglob("*")) if path.is_file()] if part.is_dir() else [part]
    return [path for path in files if path.stat().st_size]


def cut_in_half(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def begin_anew(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [cut_in_half, begin_anew, Path.unlink], ids=["cut", "emptied", "removed"])
@pytest.mark.parametrize("sync", [False, True], ids=["unsynced", "synced"])
def test_a_truncated_part_isnt_believed(pair: Pair, damage: Callable[[Path], None], sync: bool) -> None:
    half_done(pair, sync)
    for path in part_files(pair):
        damage(path)
    store = pair.opened()
    assert_honest(store, pair)
    assert store.here != bits.full(pair.manifest.piece_count)
    pair.complete(store)
    pair.assert_arrived()


def test_what_a_cut_part_still_holds_is_kept(tmp_path: Path) -> None:
    pair = Pair(tmp_path, FILE)
    half_done(pair, sync=True)
    os.truncate(part_files(pair)[0], 35_000)
    store = pair.opened()
    assert set(bits.indices(store.here)) == {0}, "piece 0 lies before the cut, 3 is cut, 4 is gone"
    store.close()
    pair.close()


@pytest.mark.parametrize("lives", [1, 2, 3])
def test_bytes_that_rotted_in_a_dead_peers_part_are_never_a_piece(pair: Pair, lives: int) -> None:
    """However often the peer came back and found them right."""
    half_done(pair, sync=True)
    for _ in range(lives - 1):
        again = pair.opened()
        again.checkpoint()
        again.close()
    for path in part_files(pair):
        data = bytearray(path.read_bytes())
        data[0] ^= 1
        path.write_bytes(bytes(data))
    store = pair.opened()
    assert_honest(store, pair)
    assert not store.here & 1
    pair.complete(store)
    pair.assert_arrived()


# ---- without hashes, as in a classic swarm


def bare(pair: Pair) -> Store:
    return pair.opened(bare_manifest(NAME, FILE.size, FILE.piece_size))


@pytest.fixture
def file_pair(quick_folder: Path) -> Iterator[Pair]:
    made = Pair(quick_folder, FILE)
    yield made
    made.close()


def test_without_hashes_a_restart_keeps_what_was_stored(file_pair: Pair) -> None:
    store = bare(file_pair)
    file_pair.deliver(store, [0, 2])
    store.close()
    again = bare(file_pair)
    assert set(bits.indices(again.here)) == {0, 2}
    again.close()


def test_without_hashes_a_damaged_part_is_noticed_by_its_prints(file_pair: Pair) -> None:
    store = bare(file_pair)
    file_pair.deliver(store, [0, 2])
    store.checkpoint()
    store.close()
    (file_pair.work / "new").unlink()
    again = bare(file_pair)
    assert again.here == 0
    again.close()


def test_without_hashes_a_finished_payload_is_still_here_after_a_kill(file_pair: Pair) -> None:
    store = bare(file_pair)
    file_pair.complete(store)
    again = bare(file_pair)
    assert again.complete
    assert content_of(file_pair.final) == content_of(file_pair.original)
    again.close()


def test_without_hashes_a_file_of_unknown_origin_is_neither_adopted_nor_replaced(file_pair: Pair) -> None:
    whose = hashlib.shake_128(b"whose?").digest(FILE.size)
    file_pair.folder.mkdir()
    file_pair.final.write_bytes(whose)
    with pytest.raises(StoreError, match="Weft has no record of making it; move it away"):
        bare(file_pair)
    assert file_pair.final.read_bytes() == whose


def test_without_hashes_a_finished_payload_that_was_changed_is_somebody_elses_now(file_pair: Pair) -> None:
    file_pair.complete(bare(file_pair))
    with open(file_pair.final, "r+b") as file:
        file.write(b"changed")
    with pytest.raises(StoreError, match="Weft has no record of making it"):
        bare(file_pair)
    assert file_pair.final.read_bytes().startswith(b"changed")


def test_without_hashes_a_crash_at_any_point_leaves_no_zeros(file_pair: Pair) -> None:
    """Above all between the rename and the end of the map, when the map speaks of a part that is gone."""
    at = 0
    while True:
        store = file_pair.store(bare_manifest(NAME, FILE.size, FILE.piece_size))
        saboteur = Saboteur(at)
        with saboteur.at_work():
            open_and_check(store)
            file_pair.deliver(store, range(file_pair.manifest.piece_count))
            store.checkpoint()
            store.finish()
        store.close()
        again = bare(file_pair)
        assert_honest(again, file_pair)
        again.close()
        file_pair.forget()
        if saboteur.calls <= at:
            return
        at += 1


@pytest.mark.parametrize("tree", [False, True], ids=["file", "tree"])
@pytest.mark.parametrize(("before", "after"), [(64, 128), (128, 64)])
def test_what_came_in_pieces_of_another_size_stays(tmp_path: Path, tree: bool, before: int, after: int) -> None:
    kib = 1024
    pair = Pair(tmp_path, Wish(size=700 * kib, piece_size=before * kib, tree=tree))
    first = pair.opened()
    for piece in range(pair.manifest.piece_count - 1):
        assert write_piece(first, piece, pair.bytes_of(piece))
    first.close()
    came = sum(map(pair.manifest.piece_length, range(pair.manifest.piece_count - 1)))
    pair.hashed(pair.manifest._replace(piece_size=after * kib))
    for _ in range(2):  # the second start finds it in a map of its own
        store = pair.opened()
        kept = sum(map(pair.manifest.piece_length, bits.indices(store.here)))
        assert came - 2 * after * kib < kept <= came
        assert_honest(store, pair)
        store.close()
    pair.close()


def test_a_complete_copy_needs_nothing_in_pieces_of_another_size(tmp_path: Path) -> None:
    pair = Pair(tmp_path, Wish(size=500 * 1024, piece_size=64 * 1024))
    pair.complete(pair.opened())
    pair.hashed(pair.manifest._replace(piece_size=128 * 1024))
    assert pair.opened().complete
    pair.close()
