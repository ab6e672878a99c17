"""Compiles modules as hosts run them: without docstrings and functions' types, and in the order of their imports.

A program of its own, with standard input and output, because only a Python that begins without columns compiles
without them. What a Python writes depends on what else it has loaded, so this one loads nothing.
"""

from __future__ import annotations

import ast
import marshal
import sys
from typing import Dict, Iterator, List, Tuple, Union

Lean = Tuple[bytes, List[str]]  # a module's marshalled code, and what it imports as it is loaded
_Documented = Union[ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef]


def lean(path: str, text: str, hints: str = "typing") -> Lean:
    """Compile one module. `hints`: the module from which it takes what others have from `typing`."""
    tree = ast.parse(text, path)
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            _drop_docstring(node)
        if isinstance(node, ast.FunctionDef):
            _drop_types(node)
        elif isinstance(node, ast.ImportFrom) and node.module == "typing":
            node.module = hints
    code = compile(ast.fix_missing_locations(tree), path, "exec", dont_inherit=True)
    return marshal.dumps(code), list(_imported(tree.body))


def _drop_docstring(node: _Documented) -> None:
    if ast.get_docstring(node, clean=False) is None:
        return
    first = node.body.pop(0)
    if not node.body and not isinstance(node, ast.Module):
        node.body.append(ast.copy_location(ast.Pass(), first))


def _drop_types(node: ast.FunctionDef) -> None:
    given = node.args
    node.returns = None
    for one in (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg):
        if one is not None:
            one.annotation = None


def _imported(body: List[ast.stmt]) -> Iterator[str]:
    """What these statements import, but not the functions among them; a few names are no modules."""
    for node in body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.If) and isinstance(node.test, ast.Name):
            yield from _imported(node.orelse)  # only type checkers see the rest
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for inner in ("body", "orelse", "finalbody"):
                yield from _imported(getattr(node, inner, []))


def in_order(made: Dict[str, Lean], targets: List[str]) -> List[str]:
    """The paths of these modules and of all that they import, each after what it imports.

    But a package is before that, since its modules need it.
    """
    found: Dict[str, None] = {}
    seen = set()

    def visit(module: str) -> None:
        stem = module.replace(".", "/")
        path = next((path for path in (f"{stem}.py", f"{stem}/__init__.py") if path in made), None)
        if path is None or path in seen:
            return
        seen.add(path)
        visit(module.rpartition(".")[0])  # its package
        if path.endswith("/__init__.py"):
            found[path] = None
        for other in made[path][1]:
            visit(other)
        found.setdefault(path, None)

    for target in targets:
        visit(target)
    return list(found)


def main() -> None:
    """Input: new texts, what was compiled before, targets, `hints`. Output: all modules; the start's, as one."""
    texts, made, targets, hints = marshal.load(sys.stdin.buffer)
    made.update((path, lean(path, text, hints)) for path, text in texts.items())
    start = {path: marshal.loads(made[path][0]) for path in in_order(made, targets)}
    sys.stdout.buffer.write(marshal.dumps((made, list(start), marshal.dumps(start)), 2))


if __name__ == "__main__":
    main()
