"""A long file that arrives is synced on the way: little is left for the end, and a disk that fails is told."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from deploy.agent import writeback
from deploy.agent.writeback import written_back


@pytest.mark.parametrize(("parts", "syncs"), [(0, 1), (1, 2), (20, 21)])
def test_never_more_than_two_parts_wait_for_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parts: int, syncs: int
) -> None:
    monkeypatch.setattr(writeback, "PART", 100)
    on_disk: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: on_disk.append(os.fstat(descriptor).st_size))
    with (tmp_path / "f").open("wb", buffering=0) as file, written_back(file.fileno()) as wrote:
        for _ in range(10 * parts):
            file.write(b"0123456789")
            wrote(10)
            assert file.tell() - max(on_disk, default=0) <= 200
    assert len(on_disk) == syncs and on_disk[-1] == 100 * parts


def test_a_disk_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writeback, "PART", 1)
    first = threading.Event()

    def fsync(_: int) -> None:
        if not first.is_set():
            first.set()
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fsync)
    path = tmp_path / "f"
    with pytest.raises(OSError, match="Input/output"), path.open("wb") as file, written_back(file.fileno()) as wrote:
        wrote(1)
