"""The trace: what is written is read again, foreign text never raises, and a long life stays small."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.core import messages, trace
from peer.core.eventlog import Entry
from peer.core.messages import Message
from peer.core.status import DONE, DOWNLOADING, Neighbour, Status
from peer.core.trace import Head, Note, format_head, format_note, parse_trace
from peer.core.tracer import MOST_PIECES, MOST_SAMPLES, Tracer, every_of, last_counts

HEAD = Head(1002, "r", 1000.5, 10, 1000, 1)
NOTES = [
    Note(0, trace.STATE, ("downloading", "waiting for 1001")),
    Note(5, trace.MET, (1001,)),
    Note(9, trace.PIECE, (1001, 3, 7)),
    Note(9, trace.PREFERRED, ([1001, 1003],)),
    Note(12, trace.BYTES, (4, [[1001, 10, 20]])),
    Note(13, trace.CUT, ()),
    Note(14, trace.END, (0, "")),
]
STATUS = Status(1002, "r", DOWNLOADING, "fleet", True, 1, 1, 0, 10, 1000)


def text_of(*notes: Note) -> str:
    return format_head(HEAD) + "".join(map(format_note, notes))


def test_what_is_written_is_read() -> None:
    assert parse_trace(text_of(*NOTES)) == (HEAD, NOTES, 0)


def test_a_second_start_counts_from_the_first() -> None:
    again = format_head(HEAD._replace(began=1002.0)) + format_note(Note(1, trace.MET, (1,)))
    found = parse_trace(text_of() + again)
    assert (found.head, found.notes) == (HEAD, [Note(1501, trace.MET, (1,))])


@pytest.mark.parametrize(
    "line",
    [
        '[1,"piece",1,2]',
        '[1,"piece",1,2,"3"]',
        '[1,"piece",true,2,3]',
        '[-1,"met",1]',
        '[1.5,"met",1]',
        '[1,"state","x",null]',
        f'[1,"state","x","{"y" * 201}"]',
        '[1,"bytes",0,[[1,2]]]',
        '[1,"preferred",[-1]]',
        '[1,"future",1]',
        '[1,"met",99999999999999999999]',
        "[" * 100_000,
        '[1,"me',
        '{"trace": 2}',
        "5",
    ],
)
def test_a_damaged_line_is_counted_and_left_out(line: str) -> None:
    assert parse_trace(text_of() + line + "\n" + format_note(NOTES[1])) == (HEAD, [NOTES[1]], 1)


@given(st.text())
def test_any_text_is_a_trace_or_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        parse_trace(text)
    parse_trace(text_of() + text)


def test_a_piece_tells_when_it_was_asked_of_its_sender() -> None:
    made = Tracer(10)
    assert made.sent(1001, Message(messages.REQUEST, 4), 10) is None
    made.sent(1003, Message(messages.REQUEST, 4), 20)
    assert made.entry(Entry("piece", 1002, 1003, 4, 1), 50) == Note(50, trace.PIECE, (1003, 4, 20))
    assert made.entry(Entry("piece", 1002, 1003, 5, 2), 60) == Note(60, trace.PIECE, (1003, 5, -1))
    assert made.entry(Entry("have", 1002, 1003, 5), 60) is None


def test_of_many_pieces_the_same_are_noted_everywhere() -> None:
    total = 3 * MOST_PIECES
    assert every_of(MOST_PIECES) == 1 and every_of(total) == 3
    made = Tracer(total)
    noted = [piece for piece in range(total) if made.entry(Entry("piece", 1, 2, piece, 1), 0)]
    assert noted == list(range(0, total, 3))


def test_bytes_are_those_of_all_connections_with_a_neighbour() -> None:
    made = Tracer(10)

    def told(ms: int, up: int, down: int, **fields: object) -> "list[Note]":
        here = Neighbour(1001, True, bytes_up=up, bytes_down=down)
        return made.status(STATUS._replace(neighbours=(here,), **fields), ms)

    assert told(0, 5, 7) == [Note(0, trace.STATE, (DOWNLOADING, "")), Note(0, trace.BYTES, (0, [[1001, 5, 7]]))]
    assert told(500, 5, 7) == []  # nothing has changed
    made.parted(1001, 6, 7, 600)
    assert told(1000, 1, 0, pieces=2) == [Note(1000, trace.BYTES, (2, [[1001, 7, 7]]))]
    last = told(1100, 2, 0, state=DONE, exit_code=0)
    assert [note.kind for note in last] == [trace.STATE, trace.BYTES, trace.END]
    assert last_counts(last) == {1001: (8, 7)}


def test_what_held_a_peer_up_is_noted_where_it_changes() -> None:
    made, here = Tracer(10), STATUS._replace(cpu_seconds=0.5, queue_seconds=0.25, disk_seconds=2.0)
    loads = [
        [note for note in made.status(here._replace(pieces=at), 1000 * at) if note.kind == trace.LOAD] for at in (1, 2)
    ]
    assert loads == [[Note(1000, trace.LOAD, (500, 250, 2000))], []]


def test_a_day_takes_no_more_samples_than_an_afternoon() -> None:
    made = Tracer(10)
    here = [Neighbour(1001, True, bytes_up=second) for second in range(86_400)]
    statuses = (STATUS._replace(neighbours=(one,)) for one in here)
    notes = [note for second, one in enumerate(statuses) for note in made.status(one, 1000 * second)]
    assert MOST_SAMPLES < len(notes) < 9 * MOST_SAMPLES


def test_every_kind_is_noted_by_somebody() -> None:
    made = Tracer(10)
    entries = [Entry(kind, 1, 2, 3, 4, "5, 6") for kind in ("dialled", "choked", "unchoked", "preferred", "optimistic")]
    kinds = {note.kind for note in (made.entry(one, 0) for one in entries) if note}
    kinds |= {note.kind for note in (made.sent(2, Message(kind), 0) for kind in (0, 1, 2, 3)) if note}
    assert kinds == {"met", "choked", "unchoked", "preferred", "optimistic", "choke", "unchoke"}
