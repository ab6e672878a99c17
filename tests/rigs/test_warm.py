"""Memory touched before a run: really touched, no more than there is, and free again."""

from __future__ import annotations

import mmap
import resource
from typing import List

import pytest

from rigs import accounting, workfolder
from rigs.benchmark import warm

MIB = 1024 * 1024


def faults() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def resident() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def test_pages_are_touched_and_let_go_of_but_for_one_in_each_block() -> None:
    held, before = resident(), faults()
    with warm.touched(64 * MIB):
        assert faults() - before >= 64 * MIB // mmap.PAGESIZE
        assert held + 64 * mmap.PAGESIZE <= resident() < held + 32 * MIB
    assert resident() < held + 32 * MIB


@pytest.mark.parametrize(("free", "taken"), [(8 * MIB, [8 * MIB]), (0, []), (-MIB, [])])
def test_no_more_than_others_can_spare(free: int, taken: List[int], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: List[int] = []
    real = mmap.mmap

    def mapping(descriptor: int, length: int, **options: int) -> object:
        asked.append(length)
        return real(descriptor, length, **options)

    monkeypatch.setattr(accounting, "available_bytes", lambda: workfolder.SPARE + free)
    monkeypatch.setattr(warm.mmap, "mmap", mapping)
    with warm.touched(1 << 50):
        assert asked == taken
