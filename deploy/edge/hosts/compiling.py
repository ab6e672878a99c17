"""Compiles modules for the hosts whose Python is of the operator's kind, as packs that they import from memory."""

from __future__ import annotations

import ast
import marshal
from collections.abc import Mapping
from importlib.util import MAGIC_NUMBER

from peer.edge.codepack import Pack

OUR_MAGIC = MAGIC_NUMBER.hex()  # of the Pythons that can run what this one compiles


def compiled(sources: Mapping[str, str]) -> Pack:
    """Each module's code, marshalled. `sources`: path below the root -> text."""
    return {path: _compiled(path, text) for path, text in sources.items()}


def _compiled(path: str, text: str) -> bytes:
    """Without docstrings and columns, which are a third of it; lines stay, for what an error tells."""
    tree = ast.parse(text, path)
    for node in ast.walk(tree):
        if "end_col_offset" in node._attributes:
            vars(node).update(col_offset=-1, end_col_offset=-1)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node, False) is not None:
            node.body[:1] = [] if len(node.body) > 1 else [ast.copy_location(ast.Pass(), node.body[0])]
    return marshal.dumps(compile(tree, path, "exec", dont_inherit=True))
