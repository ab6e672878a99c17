"""What is told of work in progress: the sum over the hosts, the rate, the time left, at any width and for programs."""

from __future__ import annotations

import pytest

from deploy.core.working import Pace, Sum, Work, format_work, sum_up, work_fields
from peer.core.mark import BYTES, FILES, Mark, Sign, format_sign, parse_sign, stalled

MIB = 1 << 20
HALF = Mark("hashing f", 300 * MIB, 600 * MIB, BYTES)
FIFTH = Mark("hashing f", 120 * MIB, 600 * MIB, BYTES)
ALL = Mark("hashing f", 590 * MIB, 600 * MIB, BYTES)  # the last of it was told before the end
FEW = Mark("removing", 1200, 0, FILES)


@pytest.mark.parametrize(
    ("waiting", "marks", "found"),
    [
        (["a"], {}, None),
        (["a"], {"b": HALF}, None),
        (["a"], {"a": FIFTH}, Sum("hashing f", ("a",), 120 * MIB, 600 * MIB, BYTES, None)),
        ([], {"": FIFTH}, Sum("hashing f", ("",), 120 * MIB, 600 * MIB, BYTES, None)),
        (["a", "b"], {"a": FIFTH, "b": HALF, "c": ALL},
         Sum("hashing f", ("a", "b"), 1020 * MIB, 1800 * MIB, BYTES, ("a", FIFTH))),
        (["a", "b", "c"], {"a": FIFTH, "b": FEW, "c": FEW}, Sum("removing", ("b", "c"), 2400, 0, FILES, ("b", FEW))),
        (["a"], {"a": ALL._replace(done=700 * MIB)}, Sum("hashing f", ("a",), 600 * MIB, 600 * MIB, BYTES, None)),
    ],
)  # fmt: skip
def test_hosts_that_do_the_same_are_summed_up(waiting: list[str], marks: dict[str, Mark], found: Sum | None) -> None:
    assert sum_up(waiting, marks) == found


@pytest.mark.parametrize(
    ("work", "line"),
    [
        (Work("hashing f", ["n1"], 1, 12.3), "hashing f on n1: 12 s"),
        (Work("hashing f", [], 0, 12.3), "hashing f: 12 s"),
        (Work("pushing", [f"a{n}b" for n in range(0, 99, 2)], 60, 3.0), "pushing on 50 of 60 hosts: 3 s"),
        (Work("x", ["n1"], 1, 2.0, {"n1": FIFTH}, 60 * MIB),
         "hashing f on n1: 120 MiB of 600 MiB (20%), 60 MiB/s, 8 s left"),
        (Work("x", ["n1"], 1, 2.0, {"n1": FIFTH}), "hashing f on n1: 120 MiB of 600 MiB (20%), 0 B/s"),
        (Work("x", [], 0, 1.0, {"": FIFTH}, MIB), "hashing f: 120 MiB of 600 MiB (20%), 1 MiB/s, 8 min left"),
        (Work("x", ["n1"], 1, 1.0, {"n1": FEW}, 400.0), "removing on n1: 1,200 files, 400/s"),
        (Work("x", ["n1"], 1, 1.0, {"n1": FEW._replace(size=2000)}, 400.0),
         "removing on n1: 1,200 of 2,000 files (60%), 400/s, 2 s left"),
    ],
)  # fmt: skip
def test_what_is_being_done(work: Work, line: str) -> None:
    assert format_work(work) == line


SEVERAL = Work("x", [f"node{n:02}" for n in range(1, 41)], 48, 9.0, {"node01": FIFTH, "node02": HALF}, 60 * MIB)
WIDTHS = [
    (200, "hashing f on node[01-02]: 420 MiB of 1.17 GiB (35%), 60 MiB/s, 13 s left; slowest node01 20%"),
    (80, "hashing f on node[01-02]: 35%, 60 MiB/s, 13 s left; slowest node01 20%"),
    (60, "hashing f on node[01-02]: 35%, 60 MiB/s, 13 s left"),
    (40, "hashing f o...: 35%, 60 MiB/s, 13 s left"),
]


@pytest.mark.parametrize(("width", "line"), WIDTHS)
def test_what_matters_least_is_left_out_where_there_is_no_room(width: int, line: str) -> None:
    assert format_work(SEVERAL, width) == line
    assert len(line) <= width


def test_the_same_for_programs() -> None:
    assert work_fields(SEVERAL) == {
        "doing": "hashing f", "hosts": 48, "waiting": 40, "done": 420 * MIB, "size": 1200 * MIB, "unit": "bytes",
        "rate": 60.0 * MIB, "seconds": 9.0, "seconds_left": 13.0, "slowest": "node01", "slowest_done": 120 * MIB,
    }  # fmt: skip
    counted = work_fields(Work("x", ["n1"], 1, 1.0, {"n1": FEW}))
    assert counted and (counted["size"], counted["seconds_left"], counted["slowest"]) == (None, None, None)
    assert work_fields(Work("connecting", ["n1"], 1, 1.0)) is None


def test_the_rate_is_that_of_the_last_seconds() -> None:
    pace = Pace()

    def after(now: float, done: int, doing: str = "hashing") -> float:
        return pace.rate(Sum(doing, ("a",), done, 0, BYTES, None), now)

    assert after(0.0, 0) == 0.0
    assert after(1.0, 100) == 100.0
    for second in range(2, 30):
        rate = after(float(second), 100 + 10 * second)
    assert rate == 10.0  # what was faster at first is long past
    assert after(30.0, 0, "sending") == 0.0  # something else begins
    assert pace.rate(None, 31.0) == 0.0


def test_a_sign_is_a_line_that_only_its_reader_takes_for_one() -> None:
    for sign in (Sign(12), Sign(0), Sign(12, 34)):
        assert parse_sign(format_sign(sign)) == sign
    no_signs = ("", "peer: 12", "-1", "1.5", "²", "9" * 400, "1/", "/1", "1/2/3", "1/-2")
    assert [parse_sign(line) for line in no_signs] == [None] * len(no_signs)


def test_what_stands_still_says_how_far_it_came() -> None:
    assert stalled(HALF, 60.0) == "no progress for 60 s at hashing f: 300 MiB of 600 MiB"
    assert stalled(FEW, 60.0) == "no progress for 60 s at removing: 1,200 files"
    assert stalled(None, 60.0) == "no progress for 60 s"
