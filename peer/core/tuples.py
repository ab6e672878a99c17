"""`NamedTuple` as typing has it, but defined in a tenth of the time: a start of Weft defines a hundred of them.

typing compiles the type of each field, and then a constructor. Here types stay texts, as all our modules have them, and
tuples with equally many fields share the code of one constructor, under the names of their own fields.
"""

from __future__ import annotations

from collections import namedtuple
from functools import lru_cache
from types import FunctionType
from typing import TYPE_CHECKING, Any, Dict, Iterable, Tuple


class _Maker(type):
    """Makes a tuple's class where a class statement names `NamedTuple` as its base."""

    def __new__(cls, name: str, bases: Tuple[type, ...], body: Dict[str, Any]) -> Any:
        if not bases:
            return super().__new__(cls, name, bases, body)  # NamedTuple itself
        fields = tuple(body.get("__annotations__", ()))
        defaults = {field: body[field] for field in fields if field in body}
        model = _model(len(fields))
        given = {"_fields": fields, "_field_defaults": defaults, "__match_args__": fields}
        getters = zip(fields, map(vars(model).__getitem__, model._fields))
        create = _constructor(model, f"{name}.__new__", fields, tuple(defaults.values()))
        return type(name, (tuple,), {**_SHARED, **body, **dict(getters), **given, "__new__": create})


@lru_cache(maxsize=None)
def _model(count: int) -> Any:
    """A tuple with so many fields: it lends its constructor, and what gets a field by its place."""
    return namedtuple("_model", [f"field{number}" for number in range(count)])


def _constructor(model: Any, name: str, fields: Tuple[str, ...], defaults: Tuple[Any, ...]) -> FunctionType:
    lent = model.__new__
    code = lent.__code__.replace(co_varnames=(*lent.__code__.co_varnames[:1], *fields))
    made = FunctionType(code, lent.__globals__, "__new__", defaults)
    made.__qualname__ = name
    return made


def _make(cls: Any, values: Iterable[Any]) -> Any:
    return cls(*values)


def _replace(self: Any, /, **values: Any) -> Any:
    made = type(self)(*map(values.pop, self._fields, self))
    if values:
        raise TypeError(f"Got unexpected field names: {list(values)!r}")
    return made


def _asdict(self: Any) -> Dict[str, Any]:
    return dict(zip(self._fields, self))


def _repr(self: Any) -> str:
    values = ", ".join(f"{field}={value!r}" for field, value in zip(self._fields, self))
    return f"{type(self).__name__}({values})"


def _getnewargs(self: Any) -> Tuple[Any, ...]:
    return tuple(self)


_SHARED = {
    "__slots__": (),
    "_make": classmethod(_make),
    "_replace": _replace,
    "_asdict": _asdict,
    "__repr__": _repr,
    "__getnewargs__": _getnewargs,
}

if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple
else:

    class NamedTuple(metaclass=_Maker):
        """The base in a class statement; the class that comes of it is a plain tuple's."""
