"""The event log's file."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import List

import pytest

from peer.core import eventlog
from peer.core.eventlog import Entry
from peer.edge.logfile import LogFile

ENTRIES = [
    Entry("dialled", 1002, 1001),
    Entry("preferred", 1002, others="1001, 1003"),
    Entry("piece", 1002, 1001, 5, 10),
    Entry("complete", 1002),
]


def write(path: Path, entries: List[Entry], append: bool = False) -> None:
    log = LogFile(str(path), append)
    for entry in entries:
        log.add(entry)
    log.close()


def read(path: Path) -> List[Entry]:
    return [plain(eventlog.parse_line(line)) for line in path.read_text().splitlines()]


def plain(entry: "Entry | None") -> Entry:
    assert entry is not None
    return entry._replace(time="")


def test_lines_are_classic_and_stamped_with_local_time(tmp_path: Path) -> None:
    path = tmp_path / "log"
    before = datetime.now().replace(microsecond=0)
    write(path, ENTRIES)
    after = datetime.now()
    assert read(path) == ENTRIES
    for line in path.read_text().splitlines():
        assert before <= datetime.strptime(line[:19], "%Y-%m-%d %H:%M:%S") <= after


def test_a_new_run_begins_a_new_log(tmp_path: Path) -> None:
    write(tmp_path / "log", ENTRIES)
    write(tmp_path / "log", ENTRIES[:1])
    assert read(tmp_path / "log") == ENTRIES[:1]


def test_a_later_life_of_the_same_run_goes_on(tmp_path: Path) -> None:
    write(tmp_path / "log", ENTRIES[:2])
    write(tmp_path / "log", ENTRIES[2:], append=True)
    assert read(tmp_path / "log") == ENTRIES


def test_a_line_that_a_full_disk_cut_short_doesnt_spoil_the_next(tmp_path: Path) -> None:
    path = tmp_path / "log"
    write(path, ENTRIES[:2])
    with path.open("a") as file:
        file.write("2024-01-01 00:00:00: Peer 1002 has downl")
    write(path, ENTRIES[2:], append=True)
    assert read(path) == ENTRIES


@pytest.mark.parametrize("torn", ["", "half a line"], ids=["empty", "no whole line"])
def test_a_log_without_a_whole_line_begins_with_the_next(tmp_path: Path, torn: str) -> None:
    (tmp_path / "log").write_text(torn)
    write(tmp_path / "log", ENTRIES, append=True)
    assert read(tmp_path / "log") == ENTRIES


def test_lines_appear_together_when_flushed(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = LogFile(str(path), append=False)
    for entry in ENTRIES:
        log.add(entry)
    assert path.read_text() == ""
    log.flush()
    assert read(path) == ENTRIES
    log.flush()
    assert read(path) == ENTRIES, "nothing is written twice"
    log.close()


def test_a_system_that_writes_less_than_asked_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: real(descriptor, bytes(data)[:10]))
    write(tmp_path / "log", ENTRIES)
    monkeypatch.undo()
    assert read(tmp_path / "log") == ENTRIES


def test_one_who_says_it_ever_again_doesnt_fill_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each neighbour and each kind counts for itself; pieces and haves are bounded by the payload."""
    monkeypatch.setattr("peer.edge.logfile.MOST_REPEATS", 3)
    kinds = ["interested", "not interested", "choked", "unchoked", "accepted", "dialled"]
    flood = [Entry(kind, 1002, other) for other in (1001, 1003) for kind in kinds]
    pieces = [Entry("piece", 1002, 1001, piece, piece + 1) for piece in range(9)]
    write(tmp_path / "log", flood * 50 + pieces)
    assert read(tmp_path / "log") == flood * 3 + pieces
