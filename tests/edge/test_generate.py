"""Test files: the same for the same seed, and nowhere alike."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from peer.edge import generate

MIB = 1024 * 1024


@pytest.mark.parametrize("size", [0, 1, 4096, MIB - 1, MIB, MIB + 1, 3 * MIB + 5])
def test_a_file_has_its_size(tmp_path: Path, size: int) -> None:
    generate.write_file(tmp_path / "file", size)
    assert (tmp_path / "file").stat().st_size == size
    assert os.listdir(tmp_path) == ["file"]


def test_the_same_seed_gives_the_same_bytes_everywhere(tmp_path: Path) -> None:
    generate.write_file(tmp_path / "file", 100_000, seed=1)
    digest = hashlib.sha256((tmp_path / "file").read_bytes()).hexdigest()
    assert digest == "a0fa68d64473b947f10b2d596d76be20c57c7144bc245c5292a69c8750fa3bae"


def test_no_two_pages_are_alike() -> None:
    pages = set()
    for seed in (0, 1, "demo"):
        data = b"".join(bytes(chunk) for chunk in generate.chunks(3 * MIB, seed))
        pages |= {data[begin : begin + 4096] for begin in range(0, len(data), 4096)}
    assert len(pages) == 3 * 3 * 256


def test_a_shorter_file_is_the_start_of_a_longer_one() -> None:
    long = b"".join(bytes(chunk) for chunk in generate.chunks(2 * MIB + 10, 7))
    short = b"".join(bytes(chunk) for chunk in generate.chunks(MIB + 3, 7))
    assert long.startswith(short)


def test_a_disk_without_room_is_not_filled(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="bytes wanted"):
        generate.write_file(tmp_path / "file", 2**60)
    assert os.listdir(tmp_path) == []


def test_what_was_there_stays_until_the_new_file_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("old")

    def refuse(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", refuse)
    with pytest.raises(OSError, match="No space"):
        generate.write_file(tmp_path / "file", 5000)
    assert (tmp_path / "file").read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]
