"""Any two versions: every piece that comes from the old one is right, also while that rots or is written to."""

from __future__ import annotations

import os
import random
import zlib
from pathlib import Path
from typing import Callable, Dict, List

import pytest

from peer.core.errors import StoreError
from peer.edge.beginning import Beginning
from peer.edge.store import Store
from tests.edge.test_basis import BLOCK, Content, Versions
from tests.helpers.swarmfolder import content_of

SEEDS = range(int(os.environ.get("BASIS_SEEDS", "12")))


def a_file(rng: random.Random) -> bytes:
    """Mostly small; some have anchors; some hold zeros or one line again and again."""
    size = rng.choice([0, 1, rng.randrange(BLOCK), rng.randrange(4 * BLOCK), rng.randrange(8 * BLOCK, 20 * BLOCK)])
    kind = rng.randrange(4)
    if kind == 0:
        return (b"%08d the same line\n" % rng.randrange(9) * (size // 20 + 1))[:size]
    if kind == 1:
        return bytes(size // 2) + rng.randbytes(size - size // 2)
    return rng.randbytes(size)


def put_in(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.randbytes(rng.randrange(1, 3000)) + data[at:]


def take_out(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + data[at + rng.randrange(1, 2 * BLOCK) :]


def overwrite(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    return (data[:at] + rng.randbytes(rng.randrange(1, 3000)) + data[at + 1500 :])[: len(data)]


def turn_round(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[at:] + data[:at]


EDITS: List[Callable[[bytes, random.Random], bytes]] = [put_in, take_out, overwrite, turn_round]


def next_version(old: Content, rng: random.Random) -> Content:
    """Files changed, renamed, exchanged, copied, gone and added."""
    new: Dict[str, bytes] = {}
    for name, data in old.items():
        for _ in range(rng.randrange(3)):
            data = rng.choice(EDITS)(data, rng)
        if rng.random() < 0.8:
            new[rng.choice([name, name, f"z/{name}", rng.choice(list(old))])] = data
        if rng.random() < 0.2:
            new[f"copy/{name}"] = data
    return {**new, "a/new": a_file(rng)}


@pytest.mark.parametrize("written_to", [False, True], ids=["still", "written to"])
@pytest.mark.parametrize("seed", SEEDS)
def test_every_piece_from_any_older_version_is_right(
    quick_folder: Path, monkeypatch: pytest.MonkeyPatch, seed: int, written_to: bool
) -> None:
    rng = random.Random(seed)
    tree = rng.random() < 0.7
    old = {f"d{number % 3}/f{number}": a_file(rng) for number in range(8)} if tree else {"": a_file(rng)}
    new = next_version(old, rng) if tree else {"": rng.choice(EDITS)(rng.choice(EDITS)(old[""], rng), rng)}
    made = Versions(quick_folder, old, new, zlib.crc32 if rng.random() < 0.7 else lambda _: 1)
    with monkeypatch.context() as patched:
        if written_to:
            Meddler(made.new.final, rng).begin(patched)
        store = made.begin()
        try:
            made.check(store)
        except StoreError as error:  # of a copy whose pieces were lent from where they lie
            assert written_to and "another program writes to it" in str(error)
    manifest = made.new.manifest
    pieces = range(manifest.piece_count)
    if written_to:
        made.new.deliver(store, [piece for piece in pieces if not store.here >> piece & 1])
    wrong = [
        piece for piece in pieces if store.here >> piece & 1 and store.hash_piece(piece) != manifest.piece_hash(piece)
    ]
    kept = [any(segment.file in store.payload.kept for segment in store.payload.segments(piece)) for piece in wrong]
    assert all(kept) and (written_to or not wrong), "a piece counts that is wrong"
    if written_to:
        if wrong:  # a file is the old one's yet, and was changed: it never gets the name
            with pytest.raises(StoreError, match="another program writes to it"):
                store.finish()
        store.close()
    else:
        assert content_of(made.new.final) == content_of(made.old.original), "the old version stays as it is"
        if not store.complete:  # as it is where the edits have left everything as it was
            made.new.complete(store)
        made.new.assert_arrived()
    made.close()


class Meddler:
    """Somebody who changes, cuts or removes files of the old version at `root`, once it is known to be ours."""

    def __init__(self, root: Path, rng: random.Random) -> None:
        self._root = root
        self._rng = rng
        self._real = os.pread

    def begin(self, patched: pytest.MonkeyPatch) -> None:
        begin = Store.begin

        def begun(store: Store, known: Dict[int, bytes]) -> Beginning:
            patched.setattr(os, "pread", self.pread)
            return begin(store, known)

        patched.setattr(Store, "begin", begun)

    def pread(self, descriptor: int, length: int, offset: int) -> bytes:
        if self._rng.random() < 0.05:
            self._meddle()
        return self._real(descriptor, length, offset)

    def _meddle(self) -> None:
        rng = self._rng
        files = [self._root] if self._root.is_file() else [one for one in self._root.rglob("*") if one.is_file()]
        if not files:
            return
        path = rng.choice(files)
        size = path.stat().st_size
        if rng.random() < 0.2:
            path.unlink(missing_ok=True)
        elif rng.random() < 0.3:
            os.truncate(path, rng.randrange(size + 1))
        else:
            with open(path, "r+b") as opened:
                opened.seek(rng.randrange(size + 1))
                opened.write(rng.randbytes(rng.randrange(1, BLOCK)))
