"""Imports modules from a pack in memory: sources, or what a Python of the same kind has compiled of them.

Compiling is most of what a start costs, and `zipimport` loads each module twice: to find it, and to run it.
"""

from __future__ import annotations

import marshal
import sys
from _frozen_importlib import ModuleSpec  # importlib.machinery's; that one takes 3 ms to load
from types import CodeType, ModuleType

TYPE_CHECKING = False  # typing's own, but that takes 4 ms to load
# Path (`peer/core/mark.py`) -> text, or the marshalled code, or None where that is elsewhere; of every module. Under
# START is the code of those that a program starts with, in the order in which they need each other: one marshalled
# dict. The last of them is the program's aim.
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Optional, Union

    Pack = Dict[str, Union[str, bytes, None]]
else:
    Pack = dict

START = ""
# Members of peer.pyz: packs, the first two followed by the magic number of a Python. The second has what the first
# knows to be elsewhere.
CODE, OTHERS, SOURCES = "code-", "others-", "sources"


def dump(pack: Pack) -> bytes:
    """The pack as every Python 3 can read it."""
    return marshal.dumps(pack, 2)


def load(data: bytes) -> Pack:
    """What `dump` wrote."""
    pack: Pack = marshal.loads(data)
    return pack


def _nothing() -> Pack:
    return {}


def _name_of(path: str) -> str:
    stem = path[: -len("/__init__.py")] if path.endswith("/__init__.py") else path[: -len(".py")]
    return stem.replace("/", ".")


class Modules:
    """Finds and loads modules. A package is its `__init__.py`.

    It is the first in `sys.meta_path`, so that it wins over whatever a host has installed under the same name.
    `others`: gives what `pack` has as None; `sources`: texts, for tracebacks.
    """

    def __init__(self, pack: Pack, others: Callable[[], Pack] = _nothing, sources: Callable[[], Pack] = _nothing):
        self._pack = dict(pack)
        start = self._pack.pop(START, None)
        self._start: Dict[str, CodeType] = marshal.loads(start) if isinstance(start, bytes) else {}
        self._aim = next(reversed(self._start), None)
        self._others = others
        self._sources = sources

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Optional[ModuleSpec]:
        """Called by `import`: the module's spec, or None where it isn't one of ours."""
        path = self._path_of(name)
        if path is None:
            return None
        package = path.endswith("/__init__.py")
        spec = ModuleSpec(name, self, origin=path, is_package=package)  # type: ignore[arg-type]  # old-style methods
        spec.has_location = True  # sets __file__, which tracebacks show
        return spec

    def create_module(self, spec: ModuleSpec) -> None:
        """Called by `import`: the usual kind of module will do."""

    def exec_module(self, module: ModuleType) -> None:
        """Called by `import`: run the module's code."""
        path = self._path_of(module.__name__)
        assert path is not None
        if path == self._aim:
            self._run_start()
        exec(self._code(path), module.__dict__)

    def get_source(self, name: str) -> Optional[str]:
        """Called by `linecache`, so that tracebacks show our lines."""
        path = self._path_of(name)
        if path is None:
            return None
        kept = self._pack.get(path)
        text = kept if isinstance(kept, str) else self._sources().get(path)
        return text if isinstance(text, str) else None

    def _run_start(self) -> None:
        """Run what the aim needs, in order. To have `import` find each when it is needed takes half as long again."""
        for path, code in self._start.items():
            name = _name_of(path)
            if path != self._aim and name not in sys.modules:
                module = self._run(name, path, code)
                package, _, last = name.rpartition(".")
                if package:
                    setattr(sys.modules[package], last, module)

    def _run(self, name: str, path: str, code: CodeType) -> ModuleType:
        """The same as `import` does."""
        module = sys.modules[name] = ModuleType(name)
        module.__file__, module.__loader__ = path, self  # type: ignore[assignment]  # old-style methods
        if path.endswith("/__init__.py"):
            module.__path__ = []
        try:
            exec(code, module.__dict__)
        except BaseException:
            del sys.modules[name]
            raise
        return module

    def _code(self, path: str) -> CodeType:
        code = self._start.get(path)
        if code is not None:
            return code
        if self._pack[path] is None:
            self._pack.update(self._others())
        kept = self._pack[path]
        made = marshal.loads(kept) if isinstance(kept, bytes) else compile(str(kept), path, "exec", dont_inherit=True)
        assert isinstance(made, CodeType)
        return made

    def _path_of(self, name: str) -> Optional[str]:
        stem = name.replace(".", "/")
        paths = f"{stem}.py", f"{stem}/__init__.py"
        return next((path for path in paths if path in self._start or path in self._pack), None)


def install(pack: Pack, others: Callable[[], Pack] = _nothing, sources: Callable[[], Pack] = _nothing) -> Modules:
    """Let `import` find these modules before all others."""
    modules = Modules(pack, others, sources)
    sys.meta_path.insert(0, modules)
    return modules


def install_beside(archive: Any, magic: str) -> None:
    """The same of the packs in peer.pyz: what is compiled for this Python, else sources. `archive`: its loader."""

    def member(name: str) -> Pack:
        return load(archive.get_data(f"{archive.archive}/{name}"))

    try:
        pack = member(CODE + magic)
    except OSError:
        pack = member(SOURCES)
    install(pack, lambda: member(OTHERS + magic), lambda: member(SOURCES))
