"""Where a seed's link idled, told from samples of its counter and the peers' notes."""

from __future__ import annotations

import json

import pytest

from peer.core import events as ev
from peer.core import messages
from peer.core.messages import Message
from rigs.benchmark import timeline, tracedpeer
from rigs.benchmark.linkwatch import sent_bytes
from rigs.benchmark.tracedpeer import ASK, ASKED, FINISHED, MET, OFFER, SENDING, SENT, STORED

SEED, ONE, TWO = 1001, 1002, 1003
RATE = 1e6 / timeline.WIRE  # nominal, so that a megabyte a second is full speed
TABLE = """Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls
    lo:     100       1    0    0    0     0          0         0      100       1    0    0    0     0
  eth0: 5000000    4000    0    0    0     0          0         0 12345678    9000    0    0    0     0
"""


def samples(*rates):
    """The counter each 10 ms from second 100 on; `rates` as (steps, share of the full speed)."""
    found, when, sent = [(100.0, 0)], 100.0, 0
    for steps, share in rates:
        for _ in range(steps):
            when, sent = when + 0.01, sent + round(10_000 * share)
            found.append((when, sent))
    return found


def found(at, notes, done=101.5, total=4):
    return timeline.find(at, RATE, {SEED: [], ONE: [], TWO: [], **notes}, SEED, total, (100.0, done))


BEGUN = [(100.1, MET, ONE, 0), (100.2, ASKED, ONE, 3), (100.2, SENDING, ONE, 3), (100.3, MET, TWO, 0)]
FULL_IDLE_FULL = samples((20, 0), (30, 1), (20, 0), (30, 1), (30, 0))  # idle from 100.5 to 100.7


def test_the_three_parts_of_a_run():
    line = found(FULL_IDLE_FULL, {SEED: [*BEGUN, (100.45, SENT, ONE, 3)]})
    assert line.met == pytest.approx(0.1) and line.last_met == pytest.approx(0.3)
    assert line.asked == pytest.approx(0.2) and line.done == pytest.approx(1.5)
    assert line.last_byte == pytest.approx(1.0, abs=0.08)
    assert line.lost == pytest.approx(0.2, abs=0.02)
    (idle,) = line.stretches
    assert (idle.begin, idle.end, idle.lost) == pytest.approx((0.5, 0.7, 0.2), abs=0.011)
    assert len(timeline.lines(line)) == 4


@pytest.mark.parametrize(
    ("seed", "one", "cause"),
    [
        ([], [], "1 pieces go out slowly, to 1002"),
        ([(100.45, SENT, ONE, 3)], [], "nobody asks, though 3 pieces were never sent"),
        ([(100.45, SENT, ONE, 3), (100.46, ASKED, TWO, 1)], [], "1 requests wait for a slot"),
        ([(100.45, SENT, ONE, 3)], [(100.46, ASK, SEED, 2)], "1 requests on their way"),
        ([(100.4, SENDING, ONE, piece) for piece in (0, 1, 2)] + [(100.45, SENT, ONE, piece) for piece in range(4)], [],
         "every piece was sent once"),
    ],
)  # fmt: skip
def test_each_cause_by_what_the_peers_noted(seed, one, cause):
    later = [(100.9, ASKED, TWO, 0), (100.9, SENDING, TWO, 0)]  # what comes later explains nothing
    line = found(FULL_IDLE_FULL, {SEED: [*BEGUN, *seed, *later], ONE: one})
    assert [one.cause.startswith(cause) for one in line.stretches] == [True], line.stretches


def test_who_lacked_what():
    stored = [(100.4, STORED, SEED, 3), (100.45, STORED, TWO, 1)]
    (idle,) = found(FULL_IDLE_FULL, {SEED: BEGUN, ONE: stored}).stretches
    assert "(2 of 2 connected; 1002 lacks 2, 1003 lacks 4)" in idle.cause


def test_what_came_after_the_last_byte():
    late = [(101.1, STORED, TWO, 0), (101.3, STORED, TWO, 1), (101.35, FINISHED, 0, 0)]
    line = found(FULL_IDLE_FULL, {SEED: BEGUN, ONE: late, TWO: [(101.05, STORED, ONE, 2)]})
    assert line.tail.startswith("3 pieces came to 2 receivers after it, 2 of them to one; the last after ")
    assert line.tail.endswith(" ms, from 1003 to 1002, which took 50 ms to finish")
    assert found(FULL_IDLE_FULL, {SEED: BEGUN}).tail == "no piece came after it"


def test_short_and_half_fast_stretches_are_not_idle():
    at = samples((20, 0), (30, 1), (1, 0), (30, 0.6), (30, 1))
    line = found(at, {SEED: BEGUN})
    assert not line.stretches and line.lost == pytest.approx(0.13, abs=0.02)


def test_an_unshaped_link_is_compared_with_its_own_best():
    assert timeline.fastest(samples((20, 0.5), (20, 2.0), (20, 1))) == pytest.approx(2e6)
    assert timeline.fastest([]) == 1.0


def test_the_links_counter():
    assert sent_bytes(TABLE, "eth0") == 12345678
    with pytest.raises(ValueError, match="no link eth1"):
        sent_bytes(TABLE, "eth1")


def test_what_a_peer_notes(tmp_path):
    request, have = Message(messages.REQUEST, 7), Message(messages.HAVE, 8)
    noted = [
        *tracedpeer.of_event(ev.Connected(ONE, True, True), 1.0),
        *tracedpeer.of_event(ev.Received(ONE, request), 2.0),
        *tracedpeer.of_event(ev.Received(ONE, have), 2.5),
        *tracedpeer.of_event(ev.PieceStored(TWO, 5), 3.0),
        *tracedpeer.of_event(ev.Tick({}), 3.5),
        *tracedpeer.of_event(ev.Finished(), 4.0),
        *tracedpeer.of_effect(ev.SendPiece(ONE, 7), 5.0),
        *tracedpeer.of_effect(ev.Send(TWO, request), 6.0),
        *tracedpeer.of_effect(ev.Send(TWO, have), 7.0),
        *tracedpeer.of_effect(ev.Drop(TWO, "why"), 8.0),
    ]
    assert noted == [
        (1.0, MET, ONE, 0),
        (2.0, ASKED, ONE, 7),
        (3.0, STORED, TWO, 5),
        (4.0, FINISHED, 0, 0),
        (5.0, SENDING, ONE, 7),
        (6.0, ASK, TWO, 7),
        (7.0, OFFER, TWO, 8),
    ]
    path = tmp_path / tracedpeer.name_of(ONE)
    path.write_text(json.dumps(noted))
    assert tracedpeer.read(path) == noted
