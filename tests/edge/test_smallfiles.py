"""Small files of a tree: when they are made, how often they are opened, and what an earlier start may have left."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any, Callable, Iterator, List

import pytest

from peer.core.manifest import Manifest
from peer.core.repeats import Repeats
from peer.edge import smallfiles
from peer.edge.hashing import check_payload, make_manifest
from peer.edge.store import Store
from tests.edge.stores import Pair, open_and_check, write_piece
from tests.helpers.swarmfolder import Wish

SMALL_SIZES = (1, 3072, 40_000, smallfiles.SMALL)
LARGE = "large"
TIME = 1_234_567_890_123_456_789


@pytest.fixture
def pair(quick_folder: Path) -> Iterator[Pair]:
    made = Pair(quick_folder, Wish(size=0, piece_size=256 * 1024, tree=True))
    for number, size in enumerate((*SMALL_SIZES, smallfiles.SMALL + 1)):
        file = made.original / (LARGE if size > smallfiles.SMALL else f"small{number}")
        file.write_bytes(bytes([number + 1]) * size)
        file.chmod(0o664 if number else 0o444)
        os.utime(file, ns=(TIME, TIME + number))
    yield made.hashed(make_manifest(str(made.original), 256 * 1024))
    made.close()


@pytest.fixture(params=[0o022, 0o077], ids="umask {:03o}".format)
def _umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def names(pair: Pair) -> List[str]:
    return sorted(path.name for path in (pair.work / "new").iterdir() if path.is_file() and path.stat().st_size)


def assert_right(pair: Pair) -> None:
    pair.assert_arrived()
    found = check_payload(str(pair.final), pair.manifest)
    assert not found.problem


def test_only_the_others_are_there_before_anything_comes(pair: Pair) -> None:
    store = pair.opened()
    assert names(pair) == [LARGE]
    pair.complete(store)
    assert_right(pair)


@pytest.mark.usefixtures("_umask")
def test_each_is_opened_once(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """And gives it mode and time while it is open, whatever the umask takes away."""
    store = pair.opened()
    opened: List[str] = []
    real = os.open

    def counted(path: str, *arguments: Any, **options: Any) -> int:
        opened.append(os.path.basename(path))
        return real(path, *arguments, **options)

    monkeypatch.setattr(os, "open", counted)
    for piece in range(pair.manifest.piece_count):
        assert write_piece(store, piece, pair.bytes_of(piece), step=256 * 1024)
    small = [name for name in names(pair) if name != LARGE]
    assert [opened.count(name) for name in small] == [2] * len(small)  # one by the seed, which reads it
    monkeypatch.undo()
    facts = {name: (pair.work / "new" / name).stat() for name in small}
    assert {name: one.st_mode & 0o777 for name, one in facts.items()} == {
        n: 0o644 if "0" in n else 0o664 for n in small
    }
    assert all(TIME <= one.st_mtime_ns < TIME + len(SMALL_SIZES) for one in facts.values())
    store.finish()
    store.close()
    assert_right(pair)


@pytest.mark.parametrize("step", [1000, 3000, 5000])
def test_one_that_comes_in_parts_is_made_by_its_first(pair: Pair, step: int) -> None:
    store = pair.opened()
    for piece in range(pair.manifest.piece_count):
        assert write_piece(store, piece, pair.bytes_of(piece), step)
    store.finish()
    store.close()
    assert_right(pair)


def test_wrong_bytes_are_written_over(pair: Pair) -> None:
    """The file has the payload's time by then, and gets it again."""
    store = pair.opened()
    for piece in range(pair.manifest.piece_count):
        assert write_piece(store, piece, bytes(pair.manifest.piece_length(piece)), step=256 * 1024) is False
    pair.complete(store)
    assert_right(pair)


def longer(file: Path) -> None:
    file.write_bytes(b"x" * 100_000)


def shorter(file: Path) -> None:
    file.write_bytes(b"x")


def closed(file: Path) -> None:
    file.chmod(0o000)


def linked_elsewhere(file: Path) -> None:
    file.unlink()
    os.link(file.parent.parent.parent / "precious", file)


@pytest.mark.parametrize("spoil", [longer, shorter, closed, linked_elsewhere, Path.unlink])
@pytest.mark.parametrize("known", [False, True], ids=["before its piece came", "after its piece came"])
def test_what_an_earlier_start_left_is_put_right(pair: Pair, spoil: Callable[[Path], None], known: bool) -> None:
    """Nothing is written through another name of a file."""
    store = pair.opened()
    pair.deliver(store, range(pair.manifest.piece_count if known else 1))
    store.close()
    precious = pair.folder / "precious"
    precious.write_bytes(b"of another program")
    for number in range(len(SMALL_SIZES)):
        file = pair.work / "new" / f"small{number}"
        file.touch()
        spoil(file)
    again = pair.opened()
    pair.complete(again)
    assert precious.read_bytes() == b"of another program"
    precious.unlink()
    assert_right(pair)


@pytest.mark.parametrize("code", [errno.EMFILE, errno.EEXIST])
def test_where_the_short_way_fails_the_usual_one_is_taken(
    pair: Pair, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = pair.opened()
    real, refused = os.open, set()

    def scarce(path: str, flags: int, *arguments: Any, **options: Any) -> int:
        if flags & os.O_EXCL and path not in refused:
            refused.add(path)
            raise OSError(code, os.strerror(code), path)
        return real(path, flags, *arguments, **options)

    monkeypatch.setattr(smallfiles.os, "open", scarce)
    if code == errno.EEXIST:  # it is really there
        for number in range(len(SMALL_SIZES)):
            (pair.work / "new" / f"small{number}").touch()
    pair.complete(store)
    assert len(refused) == len(SMALL_SIZES)
    assert_right(pair)


def test_zeros_and_twins_among_them_are_made_too(quick_folder: Path) -> None:
    """Of twins only one comes; of zeros nothing does."""
    made = Pair(quick_folder, Wish(size=0, piece_size=256 * 1024, tree=True))
    for name, content in {"x1": b"x" * 3000, "x2": b"x" * 3000, "zeros": bytes(3000), "y": b"y"}.items():
        (made.original / name).write_bytes(content)
    manifest: Manifest = make_manifest(str(made.original), 256 * 1024)
    made.hashed(manifest)
    store: Store = made.store(repeats=Repeats(manifest))
    open_and_check(store)
    made.complete(store)
    made.assert_arrived()
    made.close()
