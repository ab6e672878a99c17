"""Imports modules from a pack in memory: sources, or what a Python of the same kind has compiled of them.

Compiling is most of what a start costs, and `zipimport` loads each module twice: to find it, and to run it.
"""

from __future__ import annotations

import marshal
import sys
from _frozen_importlib import ModuleSpec  # importlib.machinery's; that one takes 3 ms to load
from types import ModuleType
from typing import Any, Dict, Optional, Union

Pack = Dict[str, Union[str, bytes]]  # path (`peer/core/mark.py`) -> text, or the marshalled code; of every module
CODE, SOURCES = "code-", "sources"  # members of peer.pyz: packs, the first followed by the magic number of a Python


def dump(pack: Pack) -> bytes:
    """The pack as every Python 3 can read it."""
    return marshal.dumps(pack, 2)


def load(data: bytes) -> Pack:
    """What `dump` wrote."""
    pack: Pack = marshal.loads(data)
    return pack


class Modules:
    """Finds and loads modules. A package is its `__init__.py`.

    It is the first in `sys.meta_path`, so that it wins over whatever a host has installed under the same name.
    """

    def __init__(self, pack: Pack) -> None:
        self._pack = dict(pack)

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
        kept = self._pack[path]
        code = marshal.loads(kept) if isinstance(kept, bytes) else compile(kept, path, "exec", dont_inherit=True)
        exec(code, module.__dict__)

    def get_source(self, name: str) -> Optional[str]:
        """Called by `linecache`, so that tracebacks show our lines."""
        path = self._path_of(name)
        kept = None if path is None else self._pack[path]
        return kept if isinstance(kept, str) else None

    def _path_of(self, name: str) -> Optional[str]:
        stem = name.replace(".", "/")
        return next((path for path in (f"{stem}.py", f"{stem}/__init__.py") if path in self._pack), None)


def install(pack: Pack) -> Modules:
    """Let `import` find these modules before all others."""
    modules = Modules(pack)
    sys.meta_path.insert(0, modules)
    return modules


def install_beside(archive: Any, magic: str) -> None:
    """The same of a pack in peer.pyz: what is compiled for this Python, else the sources. `archive`: its loader."""
    try:
        data = archive.get_data(f"{archive.archive}/{CODE}{magic}")
    except OSError:
        data = archive.get_data(f"{archive.archive}/{SOURCES}")
    install(load(data))
