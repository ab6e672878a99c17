"""Stands in for `typing` in what a deployed peer runs, where nobody looks at types: to load that takes 4 ms."""

from __future__ import annotations


class _Form:
    """Any type, and any made of it."""

    def __getitem__(self, _: object) -> _Form:
        return self


class Generic:
    """A base class."""

    def __class_getitem__(cls, _: object) -> object:
        return cls


class Protocol(Generic):
    """The same."""


def TypeVar(name: str, **_: object) -> object:
    """Nothing that anybody needs."""
    return name


TYPE_CHECKING = False
Any = Callable = ClassVar = Collection = Container = ContextManager = Dict = FrozenSet = IO = Iterable = _Form()
Iterator = List = Mapping = Optional = Sequence = Set = Tuple = Union = Any
