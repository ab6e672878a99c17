"""Pieces that are completed block by block: from an older version, from zeros and twins, and from neighbours.

WEFT_PARTS=1000 tries a thousand pairs of random versions instead of a few.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from random import Random
from typing import Callable, Dict, Iterator, List, Tuple

import pytest

from peer.core.events import Checked
from peer.core.finding import DiskEvent
from peer.core.repeats import Repeats
from peer.edge.checking import Check
from peer.edge.hashing import make_manifest
from tests.edge.stores import Pair
from tests.helpers.swarmfolder import Wish, content_of
from tests.helpers.waiting import wait_for

SEEDS = range(int(os.environ.get("WEFT_PARTS", "12")))
BLOCK, PIECE = 512, 4096
Content = Dict[str, bytes]


class Version:
    """A payload, and the store of a leecher that takes it, with the threads that a peer has beside its links."""

    def __init__(self, root: Path, content: Content) -> None:
        self.pair = Pair(root, Wish(size=1, piece_size=PIECE))
        self.pair.original.unlink()
        for name, data in content.items():
            path = self.pair.original / name if name else self.pair.original
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        self.manifest = make_manifest(str(self.pair.original), PIECE, block=BLOCK)
        self.pair.hashed(self.manifest)
        self.told: List[DiskEvent] = []
        self.sent = 0  # bytes that neighbours brought

    def start(self) -> None:
        """A peer starts, and looks at its disk."""
        self.store = self.pair.store(repeats=Repeats(self.manifest))
        self.store.open_leecher()
        self._check = Check(self.store, self.told.append)
        self._twins = threading.Thread(target=self._check.twins.run)
        self._twins.start()
        self._check.run()

    def stop(self) -> None:
        """It is gone, in the middle of whatever it did."""
        self._check.stop()
        self._twins.join()
        self.store.close()

    def bring(self, piece: int, blocks: int, spoiled: int = 0) -> "bool | None":
        """A neighbour's answer: these blocks of a piece, or all (0), of which some are spoiled."""
        claim = self.store.claims.claim(piece, blocks)
        if claim is None:
            return None
        whole, begin = self.pair.bytes_of(piece), 0
        for block, length in enumerate(self.manifest.layout.block_lengths(piece)):
            if not blocks or blocks >> block & 1:
                data = whole[begin : begin + length]
                self.sent += length
                claim.write(memoryview(bytes(length) if spoiled >> block & 1 and any(data) else data))
            begin += length
        return claim.finish()

    @property
    def lacking(self) -> List[int]:
        """The pieces that aren't here."""
        return [piece for piece in range(self.manifest.piece_count) if not self.store.has(piece)]

    def complete(self, rng: Random) -> None:
        """Neighbours bring all that has to be asked for, some of them lie, until what they bring is enough."""
        for _ in range(3):
            for piece in self.lacking:
                wanted = self.store.parts.wanted(piece)
                if wanted:
                    self.bring(piece, wanted, spoiled=rng.getrandbits(8) if rng.random() < 0.2 else 0)
        for piece in self.lacking:
            if self.store.parts.wanted(piece):
                assert self.bring(piece, self.store.parts.wanted(piece)) in (True, None)
        wait_for(lambda: not self.lacking, "all pieces are here")

    def finish(self) -> None:
        self._check.stop()
        self._twins.join()
        self.store.finish()
        self.store.close()
        self.pair.assert_arrived()


@pytest.fixture
def version(quick_folder: Path) -> Iterator[Callable[[Content], Version]]:
    made: List[Version] = []

    def make(content: Content) -> Version:
        made.append(Version(quick_folder / str(len(made)), content))
        return made[-1]

    yield make
    for one in made:
        one.pair.close()


def noise(seed: int, blocks: float) -> bytes:
    return Random(seed).randbytes(int(blocks * BLOCK))


def versions(rng: Random) -> Tuple[Content, Content]:
    """Two random trees that share some blocks; some blocks are zeros, some are equal."""
    pool = [bytes(BLOCK), *(rng.randbytes(BLOCK) for _ in range(30))]
    fresh = [*pool, *(rng.randbytes(BLOCK) for _ in range(10))]
    old = {f"{rng.choice('ab')}/{number}": _file(rng, pool) for number in range(rng.randrange(1, 9))}
    new = {name: _changed(rng, data, fresh) for name, data in old.items() if rng.random() < 0.8}
    new.update({f"n/{number}": _file(rng, fresh) for number in range(rng.randrange(3))})
    return old, new or {"n/0": _file(rng, fresh)}


def _file(rng: Random, pool: List[bytes]) -> bytes:
    zeros = bytes(BLOCK) * rng.choice([0, 0, 3, 20])
    return zeros + b"".join(rng.choices(pool, k=rng.randrange(20))) + rng.randbytes(rng.choice([0, 0, 7, 300]))


