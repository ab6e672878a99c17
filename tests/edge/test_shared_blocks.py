"""Releases on a real Btrfs and XFS: what both have lies there once, and whoever writes to one changes no other."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from peer.edge.basis import basis_of
from peer.edge.hashing import make_manifest
from peer.edge.payload import Payload
from peer.edge.syncfs import sync_file_system
from tests.helpers.disks import mounted

MIB = 1 << 20
BYTES = 32 * MIB


@pytest.mark.parametrize("kind", ["btrfs", "xfs"])
def test_equal_blocks_of_two_releases_take_room_once(quick_folder: Path, kind: str) -> None:
    with mounted(kind, quick_folder) as disk:
        old, new, source = disk / "old", disk / "new", quick_folder / "source"
        data = os.urandom(BYTES)
        old.write_bytes(data)
        source.write_bytes(data[:-MIB] + os.urandom(MIB))
        manifest = make_manifest(str(source), MIB)
        before = used(disk)
        copy = Payload(manifest, str(new), os.O_RDWR)
        copy.create_folders()
        copy.create_files()
        basis = basis_of(manifest, [str(old)], copy, lambda _: -1)
        assert basis is not None
        found = [basis.fill(piece, -1) for piece in range(manifest.piece_count)]
        basis.close()
        copy.close()
        assert found == [True] * (BYTES // MIB - 1) + [False]
        assert used(disk) - before < 4 * MIB, "what both have was copied"
        assert new.read_bytes()[:-MIB] == data[:-MIB]
        assert os.stat(old).st_nlink == 1 and not os.path.samefile(old, new)
        with new.open("r+b") as file:
            file.write(b"somebody wrote into one of them")
        assert old.read_bytes() == data


def used(disk: Path) -> int:
    """Bytes that are taken on the disk, with all that was written there."""
    descriptor = os.open(disk, os.O_RDONLY)
    try:
        assert sync_file_system(descriptor)
        found = os.fstatvfs(descriptor)
    finally:
        os.close(descriptor)
    return (found.f_blocks - found.f_bfree) * found.f_frsize
