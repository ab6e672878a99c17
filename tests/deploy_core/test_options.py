"""Options of a chain: named on any task, they hold for all; two that differ are an error."""

from __future__ import annotations

import pytest

from deploy.core.command.optiontable import SHARED
from deploy.core.options import Call, ChainError, hoist

NAMES = tuple(option.name for option in SHARED)


@pytest.mark.parametrize(
    ("calls", "given"),
    [
        ([], {}),
        ([("deploy", {})], {}),
        ([("deploy", {"inventory": None, "limit": None, "local": False, "json": False})], {}),
        ([("deploy", {"inventory": "x.yaml"})], {"inventory": "x.yaml"}),
        ([("deploy", {}), ("start", {"inventory": "x.yaml"})], {"inventory": "x.yaml"}),
        ([("deploy", {"inventory": "x.yaml"}), ("start", {"inventory": None})], {"inventory": "x.yaml"}),
        ([("deploy", {"limit": "a"}), ("start", {"limit": "a"})], {"limit": "a"}),
        ([("deploy", {"local": True}), ("start", {"local": False})], {"local": True}),
        ([("deploy", {"json": True}), ("start", {"limit": "a"})], {"json": True, "limit": "a"}),
        ([("deploy", {"limit": ""}), ("start", {"limit": "a"})], {"limit": "a"}),
        ([("deploy", {"keep_going": True})], {}),
        ([("deploy", {"plain": True, "run": "r1"})], {"plain": True, "run": "r1"}),
    ],
)
def test_hoist(calls: list[tuple[str, dict[str, object]]], given: dict[str, object]) -> None:
    assert hoist([Call(*call) for call in calls], NAMES) == given


@pytest.mark.parametrize(
    ("first", "second", "error"),
    [
        (
            {"limit": "a"},
            {"limit": "b"},
            "--limit is 'a' on deploy and 'b' on start; it counts for the chain, so write it once",
        ),
        (
            {"inventory": "a.yaml"},
            {"inventory": "b.yaml"},
            "--inventory is 'a.yaml' on deploy and 'b.yaml' on start; it counts for the chain, so write it once",
        ),
        (
            {"run": "1"},
            {"run": "2"},
            "--run is '1' on deploy and '2' on start; it counts for the chain, so write it once",
        ),
    ],
)
def test_two_that_differ(first: dict[str, object], second: dict[str, object], error: str) -> None:
    with pytest.raises(ChainError) as caught:
        hoist([Call("deploy", first), Call("check", {}), Call("start", second)], NAMES)
    assert str(caught.value) == error
    assert caught.value.code == 2


def test_other_options_may_be_shared_too() -> None:
    calls = [Call("up", {"keep_going": True}), Call("stop", {})]
    assert hoist(calls, shared=("keep_going",)) == {"keep_going": True}
    with pytest.raises(ChainError, match="--keep-going is '1' on up and '2' on stop"):
        hoist([Call("up", {"keep_going": 1}), Call("stop", {"keep_going": 2})], shared=("keep_going",))