def _changed(rng: Random, data: bytes, pool: List[bytes]) -> bytes:
    for _ in range(rng.randrange(3)):
        at = rng.randrange(len(data) // BLOCK + 1) * BLOCK
        data = data[:at] + rng.choice(pool) + data[at + rng.choice([0, BLOCK]) :]
    return data


@pytest.mark.parametrize("seed", SEEDS)
def test_any_two_versions_arrive_whatever_happens(version: Callable[[Content], Version], seed: int) -> None:
    """Neighbours lie, the peer is killed between any two answers, and what was there is never damaged."""
    rng = Random(seed)
    before, after = (version(content) for content in versions(rng))
    before.start()
    before.complete(rng)
    before.finish()
    after.pair.take_over(before.pair)
    after.start()
    for _ in range(rng.randrange(3)):
        for piece in rng.sample(after.lacking, len(after.lacking) // 2):
            after.bring(piece, rng.getrandbits(8) & after.store.parts.missing(piece), rng.choice([0, 0, 255]))
        if not after.store.complete:
            assert content_of(after.pair.final) == content_of(before.pair.original)
            after.stop()
            after.start()
    if not after.store.complete:
        after.complete(rng)
        after.finish()


def kept_and_fetched(made: Version) -> Tuple[int, int]:
    """Bytes from the disk, and those that have to be asked for yet."""
    parts = made.store.parts
    return made.store.tally.kept, sum(parts.length(piece, parts.wanted(piece)) for piece in made.lacking)


def test_only_new_blocks_are_asked_for(version: Callable[[Content], Version]) -> None:
    whole = noise(1, 40)
    old, new = (
        version({"": whole}),
        version({"": whole[: 5 * BLOCK] + noise(2, 1) + whole[6 * BLOCK :] + noise(3, 2.5)}),
    )
    old.start()
    old.complete(Random(1))
    old.finish()
    new.pair.take_over(old.pair)
    new.start()
    assert kept_and_fetched(new) == (39 * BLOCK, int(3.5 * BLOCK))
    parts = {piece: blocks for event in new.told if isinstance(event, Checked) for piece, blocks in event.parts.items()}
    assert parts == {0: 1 << 5}, "the last piece is new, all of it"
    new.complete(Random(0))
    new.finish()


def test_zeros_and_twins_never_travel(version: Callable[[Content], Version]) -> None:
    one = noise(1, 1)
    content = {
        "a": one + bytes(9 * BLOCK) + one * 7,
        "b": bytes(20 * BLOCK),
        "c": noise(2, 1) + one * 20,
        "d": noise(2, 1),
    }
    made = version(content)
    made.start()
    assert kept_and_fetched(made) == (0, 3 * BLOCK), "one of them twice, in a piece that else would have to wait"
    made.complete(Random(1))
    assert made.store.tally.zero == 29 * BLOCK and made.store.tally.twin in (27 * BLOCK, 28 * BLOCK)
    assert made.store.payload.held_bytes() <= 12 * 4096, "what is zeros is holes"
    made.finish()


def test_a_copy_that_isnt_right_is_asked_for(
    version: Callable[[Content], Version], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program writes to a block after it was proved."""
    made = version({"a": noise(1, 8), "b": noise(1, 8)})
    made.start()
    monkeypatch.setattr("peer.edge.twins.Twins._read", lambda *_: bytes(BLOCK))
    assert made.bring(0, 0b11111111) is True
    wait_for(lambda: any(isinstance(one, Checked) and one.parts for one in made.told), "it gave up")
    monkeypatch.undo()
    assert made.lacking == [1] and made.bring(1, made.store.parts.missing(1)) is True
    made.finish()


def test_a_lying_neighbour_is_found_and_harms_nothing(version: Callable[[Content], Version]) -> None:
    made = version({"": noise(1, 16)})
    made.start()
    assert made.bring(0, 0b0111, spoiled=0b0010) is False
    assert made.store.parts.missing(0) == 0b11111010, "what was right is kept"
    assert made.bring(0, 0b1101, spoiled=0b0001) is False, "it spoils what is here already"
    assert made.store.parts.missing(0) == 0b11110010
    assert made.bring(0, 0, spoiled=0) is True and made.store.has(0)
    assert made.bring(0, 0b1) is None, "it is here"
    made.complete(Random(1))
    made.finish()


def test_what_is_here_of_a_piece_is_never_written_over(version: Callable[[Content], Version]) -> None:
    made = version({"": noise(1, 8)})
    made.start()
    made.bring(0, 0b1111)
    claim = made.store.claims.claim(0)
    assert claim
    claim.write(memoryview(bytes(6 * BLOCK)))
    made.store.claims.abandon(claim)
    assert made.bring(0, made.store.parts.missing(0)) is True
    made.finish()
