"""Holes: hashed as the zeros that they are, without a read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import List, Tuple

import pytest

from peer.core.anchors import ROW_BYTES
from peer.core.blocks import LEAST_BLOCK, RunHash, lengths_of
from peer.edge import holes
from peer.edge.hashing import check_payload, make_manifest
from peer.edge.holes import hash_range

KIB = 1024
MIB = 1024 * KIB
Spots = List[Tuple[int, int]]  # where bytes that aren't zeros lie, and how many

SHAPES: List[Tuple[int, Spots]] = [
    (3 * MIB, []),
    (3 * MIB + 5, [(0, 1)]),
    (3 * MIB + 5, [(MIB + 100, 7)]),
    (3 * MIB, [(3 * MIB - 1, 1)]),
    (3 * MIB, [(60 * KIB, 8 * KIB), (200 * KIB, MIB)]),
    (100, []),
]


def sparse(path: Path, size: int, spots: Spots) -> bytes:
    """Make a file with holes around the spots; its bytes."""
    with path.open("wb") as file:
        for begin, length in spots:
            file.seek(begin)
            file.write(b"x" * length)
        file.truncate(size)
    return path.read_bytes()


@pytest.mark.parametrize(("size", "spots"), SHAPES)
@pytest.mark.parametrize("block", [LEAST_BLOCK, 3 * LEAST_BLOCK, 100_000])
def test_a_sparse_files_hashes_are_those_of_its_bytes(tmp_path: Path, size: int, spots: Spots, block: int) -> None:
    data = sparse(tmp_path / "file", size, spots)
    descriptor = os.open(tmp_path / "file", os.O_RDONLY)
    for begin in (0, size // 3):
        wanted, found = (RunHash(lengths_of(size - begin, block)) for _ in range(2))
        wanted.update(data[begin:])
        assert hash_range(found, descriptor, begin, size - begin) == size - begin
        assert found.blocks == wanted.blocks
    os.close(descriptor)


def test_a_hole_is_never_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sparse(tmp_path / "file", 80 * MIB, [(32 * MIB, 4 * KIB)])
    real, read = os.pread, []

    def pread(descriptor: int, length: int, offset: int) -> bytes:
        read.append(length)
        return real(descriptor, length, offset)

    monkeypatch.setattr(os, "pread", pread)
    manifest = make_manifest(str(tmp_path / "file"))
    assert check_payload(str(tmp_path / "file"), manifest).problem == ""
    assert sum(read) < MIB
    assert manifest.anchors[:ROW_BYTES] == bytes(ROW_BYTES)


def test_what_lies_behind_a_files_end_is_no_hole(tmp_path: Path) -> None:
    sparse(tmp_path / "file", MIB, [])
    descriptor = os.open(tmp_path / "file", os.O_RDONLY)
    assert hash_range(RunHash(lengths_of(2 * MIB, LEAST_BLOCK)), descriptor, 0, 2 * MIB) == MIB
    os.close(descriptor)


def test_a_system_that_knows_no_holes_has_all_of_it_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = sparse(tmp_path / "file", MIB, [(500_000, 1)])
    monkeypatch.delattr(holes.os, "SEEK_HOLE")
    descriptor = os.open(tmp_path / "file", os.O_RDONLY)
    wanted, found = (RunHash(lengths_of(MIB, LEAST_BLOCK)) for _ in range(2))
    wanted.update(data)
    assert hash_range(found, descriptor, 0, MIB) == MIB
    assert found.blocks == wanted.blocks
    os.close(descriptor)


def test_a_file_without_holes_isnt_searched_for_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On tmpfs a search takes as long as there are pages behind its place, and there would be one for each piece."""

    def seek(*_: int) -> int:
        raise AssertionError("a search")

    (tmp_path / "file").write_bytes(b"x" * MIB)
    descriptor = os.open(tmp_path / "file", os.O_RDONLY)
    monkeypatch.setattr(os, "lseek", seek)
    assert hash_range(RunHash(lengths_of(MIB, LEAST_BLOCK)), descriptor, 0, MIB) == MIB
    os.close(descriptor)
