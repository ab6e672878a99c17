"""The trace's file: facts become lines in their order, however many wait, and a full file tells only the end."""

from __future__ import annotations

from pathlib import Path
from typing import List

import pytest

from peer.core import messages, trace
from peer.core.eventlog import Entry
from peer.core.events import Send
from peer.core.messages import Message
from peer.core.status import DONE, DOWNLOADING, Status
from peer.core.trace import parse_trace
from peer.edge import tracefile
from peer.edge.tracefile import TraceFile

STATUS = Status(1002, "r", DOWNLOADING, "fleet", True, 1, 1, 0, 9000, 9000)


def write(path: Path, pieces: int) -> None:
    """A life: requests and pieces, a status, further pieces, the end."""
    path.touch()
    one = TraceFile(str(path), False, STATUS)
    for piece in range(pieces):
        one.note(Send(1001, Message(messages.REQUEST, 5 * piece)))
        one.note(Entry("piece", 1002, 1001, 5 * piece, piece))
        if piece == pieces // 2:
            one.status(STATUS._replace(pieces=piece))
    one.status(STATUS._replace(state=DONE, exit_code=0, pieces=pieces))
    one.close()


def kinds(path: Path) -> List[str]:
    return [note.kind for note in parse_trace(path.read_text()).notes]


@pytest.mark.parametrize("waiting", [1, 7, 1000])
def test_facts_become_lines_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, waiting: int) -> None:
    monkeypatch.setattr(tracefile, "MOST_WAITING", waiting)
    write(tmp_path / "trace", 20)
    found = parse_trace((tmp_path / "trace").read_text())
    pieces = [note for note in found.notes if note.kind == trace.PIECE]
    assert not found.damaged and [note.values[1] for note in pieces] == list(range(0, 100, 5))
    assert all(0 <= note.values[2] <= note.ms for note in pieces)  # asked before it came
    assert [note.ms for note in found.notes] == sorted(note.ms for note in found.notes)
    assert kinds(tmp_path / "trace")[11] == trace.STATE and kinds(tmp_path / "trace")[-1] == trace.END


def test_a_full_trace_tells_only_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracefile, "MOST_BYTES", 200)
    write(tmp_path / "trace", 100)
    assert (tmp_path / "trace").stat().st_size < 400
    assert kinds(tmp_path / "trace")[-2:] == [trace.CUT, trace.END]
