"""Disks that are full, read-only or somebody else's: one clear line, and nothing lost that was there."""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
from pathlib import Path
from typing import Callable, Iterator

import pytest

from peer.core import bits
from peer.core.errors import StoreError
from peer.edge.ours import naming
from peer.edge.store import Store
from tests.edge.crashing import RENAMES
from tests.edge.stores import NAME, Pair, write_piece
from tests.helpers.swarmfolder import Wish

MIB = 1024 * 1024
WISH = Wish(size=600_000, piece_size=100_000)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MiB; skips where this user can't mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs root")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def pair_on(disk: Path, tmp_path: Path, wish: Wish = WISH) -> Pair:
    """The seed lies elsewhere, the leecher's folder on the disk in question."""
    pair = Pair(tmp_path, wish)
    pair.folder = disk / "peer_1"
    pair.final = pair.folder / NAME
    return pair


def ballast(disk: Path, spare: int) -> Path:
    """Fill the disk but for `spare` bytes."""
    info = os.statvfs(disk)
    path = disk / "ballast"
    path.write_bytes(bytes(max(0, info.f_bavail * info.f_frsize - spare)))
    return path


def test_a_payload_that_doesnt_fit_is_refused_before_anything_is_made(small_disk: Path, tmp_path: Path) -> None:
    pair = pair_on(small_disk, tmp_path, WISH._replace(size=2 * MIB))
    with pytest.raises(StoreError, match=r"the payload needs 2097152 bytes and [0-9]+ are free; make room there"):
        pair.opened()
    assert os.listdir(pair.folder) == []
    pair.close()


def test_what_is_there_already_counts_as_room(small_disk: Path, tmp_path: Path) -> None:
    """A peer that starts again on a disk that its own part fills."""
    pair = pair_on(small_disk, tmp_path)
    store = pair.opened()
    pair.deliver(store, [0, 1])
    store.close()
    ballast(small_disk, spare=50_000)
    again = pair.opened()
    assert set(bits.indices(again.here)) == {0, 1}
    pair.complete(again)
    pair.assert_arrived()
    pair.close()


def test_a_disk_that_fills_up_later_keeps_what_is_stored(
    small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a file system that reserves no room; it fills up while the pieces come."""
    monkeypatch.setattr(os, "posix_fallocate", unsupported)
    pair = pair_on(small_disk, tmp_path)
    store = pair.opened()
    pair.deliver(store, [0, 1])
    filler = ballast(small_disk, spare=120_000)
    with pytest.raises(StoreError, match=r"No space left.*make room on that disk and start again") as caught:
        pair.deliver(store, [2, 3, 4])
    assert str(pair.folder) in str(caught.value)
    store.close()
    filler.unlink()
    again = pair.opened()
    assert {0, 1} <= set(bits.indices(again.here)) <= {0, 1, 2}
    pair.complete(again)
    pair.assert_arrived()
    pair.close()


def unsupported(*_: int) -> None:
    raise OSError(errno.EOPNOTSUPP, "not supported")


@contextlib.contextmanager
def refusing(name: str, number: int) -> Iterator[None]:
    """While the block runs, the system refuses one kind of call."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number), "/the/place")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(naming if name == RENAMES else os, name, refuse)
        yield


@pytest.mark.parametrize(
    "number, remedy",
    [
        (errno.ENOSPC, "make room on that disk and start again: stored pieces are kept"),
        (errno.EDQUOT, "make room within the quota"),
        (errno.EACCES, "give this user the right to write there"),
        (errno.EROFS, "mount it for writing, or choose another folder"),
        (errno.EIO, "fix that and start again"),
    ],
    ids=["full", "quota", "not allowed", "read-only", "broken"],
)
@pytest.mark.parametrize("step", ["pwrite", RENAMES, "chmod"])
def test_each_trouble_names_place_and_remedy(tmp_path: Path, number: int, remedy: str, step: str) -> None:
    pair = Pair(tmp_path, WISH, mode=0o444)
    store = pair.opened()
    pair.deliver(store, range(5))
    with refusing(step, number), pytest.raises(StoreError) as caught:
        pair.deliver(store, [5])
        store.finish()
    assert str(caught.value).startswith("/the/place: ")
    assert remedy in str(caught.value)
    store.close()
    again = pair.opened()
    assert again.here & 0b11111 == 0b11111, "nothing that was stored is lost"
    pair.complete(again)
    pair.assert_arrived()
    pair.close()


@contextlib.contextmanager
def losing(number: int) -> Iterator[None]:
    """While the block runs, the disk loses data, and the system tells so once."""
    real, told = os.fsync, []

    def fsync(descriptor: int) -> None:
        if not told:
            told.append(descriptor)
            raise OSError(number, os.strerror(number))
        real(descriptor)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        yield
    assert told


LOST = pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EDQUOT], ids=["broken", "full", "quota"])


