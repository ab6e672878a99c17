"""Imports modules from sources held in memory: how the agent's own modules come to a host that has no file of them."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Dict, Optional


class Sources:
    """Finds and loads modules. `sources`: path (`deploy/agent/main.py`) -> text; a package is its `__init__.py`.

    It is the first in `sys.meta_path`, so that it wins over whatever a host has installed under the same name.
    """

    def __init__(self, sources: Dict[str, str]) -> None:
        self._sources = dict(sources)

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
        exec(compile(self._sources[path], path, "exec", dont_inherit=True), module.__dict__)

    def get_source(self, name: str) -> Optional[str]:
        """Called by `linecache`, so that tracebacks show our lines."""
        path = self._path_of(name)
        return None if path is None else self._sources[path]

    def forget(self, package: str) -> None:
        """From now on `package` isn't ours: an import of it goes on to the next finder that has it."""
        for name in [name for name in self._sources if name.startswith(f"{package}/")]:
            del self._sources[name]
        for name, module in list(sys.modules.items()):
            if name.split(".")[0] == package and getattr(module, "__loader__", None) is self:
                del sys.modules[name]

    def _path_of(self, name: str) -> Optional[str]:
        stem = name.replace(".", "/")
        return next((path for path in (f"{stem}.py", f"{stem}/__init__.py") if path in self._sources), None)


def install(sources: Dict[str, str]) -> None:
    """Let `import` find these modules before all others."""
    sys.meta_path.insert(0, Sources(sources))


def forget(package: str) -> None:
    """Give up a package (and the modules of it that are loaded) wherever `install` has brought it in."""
    for finder in sys.meta_path:
        if isinstance(finder, Sources):
            finder.forget(package)
