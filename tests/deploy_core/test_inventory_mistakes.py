"""Every mistake in an inventory has its line, its key and its remedy: the table is mistakes.txt."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.core.inventory import InventoryError, parse_inventory

SWARM = "swarm: {name: d, payload: {generate: 1MiB}}"
TABLE = Path(__file__).with_name("mistakes.txt").read_text(encoding="utf-8")


def framed_cases() -> list[tuple[str, list[str]]]:
    """(inventory text, lines of the error) for the sections whose cases are lines of a frame."""
    cases: list[tuple[str, list[str]]] = []
    for section in TABLE.split("\n\n[")[1:-1]:
        frame, _, body = section.partition(" of\n")[2].partition("\n\n")
        for line in body.strip().split("\n"):
            if line.startswith("=> "):
                cases[-1][1].append(line[3:])
            else:
                cases.append((frame.replace("CASE", line), []))
    return cases


def complete_cases() -> list[tuple[str, list[str]]]:
    """(inventory text, lines of the error) for complete inventories."""
    blocks = [block.split("\n") for block in TABLE.split("\n\n[complete]")[1].split("\n====\n")[1:]]
    return [
        (
            "\n".join(SWARM if line == "SWARM" else line for line in block if not line.startswith("=> ")),
            [line[3:] for line in block if line.startswith("=> ")],
        )
        for block in blocks
    ]


CASES = framed_cases() + complete_cases()


def test_the_table_is_read() -> None:
    assert len(CASES) > 290
    assert all(expected for _, expected in CASES)


@pytest.mark.parametrize(("text", "expected"), CASES, ids=[" ".join(lines)[:70] for _, lines in CASES])
def test_mistake(text: str, expected: list[str]) -> None:
    with pytest.raises(InventoryError) as caught:
        parse_inventory(text)
    found = [line.removeprefix("inventory.yaml").removeprefix(":") for line in str(caught.value).split("\n")]
    assert found == expected
    assert caught.value.code == 2


@pytest.mark.parametrize(("text", "expected"), CASES[:5])
def test_the_source_is_named(text: str, expected: list[str]) -> None:
    with pytest.raises(InventoryError) as caught:
        parse_inventory(text, "my fleet.yaml")
    assert str(caught.value) == "\n".join(f"my fleet.yaml:{line}" for line in expected)


def test_a_long_value_does_not_hide_the_remedy() -> None:
    with pytest.raises(InventoryError) as caught:
        parse_inventory(f"{SWARM}\nhosts:\n  a: {{address: '{'x' * 5000}'}}\nseeds: [a]\n")
    assert len(str(caught.value)) < 200
    assert str(caught.value).endswith("...' isn't an address; write a host name, an IPv4 or an IPv6 address")


def test_nothing_unprintable_reaches_the_terminal() -> None:
    with pytest.raises(InventoryError) as caught:
        parse_inventory(f'{SWARM}\nhosts:\n  "a\\e[2J\\nb\\u2028": {{}}\nseeds: [a]\n')
    assert all(line.isprintable() for line in str(caught.value).split("\n"))
    assert len(str(caught.value).split("\n")) == 1


def test_a_problem_is_told_once_a_line_however_often_it_is_met() -> None:
    text = f"{SWARM}\ndefaults: {{workdir: x, destination: y}}\nhosts:\n  node[1-200]:\nseeds: [node1]\n"
    with pytest.raises(InventoryError) as caught:
        parse_inventory(text)
    assert [problem.key for problem in caught.value.problems] == [
        "defaults.destination",
        "defaults.workdir",
    ]
