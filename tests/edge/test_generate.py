"""Test files: the same bytes for the same size and seed, no two pages alike, nothing destroyed."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Optional

import pytest

from peer.core.treerules import USUAL
from peer.edge import generate
from peer.edge.generate import CHUNK, PAGE, write_file
from peer.edge.hashing import make_manifest

ROOT = Path(__file__).resolve().parents[2]
MIB = 1024 * 1024


def made(size: int, seed: generate.Seed = 0) -> bytes:
    """The bytes of a test file."""
    return b"".join(bytes(chunk) for chunk in generate.chunks(size, seed))


@pytest.mark.parametrize("size", [0, 1, 4096, MIB - 1, MIB, MIB + 1, 3 * MIB + 5])
def test_a_file_has_its_size(tmp_path: Path, size: int) -> None:
    write_file(tmp_path / "file", size)
    assert (tmp_path / "file").stat().st_size == size
    assert os.listdir(tmp_path) == ["file"]


# These hold for every Python on every machine: hosts make the file that the manifest was made from elsewhere.
KNOWN = [
    (0, 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    (1, 0, "d16bd22f7196c0a70f4b12aa0b290c4c4acecd5d6ba350ecc8447fbdf4c3819b"),
    (100_000, 1, "a0fa68d64473b947f10b2d596d76be20c57c7144bc245c5292a69c8750fa3bae"),
    (10_000_232, 0, "b224937b6aa07e4e23ede41dc56c8cfef224e641cfd34e8091d8d8dcbb8ae79d"),
    (10_000_232, 7, "4bafb91403c31c316b8cd718792ff1d5cb3e755b950fbe01bcab08466b85d6fd"),
    (3 * CHUNK, "a word", "e5d4678f7c1594d675ae974566d8e04f9935c7f37c284d8989a4d50453b7c5da"),
]


@pytest.mark.parametrize(("size", "seed", "digest"), KNOWN)
def test_the_same_seed_gives_the_same_bytes_everywhere(
    tmp_path: Path, size: int, seed: generate.Seed, digest: str
) -> None:
    write_file(tmp_path / "file", size, seed)
    data = (tmp_path / "file").read_bytes()
    assert (len(data), hashlib.sha256(data).hexdigest()) == (size, digest)


def test_a_seed_that_is_a_number_and_one_that_is_its_text_are_one() -> None:
    assert made(5000, 7) == made(5000, "7")


def test_no_two_pages_are_alike() -> None:
    pages = set()
    for seed in (0, 1, "demo"):
        data = made(3 * MIB, seed)
        pages |= {data[begin : begin + PAGE] for begin in range(0, len(data), PAGE)}
    assert len(pages) == 3 * 3 * 256


@pytest.mark.parametrize("piece", [16384, 65536])
def test_no_two_pieces_are_alike(piece: int) -> None:
    data = made(8 * CHUNK)
    pieces = {data[at : at + piece] for at in range(0, len(data), piece)}
    assert len(pieces) == len(data) // piece


def test_a_shorter_file_is_the_start_of_a_longer_one() -> None:
    assert made(2 * MIB + 10, 7).startswith(made(MIB + 3, 7))


def test_short_writes_lose_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda descriptor, data, offset: write(descriptor, data[:99_999], offset))
    write_file(tmp_path / "file", CHUNK + 5, 3)
    assert (tmp_path / "file").read_bytes() == made(CHUNK + 5, 3)


def test_a_disk_without_room_is_not_filled(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="bytes wanted"):
        write_file(tmp_path / "file", 2**60)
    assert os.listdir(tmp_path) == []


def test_what_was_there_stays_until_the_new_file_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("old")

    def refuse(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", refuse)
    with pytest.raises(OSError, match="No space"):
        write_file(tmp_path / "file", 5000)
    assert (tmp_path / "file").read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_memory_does_not_grow_with_the_size(tmp_path: Path) -> None:
    code = (
        "import resource, sys; sys.path.insert(0, sys.argv[1])\n"
        "from peer.edge.generate import write_file\n"
        "write_file('file', 100 << 20)\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "write_file('file', 200 << 20)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    argv = [sys.executable, "-c", code, str(ROOT)]
    grown = subprocess.run(argv, cwd=tmp_path, check=True, timeout=100, capture_output=True, text=True).stdout
    assert int(grown) < 4096, "KiB"


@pytest.mark.parametrize(("size", "piece_size"), [(0, None), (5, None), (3 * MIB + 5, None), (9 * MIB, 300_000)])
def test_its_manifest_is_known_without_reading_it_again(tmp_path: Path, size: int, piece_size: Optional[int]) -> None:
    file, told = str(tmp_path / "file"), []
    made = generate.make_payload(file, size, 1, told.append, "file", USUAL, piece_size)
    assert made.manifest == make_manifest(file, piece_size)
    assert sum(told) == size
