"""What hosts get compiled: no docstrings and no types of functions, and modules in the order of their imports."""

from __future__ import annotations

import marshal
from typing import Any, Dict

import pytest

from deploy.edge.hosts import lean
from deploy.edge.hosts.compiling import compiled

NO_DOC = ('"""Docstring."""\n', 'def f():\n    """Docstring."""\n', 'class F:\n    """Docstring."""\n')


def run(text: str) -> Dict[str, Any]:
    names: Dict[str, Any] = {}
    exec(marshal.loads(lean.lean("m.py", text)[0]), names)
    return names


@pytest.mark.parametrize("text", NO_DOC)
def test_docstrings_are_left_out(text: str) -> None:
    assert b"Docstring" in text.encode() and b"Docstring" not in lean.lean("m.py", text)[0]
    run(text)


def test_functions_lose_their_types_and_classes_keep_their_fields() -> None:
    method = "    def f(self, a: B, *b: B, c: B = 2, **d: B) -> B: return c\n"
    made = run(f"from __future__ import annotations\nclass C:\n    x: int = 1\n{method}")["C"]
    assert made.__annotations__ == {"x": "int"}
    assert made.f.__annotations__ == {} and made().f(1) == 2


def test_asserts_and_lines_stay() -> None:
    with pytest.raises(AssertionError) as error:
        run('"""Two\nlines."""\n\nassert False\n')
    assert error.traceback[-1].lineno + 1 == 4


@pytest.mark.parametrize(
    ("text", "imported"),
    [
        ("import a.b, c", ["a.b", "c"]),
        ("from a import b as c", ["a", "a.b"]),
        ("try:\n    import a\nexcept ImportError:\n    import b", ["a"]),
        ("def f():\n    import a", []),
        ("class C:\n    def f(self):\n        import a", []),
        ("if TYPE_CHECKING:\n    import a\nelse:\n    import b", ["b"]),
    ],
)  # fmt: skip
def test_what_a_module_imports_as_it_is_loaded(text: str, imported: "list[str]") -> None:
    assert lean.lean("m.py", text)[1] == imported


def test_each_comes_after_what_it_imports_and_after_its_packages() -> None:
    texts = {
        "a/__init__.py": "",
        "a/first.py": "from a import second\nimport os\n",
        "a/second.py": "from a.third import X",
        "a/third.py": "X = 1",
        "a/other.py": "import a.first",
    }
    made = {path: lean.lean(path, text) for path, text in texts.items()}
    assert lean.in_order(made, ["a.first"]) == ["a/__init__.py", "a/third.py", "a/second.py", "a/first.py"]


def test_a_package_comes_before_its_modules_though_it_imports_them() -> None:
    texts = {"a/__init__.py": "from a.first import X", "a/first.py": "from a.second import X", "a/second.py": "X = 1"}
    made = {path: lean.lean(path, text) for path, text in texts.items()}
    assert lean.in_order(made, ["a.first"]) == ["a/__init__.py", "a/second.py", "a/first.py"]


def test_the_same_sources_give_the_same_bytes_whatever_was_compiled_before() -> None:
    texts = {"m.py": "import n\nNAMES = {'x', 'y'}\n", "n.py": "def f(x): return x, 'a b', 1.5\n"}
    first = compiled(texts, "m")
    compiled({"n.py": "other = 1"}, "n")
    assert compiled(texts, "m") == first == compiled(dict(reversed(texts.items())), "m")
