"""The table of what was made: the same answers as a dict of lists, whatever is added and removed; and strangers."""

from __future__ import annotations

from typing import Dict, List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.core.madetable import Identity, MadeTable
from peer.core.record import Head, made_line, parse
from peer.core.strangers import strangers
from tests.core.fuzz import fuzz

HEAD = b'{"weft":"record","format":1,"of":"x","folder":[1,2],"made":true}\n'
PATHS = st.sampled_from(["", "a", "a/b", "b", "caf\udce9", "ä" * 200, *map(str, range(40))])
IDENTITIES = st.builds(
    Identity, st.sampled_from(["file", "folder"]), st.integers(0, 2), st.integers(0, 2), st.integers(0, 1), st.just(-7)
)


@fuzz
@given(st.lists(st.tuples(PATHS, st.none() | IDENTITIES), max_size=80), st.sampled_from(["file", "folder"]))
def test_it_holds_what_a_dict_would(steps: "list[tuple[str, Identity | None]]", kept: str) -> None:
    table = MadeTable()
    expected: Dict[str, List[Identity]] = {}
    for path, identity in steps:
        if identity is None:
            table.remove(path)
            expected.pop(path, None)
            continue
        assert table.add(path, identity) == (identity not in expected.get(path, []))
        if identity not in expected.setdefault(path, []):
            expected[path].append(identity)
    check(table, expected)
    table.keep(lambda _, one: one.kind == kept)
    left = {path: [one for one in rows if one.kind == kept] for path, rows in expected.items()}
    check(table, {path: rows for path, rows in left.items() if rows})


def check(table: MadeTable, expected: Dict[str, List[Identity]]) -> None:
    assert sorted(table.paths) == sorted(expected)
    assert {path: table.of(path) for path in expected} == expected
    assert len(table) == len(list(table)) == sum(map(len, expected.values()))
    assert table.of("nowhere") == []


@pytest.mark.parametrize("numbers", ["-1,0,0,0", "0,-1,0,0", f"0,{2**64},0,0", f"0,0,{2**63},0", "0,0,0", "null,0,0,0"])
def test_a_line_with_numbers_that_nothing_has_counts_as_damaged(numbers: str) -> None:
    good = made_line("a", Identity("file", 1, 2, 3, -4)).encode()
    found = parse([HEAD, f'["made","b","file",{numbers}]'.encode(), b"\xff", b'["made",5,"file",1,2,3,4]', good])
    assert found and found.head == Head("x", 1, 2, True)
    assert list(found.made) == [("a", Identity("file", 1, 2, 3, -4))]


@pytest.mark.parametrize("many", [2, 50_001])
def test_strangers_are_found_among_any_number(many: int) -> None:
    found = [(f"name{number}", number) for number in range(many)]
    known = [name for name, number in found if number not in (1, many - 1)]
    assert list(strangers(iter(found), known)) == [found[number] for number in dict.fromkeys((1, many - 1))]
