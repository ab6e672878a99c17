"""The event log's exact texts, in both directions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.core import eventlog
from peer.core.eventlog import KINDS, Entry, format_entry, format_others, parse_line
from tests.core.fuzz import fuzz

TIME = "2026-03-29 02:59:07"

TABLE = [
    (Entry("dialled", 1001, 1002), "Peer 1001 makes a connection to Peer 1002."),
    (Entry("accepted", 1001, 1002), "Peer 1001 is connected from Peer 1002."),
    (Entry("preferred", 1001, others="1002, 1003"), "Peer 1001 has the preferred neighbors 1002, 1003."),
    (Entry("preferred", 1001, others="1002"), "Peer 1001 has the preferred neighbors 1002."),
    (Entry("preferred", 1001, others=""), "Peer 1001 has the preferred neighbors ."),
    (Entry("optimistic", 1001, 1004), "Peer 1001 has the optimistically unchoked neighbor 1004."),
    (Entry("unchoked", 1001, 1002), "Peer 1001 is unchoked by 1002."),
    (Entry("choked", 1001, 1002), "Peer 1001 is choked by 1002."),
    (Entry("have", 1001, 1002, 5), "Peer 1001 received the 'have' message from 1002 for the piece 5."),
    (Entry("interested", 1001, 1002), "Peer 1001 received the 'interested' message from 1002."),
    (Entry("not interested", 1001, 1002), "Peer 1001 received the 'not interested' message from 1002."),
    (
        Entry("piece", 1001, 1002, 5, 10),
        "Peer 1001 has downloaded the piece 5 from 1002. Now the number of pieces it has is 10.",
    ),
    (Entry("complete", 1001), "Peer 1001 has downloaded the complete file."),
]


@pytest.mark.parametrize(("entry", "text"), TABLE, ids=lambda value: str(value)[:30])
def test_a_line_and_its_text(entry: Entry, text: str) -> None:
    assert format_entry(entry) == text
    assert parse_line(f"{TIME}: {text}") == entry._replace(time=TIME)


def test_the_table_names_every_kind() -> None:
    assert {entry.kind for entry, _ in TABLE} == set(KINDS)


def test_a_list_of_neighbours() -> None:
    assert format_others([1002, 1003]) == "1002, 1003"
    assert format_others([]) == ""


GOOD = f"{TIME}: Peer 1001 is choked by 1002."


@pytest.mark.parametrize(
    "line",
    [
        "",
        "Peer 1001 is choked by 1002.",
        GOOD + " ",
        " " + GOOD,
        GOOD + "\n",
        GOOD[:-1],
        GOOD.replace("choked", "Choked"),
        GOOD.replace("2026-03-29", "29/03/2026"),
        GOOD.replace(": Peer", " : Peer"),
        GOOD.replace(": Peer", ":Peer"),
        GOOD.replace("1002", "one"),
        GOOD.replace("1002", "-2"),
        GOOD.replace("1002", "1002 "),
        GOOD.replace("1002", "٣"),
        f"{TIME}: Peer 1001 received the 'have' message from 1002 for the piece.",
        f'{TIME}: Peer 1001 received the "have" message from 1002 for the piece 5.',
        f"{TIME}: Peer 1001 has the preferred neighbors two.",
        f"{TIME}: Peer 1001 has downloaded the piece 5 from 1002.",
        f"{TIME}: Peer {'9' * 5000} is choked by 1002.",
    ],
    ids=lambda line: line[:60],
)
def test_what_is_not_exactly_such_a_line_is_none(line: str) -> None:
    assert parse_line(line) is None


IDS = st.integers(0, 2**32 - 1)
ENTRIES = st.one_of(
    *(
        st.builds(
            Entry,
            st.just(kind),
            IDS,
            IDS if "{other}" in text else st.none(),
            IDS if "{piece}" in text else st.none(),
            IDS if "{owned}" in text else st.none(),
            st.lists(IDS, max_size=4).map(format_others) if "{others}" in text else st.just(""),
            st.just(TIME),
        )
        for kind, text in eventlog._TEXTS.items()
    )
)


@fuzz
@given(ENTRIES)
def test_there_and_back(entry: Entry) -> None:
    assert parse_line(f"{TIME}: {format_entry(entry)}") == entry


@fuzz
@given(st.one_of(st.text(max_size=80), st.text(max_size=60).map(f"{TIME}: Peer 1".__add__)))
def test_any_text_is_an_entry_or_none(line: str) -> None:
    entry = parse_line(line)
    assert entry is None or parse_line(f"{entry.time}: {format_entry(entry)}") == entry