@LOST
@pytest.mark.parametrize("tree", [False, True], ids=["file", "tree"])
def test_data_that_the_disk_lost_is_never_believed(tmp_path: Path, number: int, tree: bool) -> None:
    """The system's memory still holds it, so its hashes are right; and a second sync would succeed."""
    pair = Pair(tmp_path, WISH._replace(tree=tree))
    store = pair.opened()
    pair.deliver(store, [0, 1])
    store.checkpoint()
    pair.deliver(store, [2, 3])
    with losing(number), pytest.raises(StoreError, match=f"^{pair.work}/new.*: {os.strerror(number)}; "):
        store.checkpoint()
    pair.deliver(store, [4, 5])
    with pytest.raises(StoreError, match=os.strerror(number)):
        store.finish()
    assert not pair.final.exists()
    store.close()
    again = pair.opened()
    assert set(bits.indices(again.here)) == {0, 1}
    pair.complete(again)
    pair.assert_arrived()
    pair.close()


def fetch_all_again(pair: Pair) -> None:
    """The next start believes nothing of what is there."""
    again = pair.opened()
    assert again.here == 0
    pair.complete(again)
    pair.assert_arrived()
    pair.close()


@LOST
def test_data_that_the_disk_lost_at_the_end_gets_no_name(tmp_path: Path, number: int) -> None:
    pair = Pair(tmp_path, WISH)
    store = pair.opened()
    pair.deliver(store, range(6))
    with losing(number), pytest.raises(StoreError, match=os.strerror(number)):
        store.finish()
    assert not pair.final.exists()
    store.close()
    fetch_all_again(pair)


def test_data_of_a_killed_peer_that_the_disk_lost_is_never_believed(tmp_path: Path) -> None:
    """It was never synced; the peer that starts again finds it in the system's memory, and syncs it first."""
    pair = Pair(tmp_path, WISH)
    store = pair.opened()
    pair.deliver(store, [0, 1])
    store.close()
    again = pair.opened()
    assert set(bits.indices(again.here)) == {0, 1}
    pair.deliver(again, [2])
    with losing(errno.EIO), pytest.raises(StoreError):
        again.checkpoint()
    again.close()
    fetch_all_again(pair)


def test_a_refused_write_stores_nothing(tmp_path: Path) -> None:
    pair = Pair(tmp_path, WISH)
    store = pair.opened()
    with refusing("pwrite", errno.ENOSPC), pytest.raises(StoreError):
        write_piece(store, 0, pair.bytes_of(0))
    assert store.here == 0
    store.close()
    pair.close()


def in_the_way(path: Path) -> None:
    path.write_text("a file, not a folder")


def not_for_us(path: Path) -> None:
    path.mkdir()
    path.chmod(0o500)


@pytest.mark.parametrize(
    "make, words",
    [(in_the_way, "(File exists|Not a directory)"), (not_for_us, "Permission denied; give this user the right")],
    ids=["a file in the way", "not writable"],
)
def test_a_folder_that_cant_be_used(public_folder: Path, make: Callable[[Path], None], words: str) -> None:
    pair = Pair(public_folder, WISH)
    pair.home.chmod(0o777)
    make(pair.folder)
    with as_nobody(), pytest.raises(StoreError, match=f"^{pair.folder}.*{words}"):
        pair.opened()
    pair.close()


def test_a_seed_that_may_not_read_its_file_says_so(public_folder: Path) -> None:
    """At the start, and not when the first piece is asked for."""
    pair = Pair(public_folder, WISH)
    pair.original.chmod(0o000)
    with as_nobody(), pytest.raises(StoreError, match=f"^{pair.original}: permission denied; .* right to read it"):
        Store(str(pair.original.parent), pair.manifest).open_seed()
    pair.close()


@contextlib.contextmanager
def as_nobody() -> Iterator[None]:
    """While the block runs, root has a common user's rights; whoever isn't root has them anyway."""
    if os.geteuid() != 0:
        yield
        return
    os.setresuid(65534, 65534, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)
