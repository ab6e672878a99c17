"""What the documents name exists: functions, constants and their values, tests, files, make targets, tasks."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from deploy.core.command.grammar import Grammar
from deploy.core.command.optiontable import COMMON, SHARED
from deploy.core.command.parsing import parse_command
from deploy.edge.fab.chaintask import forms
from deploy.fabfile import ns

ROOT = Path(__file__).parents[1]
GRAMMAR = Grammar(tuple(forms(ns)), SHARED, COMMON)
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
NAMED = re.compile(r"`([\w/.-]+\.py):([A-Za-z_][\w.]*)`")
TESTED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
VALUED = re.compile(r"`([\w/]+\.py):([A-Z_]+)` = ([\d.,]+)")
PATHS = re.compile(r"`((?:peer|deploy|netlab|rigs|tools|tests|docs|examples)/[\w/.-]*)`")
LINKS = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
CODE = re.compile(r"`([^`\n]+)`")
BLOCK = re.compile(r"^```[a-z]*\n(.*?)^```", re.M | re.S)

every_document = pytest.mark.parametrize("document", DOCUMENTS, ids=[document.name for document in DOCUMENTS])


def definitions(tree: ast.AST, above: str = "") -> Iterator[str]:
    """All names of a module and of its classes, as `Class.method`."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield above + node.name
            yield from definitions(node, f"{above}{node.name}.") if isinstance(node, ast.ClassDef) else ()
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (
                above + name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)
            )


@cache
def names_in(path: str) -> frozenset[str]:
    return frozenset(definitions(ast.parse((ROOT / path).read_text(encoding="utf-8"))))


def constant(path: str, name: str) -> float:
    """The value of a module's constant, or of a class's default."""
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if isinstance(target, ast.Name) and target.id == name and isinstance(node, (ast.Assign, ast.AnnAssign)):
            assert node.value is not None
            return float(eval(compile(ast.Expression(node.value), path, "eval"), {"__builtins__": {}}))
    raise AssertionError(f"{path} has no constant {name}")


def text_of(document: Path) -> str:
    return document.read_text(encoding="utf-8")


def commands(document: Path) -> list[str]:
    """The lines of all code blocks and all inline code."""
    text = text_of(document)
    lines = [line for block in BLOCK.findall(text) for line in block.splitlines()]
    return lines + CODE.findall(BLOCK.sub("", text))


def test_the_documents_are_read() -> None:
    assert {"README.md", "architecture.md", "reliability.md", "SECURITY.md"} <= {path.name for path in DOCUMENTS}
    assert len(NAMED.findall(text_of(ROOT / "README.md"))) > 20
    assert len(TESTED.findall(text_of(ROOT / "docs" / "reliability.md"))) > 20
    assert len(VALUED.findall(text_of(ROOT / "SECURITY.md"))) > 5


@every_document
def test_every_function_named_exists(document: Path) -> None:
    named = NAMED.findall(text_of(document))
    assert [f"{path}:{name}" for path, name in named if name not in names_in(path)] == []


@every_document
def test_every_test_named_exists(document: Path) -> None:
    named = TESTED.findall(text_of(document))
    assert [f"{path}::{name}" for path, name in named if name not in names_in(path)] == []


@every_document
def test_every_constant_has_the_value_told(document: Path) -> None:
    for path, name, value in VALUED.findall(text_of(document)):
        assert constant(path, name) == float(value.rstrip(".,").replace(",", "")), f"{path}:{name}"


@every_document
def test_every_path_and_link_leads_somewhere(document: Path) -> None:
    text = text_of(document)
    places = {ROOT / path for path in PATHS.findall(text)}
    places |= {document.parent / link for link in LINKS.findall(text)}
    assert sorted(str(place.relative_to(ROOT)) for place in places if not place.exists()) == []


@every_document
def test_every_make_target_and_task_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", text_of(ROOT / "Makefile"), re.M))
    tasks = {name.replace("_", "-") for name in names_in("deploy/fabfile.py")}
    for line in commands(document):
        made = re.match(r"make (\w+)", line)
        assert made is None or made.group(1) in targets, line
        ran = re.match(r"(?:sudo )?(?:\.venv/bin/)?fab((?: (?:weft\.)?[a-z][a-z-]*\b(?!=))+)", line)
        assert ran is None or {task.removeprefix("weft.") for task in ran.group(1).split()} <= tasks, line
        if line.startswith("weft ") and "TASK" not in line:
            call = shlex.split(line.partition("#")[0].partition("|")[0])
            parse_command(call[1:], GRAMMAR)
