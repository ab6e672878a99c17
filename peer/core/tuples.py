"""`NamedTuple` as typing has it, but defined in a tenth of the time: a start of Weft defines a hundred of them.

typing compiles the type of each field, and then a constructor. Here types stay texts, as all our modules have them, and
tuples with equally many fields share what does not depend on their names: one constructor's code, under the names of
their own fields, and the methods that need only their number.
"""

from __future__ import annotations

from collections import namedtuple
from functools import lru_cache
from types import FunctionType
from typing import TYPE_CHECKING, Any, Dict, Tuple

_LENT = ("_make", "_asdict", "__getnewargs__")


class _Maker(type):
    """Makes a tuple's class where a class statement names `NamedTuple` as its base."""

    def __new__(cls, name: str, bases: Tuple[type, ...], body: Dict[str, Any]) -> Any:
        if not bases:
            return super().__new__(cls, name, bases, body)  # NamedTuple itself
        fields = tuple(body.get("__annotations__", ()))
        defaults = {field: body[field] for field in fields if field in body}
        model = _model(len(fields))
        lent = {name: vars(model)[name] for name in _LENT}
        given = {"_fields": fields, "_field_defaults": defaults, "__match_args__": fields}
        getters = zip(fields, map(vars(model).__getitem__, model._fields))
        create = _constructor(model, f"{name}.__new__", fields, tuple(defaults.values()))
        return type(name, (tuple,), {**_SHARED, **lent, **body, **dict(getters), **given, "__new__": create})


@lru_cache(maxsize=None)
def _model(count: int) -> Any:
    """A tuple with so many fields: it lends its constructor, what gets a field by its place, and methods."""
    return namedtuple("_model", [f"field{number}" for number in range(count)])


def _constructor(model: Any, name: str, fields: Tuple[str, ...], defaults: Tuple[Any, ...]) -> FunctionType:
    lent = model.__new__
    code = lent.__code__.replace(co_varnames=(*lent.__code__.co_varnames[:1], *fields))
    made = FunctionType(code, lent.__globals__, "__new__", defaults)
    made.__qualname__ = name
    return made


def _replace(self: Any, /, **values: Any) -> Any:
    made = type(self)(*map(values.pop, self._fields, self))
    return _model(0)()._replace(**values) if values else made  # one without fields refuses them as this Python does


def _repr(self: Any) -> str:
    values = ", ".join(f"{field}={value!r}" for field, value in zip(self._fields, self))
    return f"{type(self).__name__}({values})"


_SHARED = {"__slots__": (), "_replace": _replace, "__repr__": _repr}

if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple
else:

    class NamedTuple(metaclass=_Maker):
        """The base in a class statement; the class that comes of it is a plain tuple's."""
