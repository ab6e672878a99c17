"""Ranges: what each text names, what can't be read, and that folding and expanding undo one another."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.core.inventory.ranges import MAX_NAMES, RangeError, expand, fold, fold_list


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", [""]),
        ("alpha", ["alpha"]),
        ("node7", ["node7"]),
        ("node[7]", ["node7"]),
        ("node[1-3]", ["node1", "node2", "node3"]),
        ("node[01-03]", ["node01", "node02", "node03"]),
        ("node[8-11]", ["node8", "node9", "node10", "node11"]),
        ("node[08-11]", ["node08", "node09", "node10", "node11"]),
        ("node[001-002]", ["node001", "node002"]),
        ("node[0-1]", ["node0", "node1"]),
        ("node[00]", ["node00"]),
        ("node[1,3]", ["node1", "node3"]),
        ("node[01-02,07]", ["node01", "node02", "node07"]),
        ("node[ 1 , 3-4 ]", ["node1", "node3", "node4"]),
        ("node[5-5]", ["node5"]),
        ("[1-2]", ["1", "2"]),
        ("[1-2].lan", ["1.lan", "2.lan"]),
        ("n[1-2].r[3-4]", ["n1.r3", "n1.r4", "n2.r3", "n2.r4"]),
        ("10.0.0.[1-2]", ["10.0.0.1", "10.0.0.2"]),
    ],
)
def test_expand(text: str, names: list[str]) -> None:
    assert list(expand(text)) == names


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("node[", "'node[' has an unmatched bracket; write a range like node[01-16]"),
        ("node]", "'node]' has an unmatched bracket; write a range like node[01-16]"),
        ("node][1-2]", "'node][1-2]' has an unmatched bracket; write a range like node[01-16]"),
        ("node[[1-2]]", "'node[[1-2]]' has an unmatched bracket; write a range like node[01-16]"),
        ("node[]", "'[]' isn't a range; write numbers like [01-16] or [1-4,7]"),
        ("node[a-b]", "'[a-b]' isn't a range; write numbers like [01-16] or [1-4,7]"),
        ("node[1-]", "'[1-]' isn't a range; write numbers like [01-16] or [1-4,7]"),
        ("node[-1]", "'[-1]' isn't a range; write numbers like [01-16] or [1-4,7]"),
        ("node[1:3]", "'[1:3]' isn't a range; write numbers like [01-16] or [1-4,7]"),
        ("node[1..3]", "'[1..3]' isn't a range; write numbers like [01-16] or [1-4,7]"),
        ("node[1,]", "'[1,]' isn't a range; write numbers like [01-16] or [1-4,7]"),
        ("node[\u0661-\u0663]", "'[\u0661-\u0663]' isn't a range; write numbers like [01-16] or [1-4,7]"),
        ("node[3-1]", "'[3-1]' is descending; write [1-3]"),
        ("node[01-100]", "'[01-100]' has bounds of different width; write [001-100]"),
        ("node[1-010]", "'[1-010]' has bounds of different width; write [001-010]"),
        ("n[1-10001]", "'[1-10001]' makes 10001 names; at most 10000 are possible"),
        ("n[1-999999999]", "'[1-999999999]' makes 999999999 names; at most 10000 are possible"),
        ("n[1-9999999999]", "'[1-9999999999]' isn't a range; write numbers like [01-16] or [1-4,7]"),
        ("n[1-10000,1]", "'[1-10000,1]' makes more than 10000 names"),
        ("n[1-101]m[1-100]", "'n[1-101]m[1-100]' makes 10100 names; at most 10000 are possible"),
    ],
)
def test_what_is_no_range(text: str, reason: str) -> None:
    with pytest.raises(RangeError) as caught:
        expand(text)
    assert str(caught.value) == reason


@pytest.mark.parametrize(
    ("names", "folded"),
    [
        ([], ""),
        (["alpha"], "alpha"),
        (["alpha", "beta"], "alpha, beta"),
        (["node4", "node5"], "node[4-5]"),
        (["node5", "node4"], "node[4-5]"),
        (["node4"], "node4"),
        (["node4", "node4"], "node4"),
        (["node1", "node3"], "node[1,3]"),
        (["node9", "node10", "node11"], "node[9-11]"),
        (["node09", "node10", "node11"], "node[09-11]"),
        (["node9", "node09", "node10"], "node9, node[09-10]"),
        (["node1", "node2", "node3", "node7"], "node[1-3,7]"),
        (["alpha", "node01", "node02", "beta"], "alpha, node[01-02], beta"),
        (["node1.lan", "node2.lan"], "node[1-2].lan"),
        (["n1.r1", "n1.r2"], "n1.r[1-2]"),
        (["n1.r1", "n2.r1"], "n[1-2].r1"),
        (["n1.r1", "n1.r2", "n2.r1", "n2.r2"], "n1.r[1-2], n2.r[1-2]"),
        (["10.0.0.1", "10.0.0.2", "10.0.1.3"], "10.0.0.[1-2], 10.0.1.3"),
        (["1", "2"], "[1-2]"),
        (["x12345678901", "x12345678902"], "x123456789[01-02]"),
        (["a[1", "b]"], "a[1, b]"),
    ],
)
def test_fold(names: list[str], folded: str) -> None:
    assert fold(names) == folded


NAMES = st.lists(st.from_regex(r"[a-c]{0,2}[0-9]{1,3}(\.[0-9]{1,2})?", fullmatch=True), max_size=30)


@settings(deadline=None)
@given(NAMES)
def test_folding_loses_nothing_and_adds_nothing(names: list[str]) -> None:
    expanded = [name for text in fold_list(names) for name in expand(text)]
    assert sorted(expanded) == sorted(set(names))


@settings(deadline=None)
@given(st.text(alphabet="n0123-,[] a", max_size=20))
def test_any_text_is_names_or_a_range_error(text: str) -> None:
    try:
        assert 1 <= len(expand(text)) <= MAX_NAMES
    except RangeError as error:
        assert "\n" not in str(error)
