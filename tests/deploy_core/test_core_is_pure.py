"""deploy/core decides and touches nothing: its imports say so, module by module."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

CORE = Path(__file__).parents[2] / "deploy" / "core"
MODULES = sorted(CORE.rglob("*.py"))
ALLOWED = {
    *(
        "__future__",
        "array",
        "ast",
        "binascii",
        "collections",
        "dataclasses",
        "datetime",
        "difflib",
        "enum",
        "errno",
        "fnmatch",
        "functools",
    ),
    *(
        "hashlib",
        "heapq",
        "ipaddress",
        "itertools",
        "json",
        "math",
        "posixpath",
        "re",
        "shlex",
        "textwrap",
        "typing",
        "unicodedata",
    ),
    *("deploy.core", "peer.core", "pathspec", "pydantic", "ruamel.yaml"),
}
TOUCHING = {"open", "print", "input", "exec", "eval", "__import__"}


def imports(tree: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports name their module in full"
            found.add(node.module or "")
    return found


def allowed(name: str) -> bool:
    return any(name == room or name.startswith(room + ".") for room in ALLOWED)


@pytest.mark.parametrize("module", MODULES, ids=[module.stem for module in MODULES])
def test_a_module_imports_nothing_that_touches(module: Path) -> None:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    assert {name for name in imports(tree) if not allowed(name)} == set()
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert called & TOUCHING == set()
    assert not any(
        isinstance(node, ast.Attribute) and node.attr in ("now", "today", "utcnow") for node in ast.walk(tree)
    )


@pytest.mark.parametrize("module", MODULES, ids=[module.stem for module in MODULES])
def test_a_module_says_what_it_does(module: Path) -> None:
    docstring = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8")))
    assert docstring and docstring.split("\n")[0].endswith(".")


def test_only_few_modules_know_the_libraries() -> None:
    users = {
        module.stem: {name.split(".")[0] for name in imports(ast.parse(module.read_text(encoding="utf-8")))}
        for module in MODULES
    }
    assert {name for name, used in users.items() if "ruamel" in used} == {"yamltext"}
    assert {name for name, used in users.items() if "pydantic" in used} == {
        "wording",
        "fields",
        "part",
        "destinations",
        "ratekeys",
        "thenkeys",
        "urlkeys",
        "parse",
    }
