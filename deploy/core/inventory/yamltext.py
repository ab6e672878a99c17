"""YAML text -> plain data and the line of every key and item; the only module that uses ruamel.

Scalars are read by YAML 1.2's core rules and stricter: `no`, `22:22`, `0x1F`, `1_000` and `012` are strings, so that a
key that needs a number or true or false refuses them instead of misreading them.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from deploy.core.inventory.errors import InventoryError, Path, Problem, dotted

MAX_NODES = 200_000  # a few aliases that name one another can expand to billions of nodes
MAX_DEPTH = 12  # the inventory itself is five deep

_NULLS = ("", "~", "null", "Null", "NULL")
_BOOLS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})", re.ASCII)
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]{0,17})?\.[0-9]{1,18}(?:[eE][-+]?[0-9]{1,2})?", re.ASCII)
_RANGE_IN_FLOW = re.compile(r"[\[{,]\s*[A-Za-z0-9._-]+\[[0-9]")
_REMEDIES = (
    ("'\\t'", "indent with spaces, not with tabs"),
    ("cannot start any token", "quote a value that begins with this character"),
    ("mapping values are not allowed", "quote a value that holds ': ', and check the indentation"),
    ("undefined alias", "quote a value that begins with '*'"),
    ("another document", "keep one document in the file: remove the second '---'"),
    ("expected ',' or", "a bracket before this isn't closed, or a comma or a quote is missing"),
    ("stream end", "a bracket or quote isn't closed"),
    ("end of stream", "a quote isn't closed"),
    ("expected <block end>", "indent the keys of one mapping alike"),
)


class Tagged(NamedTuple):
    """Stands for a value with a tag whose meaning only others know."""

    tag: str

    def __str__(self) -> str:
        return f"marked {self.tag}"


class Document(NamedTuple):
    """The text's data (dicts, lists, strings, numbers, bools, None), lines (from 1) and syntax errors."""

    data: Any
    lines: dict[Path, int]
    problems: tuple[Problem, ...]


def read(text: str, source: str, tags: Collection[str] = ()) -> Document:
    """The document in `text`. Raises InventoryError if it isn't YAML; double keys are in `problems`.

    `tags`: those that may be there, before values that are `Tagged`.
    """
    reader = _Reader(source, tags)
    try:
        node = YAML(typ="safe", pure=True).compose(text)
    except RecursionError:
        raise InventoryError(source, [Problem(0, "", "it is nested too deep")]) from None
    except (YAMLError, ValueError, LookupError, TypeError, AttributeError, AssertionError, RuntimeError) as error:
        # All but the first are defects of the library, on texts that no person writes.
        raise InventoryError(source, [_syntax_problem(text, error)]) from None
    data = None if node is None else reader.build(node, ())
    return Document(data, reader.lines, tuple(reader.problems))


class _Reader:
    """Walks the node graph once."""

    def __init__(self, source: str, tags: Collection[str]) -> None:
        self._source = source
        self._tags = tags
        self.lines: dict[Path, int] = {}
        self.problems: list[Problem] = []
        self._nodes = 0

    def build(self, node: Node, path: Path) -> Any:
        self._nodes += 1
        self.lines.setdefault(path, node.start_mark.line + 1)
        if self._nodes > MAX_NODES or len(path) > MAX_DEPTH:
            line = node.start_mark.line + 1
            raise InventoryError(self._source, [Problem(line, "", "it is nested too deep, or too big")])
        if node.tag in self._tags:
            return Tagged(str(node.tag))
        if _tagged(node):
            self._problem(node, path, f"the tag '{node.tag}' isn't supported; leave it out, or quote the value")
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self.build(item, (*path, place)) for place, item in enumerate(node.value)]
        return _scalar(str(node.value), quoted=_is_text(node))

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                self._problem(key_node, path, "a key is a list or a mapping; quote it if it is a string")
                continue
            key = str(key_node.value)  # a key is taken literally: `no` and `012` are good host names
            below = (*path, key)
            if key in fields:
                self._problem(key_node, below, f"is at line {self.lines[below]} already; keep one of the two")
                continue
            self.lines[below] = key_node.start_mark.line + 1
            fields[key] = self.build(value_node, below)
        return fields

    def _problem(self, node: Node, path: Path, text: str) -> None:
        self.problems.append(Problem(node.start_mark.line + 1, dotted(path), text))


def _tagged(node: Node) -> bool:
    """True where the text gives a tag of its own (`!x`); only then does the tag differ from the form's."""
    if isinstance(node, ScalarNode):
        return not str(node.tag).startswith("tag:yaml.org,2002:")
    kind = "map" if isinstance(node, MappingNode) else "seq"
    return str(node.tag) != f"tag:yaml.org,2002:{kind}"


def _is_text(node: Node) -> bool:
    """True for what is quoted, a block, or marked by `!!str`: a text, whatever it looks like."""
    quoted = isinstance(node, ScalarNode) and node.style is not None
    return quoted or str(node.tag) == "tag:yaml.org,2002:str"


def _scalar(text: str, quoted: bool) -> Any:
    if quoted:
        return text
    if text in _NULLS:
        return None
    if text in _BOOLS:
        return _BOOLS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _syntax_problem(text: str, error: Exception) -> Problem:
    mark = getattr(error, "problem_mark", None) if isinstance(error, MarkedYAMLError) else None
    if mark is None:
        return _unmarked_problem(text)
    reason = str(getattr(error, "problem", "") or "it isn't YAML").replace("but found another", "there is another")
    if "end of stream" in reason or "stream end" in reason:
        mark = getattr(error, "context_mark", None) or mark  # where the quote or bracket was opened
    line = mark.line + 1
    stands = text.split("\n")[mark.line] if mark.line < text.count("\n") + 1 else ""
    if _RANGE_IN_FLOW.search(stands):
        return Problem(line, "", "a range inside [...] or {...} must be quoted: ['node[01-16]']")
    remedy = next((remedy for part, remedy in _REMEDIES if part in reason), "")
    return Problem(line, "", f"not YAML: {reason}" + (f"; {remedy}" if remedy else ""))


def _unmarked_problem(text: str) -> Problem:
    """The reader's own complaint has no place: find the character it means."""
    for number, line in enumerate(text.split("\n"), 1):
        if any(not character.isprintable() and character not in "\t\r\ufeff" for character in line):
            return Problem(number, "", "not YAML: a control character stands here; take it away")
    return Problem(0, "", "not YAML: it can't be read; is it a text file in UTF-8?")
