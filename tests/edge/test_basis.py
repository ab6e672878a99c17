"""What a new version takes from the older one that stands under the final name: nothing of that is fetched."""

from __future__ import annotations

import errno
import os
import random
import zlib
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Optional, Sequence, Tuple

import pytest

from peer.core import bits
from peer.core.events import Checked, Settled
from peer.core.finding import DiskEvent
from peer.edge.basis import basis_of
from peer.edge.checking import Check
from peer.edge.hashing import make_manifest
from peer.edge.payload import Payload
from peer.edge.store import Store
from tests.edge.stores import Pair
from tests.helpers.swarmfolder import Wish, content_of

BLOCK = 64 * 1024
PIECE = 4 * BLOCK
Content = Dict[str, bytes]


def noise(seed: int, blocks: float) -> bytes:
    return random.Random(seed).randbytes(int(blocks * BLOCK))


OLD: Content = {"a/one": noise(1, 8), "a/two": noise(2, 3.5), "b": noise(3, 0.1), "c/d/e": noise(4, 6), "zero": b""}
LOGS: Content = {name: noise(seed, 3) for seed, name in enumerate(("log", "log.1", "log.2"), 20)}
FILE: Content = {"": noise(5, 12.3)}
LARGE = noise(12, 40.5)
ALIKE = b"".join(b"%06d the same words in every line of this file\n" % number for number in range(60_000))  # 3 MB


def put_in(data: bytes, *places: float) -> bytes:
    """The same with some bytes put in at places that are told in blocks; each puts in others."""
    cuts = [0, *(int(place * BLOCK) for place in places), len(data)]
    parts = [data[begin:end] for begin, end in zip(cuts, cuts[1:])]
    return b"".join(part + (noise(number, 0.01) if number < len(places) else b"") for number, part in enumerate(parts))


def changed(content: Content, **files: bytes) -> Content:
    return {**content, **{name.replace("__", "/"): data for name, data in files.items()}}


def without(content: Content, *names: str) -> Content:
    return {name: data for name, data in content.items() if name not in names}


def moved(content: Content, *pairs: Tuple[str, str]) -> Content:
    names = dict(pairs)
    return {names.get(name, name): data for name, data in content.items()}


# The old version, the new one, and how many bytes of the new one are in blocks that the old one lacks.
CASES = {
    "a file longer": (FILE, {"": FILE[""] + noise(6, 2)}, int(2.3 * BLOCK)),
    "a file shorter": (FILE, {"": FILE[""][: 5 * BLOCK]}, 0),
    "a block of a longer file": (FILE, {"": noise(7, 1) + FILE[""][BLOCK:] + noise(8, 1)}, int(2.3 * BLOCK)),
    "another file": (FILE, {"": noise(9, 12)}, 12 * BLOCK),
    "a file of the tree longer": (OLD, changed(OLD, b=OLD["b"] + b"more"), len(OLD["b"]) + 4),
    "a file in front": (OLD, changed(OLD, a__0=noise(10, 1)), BLOCK),
    "a file gone": (OLD, without(OLD, "a/one"), 0),
    "a file renamed": (OLD, moved(OLD, ("a/one", "z/one")), 0),
    "a folder renamed": (OLD, moved(OLD, ("a/one", "n/one"), ("a/two", "n/two")), 0),
    "a file renamed and longer": (
        OLD, changed(without(OLD, "a/one"), x=OLD["a/one"] + noise(11, 1)), BLOCK
    ),
    "two files from one": (OLD, changed(without(OLD, "a/one"), x=OLD["a/one"], y=OLD["a/one"]), 0),
    "two files have changed names": (
        OLD, moved(OLD, ("a/one", "c/d/e"), ("c/d/e", "a/one")), 0
    ),
    "files of one length have moved on by a name": (
        LOGS, {**moved(LOGS, ("log", "log.1"), ("log.1", "log.2")), "log": noise(23, 3)}, 3 * BLOCK
    ),
    "as much put in as taken from the end": ({"": LARGE}, {"": put_in(LARGE, 4)[: len(LARGE)]}, 2 * BLOCK),
    "another large file of the same length": ({"": LARGE}, {"": noise(24, 40.5)}, int(40.5 * BLOCK)),
    "bytes put in at the front": ({"": LARGE}, {"": put_in(LARGE, 0)}, BLOCK),
    "bytes taken out": ({"": put_in(LARGE, 9.5)}, {"": LARGE}, BLOCK),
    "bytes put in at three places": ({"": LARGE}, {"": put_in(LARGE, 0.1, 10, 20.5)}, 3 * BLOCK),
    "the front moved to the end": ({"": LARGE}, {"": LARGE[17 * BLOCK :] + LARGE[: 17 * BLOCK + 5]}, 2 * BLOCK),
    "lines put in among others like them": ({"": ALIKE}, {"": put_in(ALIKE, 11)}, BLOCK),
    "a large file renamed and longer in front": ({"old/x": LARGE, "y": b""}, {"new/x": put_in(LARGE, 0)}, BLOCK),
}  # fmt: skip


