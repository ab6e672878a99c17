"""What stands in for `typing` has all that the peer's modules take from there when they run."""

from __future__ import annotations

import ast
from pathlib import Path

import peer
from peer.core import hints

ROOT = Path(peer.__file__).parent
TREES = [ast.parse(path.read_text("utf-8")) for path in ROOT.rglob("*.py")]


def taken(tree: ast.Module) -> "set[str]":
    """What a module imports from typing."""
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "typing"]
    return {name.name for node in imports for name in node.names}


def test_it_has_all_names_that_a_peer_imports_from_typing() -> None:
    names = set().union(*map(taken, TREES))
    assert names and names - {"NamedTuple"} <= set(vars(hints))  # that one is for type checkers: peer.core.tuples


def test_what_a_class_inherits_code_from_comes_from_elsewhere() -> None:
    """`collections.abc` has the same names, and the methods."""
    for tree in TREES:
        bases = [base for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for base in node.bases]
        used = {node.id for base in bases for node in ast.walk(base) if isinstance(node, ast.Name)} & taken(tree)
        assert used <= {"Generic", "Protocol"}


def test_types_are_made_of_types_and_classes_derived() -> None:
    made = hints.Dict[str, hints.Callable[[int], hints.Optional[str]]]
    assert made is hints.Dict

    class Derived(hints.Generic[hints.TypeVar("T", bound=int)]):  # type: ignore[misc]
        pass

    assert Derived[int]() is not None  # type: ignore[misc]
