"""What operator and agent tell one another comes through a line as it was, or is refused by name."""

from __future__ import annotations

import inspect
import json
import typing
from typing import Any, List

import pytest

from deploy.agent import clocks, handlers, lines, verbs
from deploy.agent.lines import Answer, End, Envelope, Failure, Part
from deploy.agent.typed import Mismatch, from_fields
from deploy.edge.hosts import host
from peer.core.followline import HEARTBEAT_SECONDS
from peer.core.mark import BYTES, Mark

ABOUT = verbs.About(1001, True, {"state": "done", "neighbours": [{"peer": 1002}]}, ("one", "two"))
RECORDS: List[Any] = [
    verbs.Facts((verbs.PeerPort(1001, 6008),)),
    verbs.Machine(1.5, "3.9.1", "me", "here", "/w", "", "", 7, False, {6008: "", 6009: "ours"}),
    verbs.SwarmFolder("/w", True, "no ssl", "r1", {"peer.pyz": "ab"}, {1001: 77}),
    verbs.Claimed(False, (1001, 1002)),
    verbs.Claimed(True, (), "ada@here", 4.5, "hashing: 1 of 2 files"),
    verbs.Receive((verbs.PushedFile("a b", 0o644, 5, "cd"),), (verbs.PushedFolder("tree", 0o755),), ".before-r1"),
    verbs.Prepare((verbs.Place(1001, None, "~/model"), verbs.Place(1002, "/big", None)), "model"),
    verbs.Prepare((verbs.Place(1, "/s/releases/r", None, "/s"),), "model", release=verbs.Release("r", "model 5")),
    verbs.Kept("/s", "r", "", (verbs.KeptRelease("r", "model", "model 5", 9, True, False),)),
    verbs.Hashed(True, (7, 32, 0), "ab", "cd"),
    verbs.Collect({"swarm.json": "ab"}),
    verbs.Verified((verbs.Copy(1001, True, "", "cd", "ab", 5, "/w/x"), verbs.Copy(1002, False, "gone"))),
    verbs.Started(1001, True, pid=9),
    verbs.Started(1001, False, code=1, reason="why", tail=("why",)),
    verbs.Statuses("r1", "/w", 9, (ABOUT, verbs.About(1002, False, None, ()))),
    verbs.Dial((verbs.Target("n1", 6008),), 4.0),
    verbs.Dialled((verbs.Unreached("n1", 6008, "refused", False),)),
    verbs.Follow({1001: 55}, True, ("have", "not interested")),
    verbs.Done(),
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_a_record_comes_through_as_it_was(record: Any) -> None:
    line = lines.write(Answer(record._asdict()))
    reply = lines.read_reply(line)
    assert isinstance(reply, Answer) and line.endswith(b"\n") and line.count(b"\n") == 1
    assert from_fields(type(record), reply.answer, "it") == record


def test_a_request_travels_in_an_envelope() -> None:
    request = verbs.Start(1001, 30.0)
    envelope = lines.read_envelope(lines.write(lines.seal(request, "~/w $(x)", 49.96, 7)))
    assert envelope == Envelope("start", "~/w $(x)", 50.0, 7, {"peer": 1001, "within": 30.0, "absent": []})


@pytest.mark.parametrize("reply", [Answer({}), Failure("no", "yes"), Part("log", 5), Mark("x", 1, 2, BYTES), End(3)])
def test_replies_are_told_apart(reply: Any) -> None:
    assert lines.read_reply(lines.write(reply)) == reply


START = {"peer": 1001, "within": 1.0, "absent": []}
MISMATCHES = [
    (verbs.Start, {"peer": 1001, "absent": []}, "it: it lacks `within`"),
    (verbs.Start, {**START, "fly": 1}, "it: `fly` is unknown"),
    (verbs.Start, {"fly": 1, "peer": 2, "absent": []}, "it: it lacks `within`, `fly` is unknown"),
    (verbs.Start, {**START, "peer": "1001"}, "it: `peer` is '1001'"),
    (verbs.Start, {**START, "peer": True}, "it: `peer` is True"),
    (verbs.Start, {**START, "peer": 1.5}, "it: `peer` is 1.5"),
    (verbs.Start, {**START, "within": None}, "it: `within` is None"),
    (verbs.Start, [1001, 1.0], "it isn't an object"),
    (verbs.Warm, {"peers": 1001, "absent": []}, "it: `peers` is 1001"),
    (verbs.Warm, {"peers": [1001, "x"], "absent": []}, "it: `peers` is 'x'"),
    (verbs.Follow, {"offsets": {"x": 1}, "until_done": True, "leave_out": [], "pace": 0}, "it: `offsets` is 'x'"),
    (verbs.Dial, {"targets": [["n1"]], "within": 1}, "it: `targets` has 1 parts instead of 2"),
    (verbs.Dial, {"targets": [{"host": "n1"}], "within": 1}, "it: `targets` is {'host': 'n1'}"),
    (
        verbs.Prepare,
        {"peers": [[1001, 5, None, None]], "name": "x", "receivers": [], "up": 0.0, "down": 0.0, "release": None},
        "it: `peers`: `destination` is 5",
    ),
]


@pytest.mark.parametrize(("kind", "fields", "words"), MISMATCHES)
def test_what_does_not_fit_is_named(kind: Any, fields: Any, words: str) -> None:
    with pytest.raises(Mismatch) as error:
        from_fields(kind, fields, "it")
    assert str(error.value) == words


@pytest.mark.parametrize("line", [b"", b"hello\n", b"5\n", b"[]\n", b'{"hello": 1}\n', b'{"part": "x"}\n', b"[" * 9999])
def test_a_line_that_is_no_reply_is_refused(line: bytes) -> None:
    with pytest.raises(Mismatch):
        lines.read_reply(line)


def test_every_request_has_a_handler_that_takes_it_and_gives_its_answer() -> None:
    requests = {kind for _, kind in inspect.getmembers(verbs, inspect.isclass) if hasattr(kind, "answer")}
    assert requests == set(handlers.HANDLERS)
    for kind, handler in handlers.HANDLERS.items():
        hints = list(typing.get_type_hints(handler).values())
        assert hints[0] is kind
        assert hints[-1] in (kind.answer(kind), typing.NoReturn)


def test_plain_json_carries_it_all() -> None:
    """What an answer holds survives any JSON library: names are texts, no number is special."""
    assert json.loads(lines.write(Answer(RECORDS[2]._asdict())))["answer"]["living"] == {"1001": 77}


def test_the_clocks_fit_together() -> None:
    assert clocks.REST + host.CALL_SECONDS < clocks.IDLE
    assert clocks.STALL < clocks.IDLE
    assert 5 * clocks.TELL < clocks.STANDSTILL < clocks.WORK < clocks.WORK + clocks.GRACE
    assert 3 * HEARTBEAT_SECONDS < clocks.SILENCE
    assert 3 * (clocks.HEARTBEAT + HEARTBEAT_SECONDS) < clocks.LEASE
    assert clocks.CUT_OFF == "3 minutes"
