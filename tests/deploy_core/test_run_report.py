"""A run as values for its page: bars, bytes, rates, ways of pieces, choices; and that texts stay texts."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest

from deploy.core import webpage
from deploy.core.runreport import hostbars, pagedata, ratecurves, transfers
from deploy.core.runreport.choicebars import choices_of
from deploy.core.runreport.laststatus import traces_of
from deploy.core.runreport.pagedata import page_data
from deploy.core.runreport.pieceways import NEVER, NOBODY, seed_copies, ways_of
from deploy.core.runreport.recorded import Place, Recorded
from deploy.core.webpage import Parts
from peer.core import trace
from peer.core.status import Neighbour, Status, to_fields
from peer.core.trace import Head, Note, Trace

SEED, ONE, TWO = 1001, 1002, 1003
SUMMARY: dict[str, Any] = {
    "peers": [],
    "errors": [],
    "slow": [],
    "notices": [],
    "failures": [],
    "phases": {"verify": 1.0, "connect": 2.0},
    "limit": {"seconds": 1.5, "because": "the seed's upload"},
}
PLACES = (Place(SEED, "s", True), Place(ONE, "a", False, "g"), Place(TWO, "b", False, "g"))
PARTS = Parts("A title", "p {}", ("one()", "two()"), "a licence")


def recorded(places: tuple[Place, ...] = PLACES, began: float = 100.0, **notes: list[Note]) -> Recorded:
    """`p1002`: the notes of that peer, whose trace began so many seconds late as its place says."""
    traces = {
        int(name[1:]): Trace(Head(int(name[1:]), "r", began + int(name[1:]) - SEED, 4, 4000, 1), found)
        for name, found in notes.items()
    }
    return Recorded(SUMMARY, places, traces)


def test_times_count_from_the_first_start_and_a_wrong_clock_is_not_believed() -> None:
    run = recorded(p1001=[], p1002=[Note(500, trace.MET, (1,))])
    assert run.starts == {SEED: 0.0, ONE: 1.0} and run.end == 1.5
    run.traces[TWO] = Trace(Head(TWO, "r", 1e9, 4, 4000, 1), [])
    assert Recorded(SUMMARY, PLACES, run.traces).starts == {SEED: 0.0, ONE: 1.0, TWO: 1.0}


def test_bars_tell_what_a_peer_did_and_waited_for() -> None:
    words = [
        ("checking", ""),
        ("downloading", ""),
        ("downloading", "choked"),
        ("seeding", "waiting for 1003"),
        ("done", ""),
    ]
    notes = [Note(1000 * at, trace.STATE, state) for at, state in enumerate(words)]
    found = hostbars.bars_of(recorded(p1001=[*notes, Note(5000, trace.END, (0, ""))]), SEED)
    assert [bar.what for bar in found] == ["checks", "fetches", "waits", "serves"]
    assert hostbars.waits_of(found) == ("choked", 1.0)
    killed = recorded(p1001=notes, p1002=[Note(0, trace.STATE, ("downloading", "")), Note(2500, trace.BYTES, (1, []))])
    assert [(bar.begin, bar.end) for bar in hostbars.bars_of(killed, ONE)] == [(1, 3.5)]
    assert hostbars.waits_of([]) == ("", 0.0)


def test_bars_tell_when_its_own_machine_held_a_peer_up() -> None:
    loads = [(1000, (900, 0, 100)), (2000, (950, 0, 900)), (3000, (990, 0, 1800)), (5000, (1000, 1500, 1800))]
    notes = [Note(0, trace.STATE, ("downloading", "")), *(Note(ms, trace.LOAD, spent) for ms, spent in loads)]
    run = recorded(p1001=[*notes, Note(6000, trace.END, (0, ""))])
    assert [(bar.begin, bar.end, bar.reason) for bar in hostbars.bars_of(run, SEED)] == [
        (0, 1, ""),
        (1, 3, hostbars.DISK),
        (3, 5, hostbars.CPU),
        (5, 6, ""),
    ]


def test_bytes_are_the_larger_count_of_both_ends() -> None:
    run = recorded(
        p1001=[Note(1, trace.BYTES, (4, [[ONE, 50, 1]])), Note(9, trace.BYTES, (4, [[ONE, 90, 1], [7, 5, 5]]))],
        p1002=[Note(9, trace.BYTES, (4, [[SEED, 2, 70]]))],
    )
    assert transfers.pairs_of(run) == {(SEED, ONE): 90, (ONE, SEED): 2}
    assert transfers.matrix_of(run) == {"by": "host", "names": ["s", "a", "b"], "cells": [[0, 1, 90], [1, 0, 2]]}
    assert seed_copies(run) == [[0, 90, 0.022]]


@pytest.mark.parametrize(
    "groups, by, count",
    [(0, "part", 40), (4, "group", 4), (100, "part", 40)],
)
def test_many_hosts_are_folded(groups: int, by: str, count: int) -> None:
    places = [Place(at, f"n{at:03}", at == 0, f"g{at % groups}" if groups else "") for at in range(500)]
    kind, names = transfers.names_of(places)
    assert kind == by and len(set(names.values())) <= count
    assert names.keys() == {place.peer for place in places}


@pytest.mark.parametrize(("racks", "by", "count"), [(8, "zone", 8), (100, "zone", 4), (0, "group", 5)])
def test_many_hosts_are_folded_by_zone_before_they_are_by_group(racks: int, by: str, count: int) -> None:
    """By site where there are too many racks."""
    zones = [f"site{at % 4}/rack{at % racks}" if racks else "" for at in range(400)]
    places = [Place(at, f"n{at:03}", at == 0, f"g{at % 5}", zone) for at, zone in enumerate(zones)]
    kind, names = transfers.names_of(places)
    assert (kind, len(set(names.values()))) == (by, count)


@pytest.mark.parametrize(
    "notes",
    [
        [Note(1000 * at, trace.PIECE, (SEED, at, 1000 * at - 900)) for at in range(1, 4)],
        [Note(1000 * at, trace.BYTES, (at, [[SEED, 0, 1000 * at]])) for at in range(1, 4)],
    ],
)
def test_rates_hold_every_byte(notes: list[Note]) -> None:
    curves = ratecurves.curves_of(recorded(p1001=[], p1002=notes))
    ((name, line),) = curves["hosts"]
    assert name == "a"
    assert sum(line) * curves["step"] == pytest.approx(3000, rel=0.02)


def test_the_way_of_pieces_is_told_by_time_and_source() -> None:
    ways = ways_of(recorded(p1001=[], p1002=[Note(0, trace.PIECE, (SEED, 0, -1)), Note(1000, trace.PIECE, (9, 2, 0))]))
    times, sources = base64.b64decode(ways["times"]), base64.b64decode(ways["sources"])
    assert (ways["rows"], ways["columns"], ways["copies"]) == ([1], 4, [1, 0, 0, 0])
    assert list(times) == [127, NEVER, 254, NEVER]
    assert [int.from_bytes(sources[at : at + 2], "little") for at in (0, 2, 4, 6)] == [0, NOBODY, NOBODY, NOBODY]


def test_choices_last_until_another_is_made() -> None:
    notes = [
        Note(0, trace.PREFERRED, ([ONE, TWO],)),
        Note(1000, trace.PREFERRED, ([TWO],)),
        Note(1000, trace.OPTIMISTIC, (ONE,)),
        Note(1500, trace.UNCHOKED, (ONE,)),
        Note(2000, trace.CHOKED, (ONE,)),
        Note(2500, trace.PARTED, (TWO,)),
        Note(3000, trace.END, (0, "")),
    ]
    (found,) = choices_of(recorded(p1001=notes))
    assert found["bars"] == [
        ["preferred", ONE, 0.0, 1.0],
        ["preferred", TWO, 0.0, 2.5],
        ["optimistic", ONE, 1.0, 3.0],
        ["unchoked by", ONE, 1.5, 2.0],
    ]
    assert choices_of(recorded(p1001=[])) == []  # a fleet


def test_a_last_status_stands_in_for_a_trace() -> None:
    last = Status(
        ONE,
        "r",
        "done",
        "fleet",
        True,
        1,
        1,
        4,
        4,
        4000,
        neighbours=(Neighbour(SEED, True, bytes_down=4000),),
        started=9.0,
    )
    found = traces_of({ONE: {"status": to_fields(last)}, TWO: {"status": None}, SEED: {"status": {"peer": "x"}}})
    assert found.keys() == {ONE}
    assert transfers.pairs_of(Recorded(SUMMARY, PLACES, found)) == {(SEED, ONE): 4000, (ONE, SEED): 0}


def test_a_run_without_traces_has_a_page_too() -> None:
    data = page_data(recorded())
    assert data["traced"] == 0 and data["bars"] == {} and [one["peer"] for one in data["peers"]] == [SEED, ONE, TWO]
    assert data["phases"] == [["connect", 2.0], ["verify", 1.0]] and data["limit"] == [1.5, "the seed's upload"]


def test_of_many_peers_those_with_something_to_tell_are_drawn() -> None:
    places = tuple(Place(SEED + at, f"n{at}", at == 0) for at in range(100))
    run = recorded(
        places,
        **{f"p{one.peer}": [Note(0, trace.STATE, ("seeding", "")), Note(1, trace.END, (0, ""))] for one in places},
        p9999=[],
    )
    run.summary = {**SUMMARY, "peers": [{"peer": one.peer, "good": one.peer != 1077, "seconds": 1.0} for one in places]}
    bars = page_data(run)["bars"]
    assert len(bars) == pagedata.MOST_ROWS and {"1001", "1077"} <= bars.keys()


HOSTILE = "</script><script>alert(1)</script><!-- & \u2028\u202e\"'"


def test_no_text_ends_the_block_that_it_is_in() -> None:
    text = webpage.page({"host": HOSTILE}, PARTS)
    (block,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    assert json.loads(block) == {"host": HOSTILE} and not set(block) & set("<>&\u2028\u202e")
    assert text.count("<script") == 3 and "alert" in block


def test_the_page_may_run_its_own_scripts_and_ask_for_nothing() -> None:
    policy = webpage.policy(PARTS, live=False)
    assert "default-src 'none'" in policy and "connect-src 'none'" in policy and policy.count("'sha256-") == 2
    assert "unsafe-inline" not in policy.partition("style-src")[0] and "unsafe-eval" not in policy
    assert "connect-src 'self'" in webpage.policy(PARTS, live=True)


def test_control_marks_of_hosts_are_shown_as_what_they_are() -> None:
    data = page_data(
        recorded(
            (Place(SEED, "a\u202eb", True),),
            p1001=[Note(0, trace.STATE, ("downloading", "\u200fx\n")), Note(1, trace.END, (0, ""))],
        )
    )
    assert data["peers"][0]["host"] == "a\\u202eb" and data["peers"][0]["reason"] == "\\u200fx\\n"