class Versions:
    """A leecher's folder with the old version delivered; the new one is to come."""

    def __init__(self, root: Path, old: Content, new: Content, time: Callable[[bytes], int] = zlib.crc32) -> None:
        self.old, self.new = _pair(root / "old", old, time), _pair(root / "new", new, time)
        self.old.complete(self.old.opened())
        self.new.take_over(self.old)
        self.told: List[DiskEvent] = []

    def start(self) -> Store:
        store = self.begin()
        self.check(store)
        return store

    def begin(self) -> Store:
        store = self.new.store()
        store.open_leecher()
        return store

    def check(self, store: Store, kept: Sequence[str] = ()) -> None:
        self.told = []
        Check(store, self.told.append, kept).run()

    def fetched(self, store: Store) -> int:
        """The bytes of all pieces that have to be fetched."""
        manifest = self.new.manifest
        missing = [piece for piece in range(manifest.piece_count) if not store.here >> piece & 1]
        return sum(manifest.piece_length(piece) for piece in missing)

    def close(self) -> None:
        self.old.close()
        self.new.close()


def _pair(root: Path, content: Content, time: Callable[[bytes], int] = zlib.crc32) -> Pair:
    """A pair with this payload instead of a made one. `time`: of change, of a file with these bytes."""
    pair = Pair(root, Wish(size=1, piece_size=PIECE))
    pair.original.unlink()
    for name, data in content.items():
        path = pair.original / name if name else pair.original
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (0, time(data)))
    return pair.hashed(make_manifest(str(pair.original), PIECE))


@pytest.fixture
def versions(quick_folder: Path) -> Iterator[Callable[[Content, Content], Versions]]:
    made: List[Versions] = []

    def make(old: Content, new: Content) -> Versions:
        made.append(Versions(quick_folder / str(len(made)), old, new))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize("case", CASES)
def test_only_pieces_with_new_blocks_are_fetched(versions: Callable[[Content, Content], Versions], case: str) -> None:
    old, new, lacking = CASES[case]
    made = versions(old, new)
    store = made.start()
    pieces = lacking // BLOCK + 1 if lacking else 0  # each block that is lacking may be in a piece of its own
    assert lacking <= made.fetched(store) <= max(lacking, pieces * PIECE)
    right = sum(event.right for event in made.told if isinstance(event, Checked))
    wrong = sum(event.wrong for event in made.told if isinstance(event, Checked))
    assert right == store.here and right | wrong <= bits.full(made.new.manifest.piece_count)
    assert not store.unchecked and made.told[-1] == Settled(False)
    assert content_of(made.new.final) == content_of(made.old.original), "the old version stays as it is"
    made.new.complete(store)
    made.new.assert_arrived()


def test_what_was_taken_is_kept_by_the_next_start(versions: Callable[[Content, Content], Versions]) -> None:
    made = versions(FILE, {"": FILE[""] + noise(6, 8)})
    store = made.start()
    store.checkpoint()
    store.close()
    made.new.final.unlink()
    again = made.start()
    assert again.here == store.here != 0
    made.new.complete(again)
    made.new.assert_arrived()


