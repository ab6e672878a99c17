"""Where the bytes came from: read from statuses, added up, and told."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.core.sources import Sources, outlook, source_lines, summed, unchanged_files
from peer.core.status import CHECKING, DOWNLOADING, Status

MIB = 2**20
SIZE = 191 * MIB
BARE = Status(1002, "r", DOWNLOADING, "fleet", True, 6008, 7, 0, 10, SIZE)


def status(**fields: Any) -> Status:
    return BARE._replace(files=7, **fields)


def one(**fields: Any) -> Sources:
    found = Sources.of_status(status(**fields)._asdict())
    assert found is not None
    return found


OLD = one(bytes_kept=SIZE - 2 * MIB, bytes_down=2 * MIB, bytes_seed=MIB // 2, files_kept=6)
FIRST = one(bytes_down=SIZE, bytes_seed=SIZE)


def test_what_a_status_tells() -> None:
    assert Sources(SIZE, SIZE - 2 * MIB, 0, 0, MIB // 2, 3 * MIB // 2, 7, 6) == OLD
    assert OLD.to_fetch == 2 * MIB
    assert Sources.of_status({}) is None, "of an older version of Weft"


def test_bytes_are_added_up_and_of_files_the_worst_host_counts() -> None:
    assert summed([]) is None
    assert summed([OLD, OLD._replace(files_kept=5)]) == Sources(
        2 * SIZE, 2 * (SIZE - 2 * MIB), 0, 0, MIB, 3 * MIB, 7, 5
    )


@pytest.mark.parametrize(
    ("sources", "lines"),
    [
        ([], ()),
        ([FIRST], ()),
        (
            [OLD, OLD._replace(files_kept=4)],
            (
                "4 to 6 of 7 files unchanged",
                "of 382 MiB in all copies: 378 MiB from what the hosts had, 3 MiB from other hosts, "
                "1 MiB from the seeds",
            ),
        ),
        (
            [FIRST._replace(zero=180 * MIB, twin=MIB, seeds=10 * MIB)],
            ("of 191 MiB in all copies: 180 MiB zeros, 1 MiB equal to other blocks, 10 MiB from the seeds",),
        ),
    ],
)
def test_the_lines_at_the_end(sources: "list[Sources]", lines: "tuple[str, ...]") -> None:
    assert source_lines(sources) == lines


def test_files_are_told_where_all_hosts_had_a_copy() -> None:
    assert unchanged_files([OLD, OLD]) == "6 of 7 files unchanged"
    assert unchanged_files([OLD, FIRST]) == unchanged_files([]) == ""


KEPT = {"bytes_kept": SIZE - MIB, "files_kept": 6}


@pytest.mark.parametrize(
    ("statuses", "said"),
    [
        ([], None),
        ([status(state=CHECKING), status(**KEPT)], None),
        ([status(), status()], ""),
        ([status(**KEPT)] * 2, "6 of 7 files unchanged, 1 MiB of 191 MiB to fetch"),
        ([status(**KEPT), status()], "at most 191 MiB of 191 MiB to fetch"),
        ([status(bytes_kept=SIZE, files_kept=6)], "6 of 7 files unchanged, nothing to fetch"),
    ],
)
def test_the_outlook_comes_once_all_know(statuses: "list[Status]", said: "str | None") -> None:
    assert outlook(statuses) == said
