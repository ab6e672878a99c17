"""Logs of other implementations: recognised in spite of their wording, explained, and judged by all other rules."""

from __future__ import annotations

import re
import time
from random import Random
from typing import Callable, Dict, List

import pytest

from tests.audit.simulated import PIECE, Made, Wish, broken, swarm
from tools.auditing.loglines import parse_line, parse_log
from tools.auditing.rule import BROKEN
from tools.auditing.stamps import parse_stamp

SECOND = 1_700_000_000


def _stamped(form: str) -> Callable[[str], str]:
    def change(line: str) -> str:
        at = time.strptime(line[:19], "%Y-%m-%d %H:%M:%S")
        return time.strftime(form, at) + line[21:]

    return change


STYLES: Dict[str, Callable[[str], str]] = {
    "Java's logger": _stamped("%b %d, %Y %I:%M:%S %p PeerProcess log\nINFO: "),
    "Java's Date": _stamped("%a %b %d %H:%M:%S EST %Y: "),
    "brackets and small letters": lambda line: f"[{line[:19]}]: " + re.sub(r"(\d+)", r"[\1]", line[21:].lower()),
    "Python's logging": lambda line: f"{line[:19]},123 - INFO - {line[21:-1]}",
    "peer_ID": lambda line: line[:21] + re.sub(r"Peer (\d+)", r"Peer [peer_ID \1]", line[21:]),
    "typographic quotes": lambda line: line[:21] + re.sub(r"'(.*?)'", "\u2018\\1\u2019", line[21:]),
    "own words": lambda line: (
        line[:21]
        + line[21:]
        .replace("is unchoked by", "was unchoked by Peer")
        .replace("received the 'have' message", "received a HAVE message")
        .replace("Now the number of pieces it has is", "Number of pieces:")
    ),
}


@pytest.fixture(scope="module")
def made() -> Made:
    return swarm(Wish(4, 1, 130, 2, 5, 5, PIECE * 10.0), 3)


@pytest.mark.parametrize("style", STYLES)
def test_a_style_breaks_texts_and_stamps_and_hides_nothing(made: Made, style: str) -> None:
    texts = {peer: "\n".join(map(STYLES[style], lines)).splitlines() for peer, lines in made.texts.items()}
    results = made.audited(texts)
    assert {one.rule.name for one in results if one.state == BROKEN} <= {"texts", "stamps"}, broken(results)
    before = {one.rule.name: one.judged for one in made.audited()}
    for one in results[5:]:
        assert one.judged == before[one.rule.name], one.rule.name


WORDINGS = [
    # what a log says, the kind that it is, what is said of it
    ("Peer 1001 received the 'have' message from 1002 for the piece 5", "have", "no full stop at the end"),
    ('Peer 1001 received the "have" message from 1002 for the piece 5.', "have", "other quotation marks"),
    ("peer 1001 is choked by 1002.", "choked", "capital letters where small ones belong, or the reverse"),
    ("Peer [1001] is unchoked by [1002].", "unchoked", "brackets around values"),
    ("Peer 1001 has the preferred neighbors 1002,1003.", "preferred", ""),
    ("Peer 1001 has the preferred neighbours 1002, 1003.", "preferred", "British spelling"),
    ("Peer 1001 has preferred neighbors [1002, 1003]", "preferred", "another wording"),
    ("Peer 1001 has the optimistically unchoked neighbor Peer 1002.", "optimistic", "another wording"),
    ("Peer 1001 received the 'not interested' message from 1002.", "not interested", ""),
    ("Peer 1001 received NOT_INTERESTED from 1002", "not interested", "another wording"),
    ("Peer 1001 has downloaded the piece 5 from 1002.", "piece", "the number of pieces is missing"),
    ("Peer 1001 has downloaded the entire file!", "complete", "another wording"),
    ("Peer 1001 makes a connection to Peer 1002. ", "dialled", "blanks at the end"),
    ("Starting peer 1001", "", ""),
    ("Peer 1001 is listening", "", ""),
]


@pytest.mark.parametrize(("text", "kind", "fault"), WORDINGS)
def test_a_wording_is_recognised_and_explained(text: str, kind: str, fault: str) -> None:
    line = parse_line("log", 7, f"2023-11-14 22:13:20: {text}", 1001)
    assert (line.kind, line.text_fault, line.number) == (kind, fault, 7)
    if kind:
        assert line.me == 1001 and line.seconds == SECOND and line.stamp_fault == ""
        assert line.other in (1002, None) and line.expected.endswith(".")


STAMPS = [
    ("2023-11-14 22:13:20: ", SECOND, ""),
    ("[2023-11-14 22:13:20]: ", SECOND, "the time in brackets"),
    ("2023-11-14 22:13:20 ", SECOND, "no ': ' after the time"),
    ("2023-11-14T22:13:20Z: ", SECOND, "another form of time"),
    ("2023-11-14 22:13:20.512: ", SECOND, "a time with parts of seconds"),
    ("2023/11/14 22:13:20: ", SECOND, "another form of time"),
    ("11/14/2023 10:13:20 PM: ", SECOND, "another form of time"),
    ("14.11.2023 22:13:20 - ", SECOND, "another form of time"),
    ("Tue Nov 14 22:13:20 UTC 2023: ", SECOND, "another form of time"),
    ("Nov 14, 2023 10:13:20 PM ", SECOND, "another form of time"),
    ("14-Nov-2023 22:13:20 ", SECOND, "another form of time"),
    ("1700000000123: ", SECOND, "seconds since 1970"),
    ("22:13:20: ", 80_000, "a time without its date"),
    ("2023-02-30 22:13:20: ", None, "no such date or time"),
    ("", None, "no time"),
    ("INFO: ", None, "no time that could be read"),
]


@pytest.mark.parametrize(("text", "seconds", "fault"), STAMPS)
def test_a_time_is_read_and_explained(text: str, seconds: "int | None", fault: str) -> None:
    assert parse_stamp(text) == (seconds, fault)


def test_noise_is_no_trouble(made: Made) -> None:
    """Logs cut, doubled, shuffled and filled with other bytes: words for each, and no crash."""
    rng = Random(7)
    for _ in range(12):
        texts: Dict[int, List[str]] = {}
        for peer, lines in made.texts.items():
            some = [_spoiled(rng, line) for line in rng.choices(lines, k=rng.randrange(200))]
            texts[peer] = rng.choice((some, lines[: rng.randrange(50)], []))
        for one in made.audited(texts):
            for finding in one.findings:
                assert finding.where and finding.found and finding.expected


def _spoiled(rng: Random, line: str) -> str:
    place = rng.randrange(len(line))
    what = rng.choice(("", "9" * 30, "\u0663", "'", "Peer ", "\x00", "[", line))
    return rng.choice((line, line[:place] + what + line[place + rng.randrange(4) :]))


@pytest.mark.parametrize(
    "line", ["peer " * 5000, "Peer 1 " + "received " * 4000, "Peer 1 has the preferred " + "1," * 9999]
)
def test_a_long_line_costs_little(line: str) -> None:
    began = time.process_time()
    parse_log("log", "\n".join([line] * 20), 1001)
    assert time.process_time() - began < 5.0