def test_an_older_file_that_changes_meanwhile_gives_only_what_is_right(
    versions: Callable[[Content, Content], Versions], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = versions(FILE, {"": FILE[""] + b"more"})
    real = os.pread

    def garbled(descriptor: int, length: int, offset: int) -> bytes:
        data = real(descriptor, length, offset)
        return bytes(len(data)) if offset == 2 * BLOCK else data

    monkeypatch.setattr("peer.edge.basis.os.pread", garbled)
    store = made.start()
    monkeypatch.undo()
    assert not store.here & 1 and store.here >> 1 & 1
    made.new.complete(store)
    made.new.assert_arrived()


def test_pipes_and_links_in_files_places_give_nothing(versions: Callable[[Content, Content], Versions]) -> None:
    content = {"a": noise(1, 2), "b": noise(2, 2)}
    made = versions(content, changed(content, a=noise(1, 3)))
    for name in content:
        (made.new.final / name).unlink()
    os.mkfifo(made.new.final / "a")
    (made.new.final / "b").symlink_to("/dev/zero")
    copy = Payload(made.new.manifest, str(made.new.folder / "copy"), os.O_RDWR)
    copy.create_folders()
    copy.create_files()
    basis = basis_of(made.new.manifest, [str(made.new.final)], copy, lambda _: -1)
    assert basis and not any(basis.fill(piece, -1) for piece in range(made.new.manifest.piece_count))
    basis.close()
    copy.close()


def test_an_older_version_that_was_kept_gives_what_the_last_one_lacks(quick_folder: Path) -> None:
    first, last, new = {"a": noise(1, 4)}, {"a": noise(2, 4)}, {"a": noise(1, 4), "b": noise(3, 1)}
    kept = quick_folder / "kept"
    made = Versions(quick_folder, last, new)
    for name, data in first.items():
        kept.mkdir()
        (kept / name).write_bytes(data)
    store = made.begin()
    made.check(store, [str(kept)])
    assert made.fetched(store) == BLOCK
    made.new.complete(store)
    made.new.assert_arrived()
    assert (kept / "a").read_bytes() == first["a"], "a version that was kept stays as it is"
    made.close()


@pytest.mark.parametrize("answer", [True, False, None])
def test_blocks_are_shared_where_the_disk_can_and_hashed_as_they_lie_in_the_copy(
    quick_folder: Path, monkeypatch: pytest.MonkeyPatch, answer: Optional[bool]
) -> None:
    asked: List[int] = []

    def played(source: int, offset: int, length: int, goal: int) -> Optional[bool]:
        """As FICLONERANGE, on a file system of any kind; the second range that is asked for changes meanwhile."""
        asked.append(offset)
        if answer:
            data = os.pread(source, length, offset)
            os.pwrite(goal, data if len(asked) != 2 else bytes(length), offset)
        return answer

    monkeypatch.setattr("peer.edge.kernelcopy.share", played)
    (quick_folder / "old").write_bytes(FILE[""])
    (quick_folder / "new").write_bytes(FILE[""])
    manifest = make_manifest(str(quick_folder / "new"), PIECE)
    copy = Payload(manifest, str(quick_folder / "copy"), os.O_RDWR)
    copy.create_folders()
    copy.create_files()
    basis = basis_of(manifest, [str(quick_folder / "old")], copy, lambda _: -1)
    assert basis is not None
    found = [basis.fill(piece, -1) for piece in range(manifest.piece_count)]
    basis.close()
    copy.close()
    assert found == [True, not answer, True, True]
    assert (quick_folder / "copy").read_bytes()[2 * PIECE :] == FILE[""][2 * PIECE :]
    assert len(asked) == {True: 4, False: 7, None: 1}[answer], (
        "what can't be shared is asked for once more, as the rest"
    )


def test_the_kernel_copies_the_rest_of_a_run_whose_first_block_is_right(
    quick_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it copied is proved in the copy; a file system that can't share, and then one that can't copy either."""
    asked: List[int] = []

    def played(source: int, goal: int, count: int, begin: int, end: int) -> int:
        """The second range changes meanwhile, of the third only one block comes, after that there is nothing more."""
        asked.append(begin)
        if len(asked) > 3:
            raise OSError(errno.EXDEV, "not between these two")
        count = count if len(asked) < 3 else BLOCK
        os.pwrite(goal, os.pread(source, count, begin) if len(asked) != 2 else bytes(count), end)
        return count

    monkeypatch.setattr("peer.edge.kernelcopy.share", lambda *_: None)
    monkeypatch.setattr(os, "copy_file_range", played, raising=False)
    old, new = quick_folder / "old", quick_folder / "new"
    data = noise(1, 20)
    old.write_bytes(noise(2, 1) + data[BLOCK:])
    new.write_bytes(data)
    manifest = make_manifest(str(new), PIECE)
    copy = Payload(manifest, str(quick_folder / "copy"), os.O_RDWR)
    copy.create_folders()
    copy.create_files()
    basis = basis_of(manifest, [str(old)], copy, lambda _: -1)
    assert basis is not None
    found = [basis.fill(piece, -1) for piece in range(manifest.piece_count)]
    lacking = [basis.lacking(piece) for piece in range(manifest.piece_count)]
    basis.close()
    copy.close()
    assert found == [False, True, False, True, True]
    assert lacking == [0b0001, 0, 0b1110, 0, 0]
    assert asked == [5 * BLOCK, 9 * BLOCK, 13 * BLOCK, 14 * BLOCK]
