"""Memory touched before a run: really touched, no more than there is, and given back."""

from __future__ import annotations

import resource
from typing import List

import pytest

from tools.benchkit import accounting, warm

MIB = 1024 * 1024


def faults() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def resident() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def test_pages_are_touched_and_given_back() -> None:
    held, before = resident(), faults()
    warm.touch(64 * MIB)
    assert faults() - before >= 32, "at most 2 MiB come with one fault"
    assert resident() - held < 32 * MIB


@pytest.mark.parametrize(("free", "taken"), [(8 * MIB, [8 * MIB]), (0, []), (-MIB, [])])
def test_no_more_than_others_can_spare(free: int, taken: List[int], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: List[int] = []
    real = warm.mmap.mmap

    def mapping(descriptor: int, length: int, **options: int) -> object:
        asked.append(length)
        return real(descriptor, length, **options)

    monkeypatch.setattr(accounting, "available_bytes", lambda: warm.SPARE + free)
    monkeypatch.setattr(warm.mmap, "mmap", mapping)
    warm.touch(1 << 50)
    assert asked == taken
