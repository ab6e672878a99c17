"""Makes records (NamedTuples) of values that came as JSON, with every field there and of its own type."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Callable, Dict, List, TypeVar, Union, get_args, get_origin, get_type_hints

R = TypeVar("R")
_PLAIN: Dict[Any, Any] = {int: (int,), float: (int, float), str: (str,), bool: (bool,)}


class Mismatch(ValueError):
    """The fields aren't those of this record: the other side is another version. The text names the field, and why."""


def from_fields(kind: Callable[..., R], fields: Any, what: str) -> R:
    """A record of `kind` from a JSON object; `what` names it in errors. Raises Mismatch."""
    if type(fields) is not dict:
        raise Mismatch(f"{what} isn't an object")
    kinds = _kinds_of(kind)
    missing = [f"it lacks `{name}`" for name in kinds if name not in fields]
    unknown = [f"`{name}` is unknown" for name in fields if name not in kinds]
    if missing or unknown:
        raise Mismatch(f"{what}: {', '.join(missing + unknown)}")
    return kind(**{name: _read(kinds[name], value, f"{what}: `{name}`") for name, value in fields.items()})


@lru_cache(maxsize=None)  # a payload may have a hundred thousand files
def _kinds_of(kind: Any) -> Dict[str, Any]:
    hints = get_type_hints(kind)
    return {name: hints[name] for name in kind._fields}


def _read(kind: Any, value: Any, what: str) -> Any:
    if kind is Any:
        return value
    if kind in _PLAIN:
        return _plain(kind, value, what)
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Union:  # Optional
        return None if value is None else _read(inner[0], value, what)
    if origin is dict and type(value) is dict:
        return {_key(inner[0], key, what): _read(inner[1], one, what) for key, one in value.items()}
    if origin is tuple and type(value) is list:
        return tuple(_read(inner[0], one, what) for one in value)
    if origin is None and type(value) is list:
        return _row(kind, value, what)
    raise _wrong(what, value)


def _plain(kind: Any, value: Any, what: str) -> Any:
    if type(value) not in _PLAIN[kind]:
        raise _wrong(what, value)
    return kind(value)


def _key(kind: Any, key: str, what: str) -> Any:
    """JSON's keys are texts."""
    if kind is int and not (key.isascii() and key.isdigit()):
        raise _wrong(what, key)
    return kind(key)


def _row(kind: Any, values: List[Any], what: str) -> Any:
    """A record within another: JSON makes an array of it."""
    kinds = _kinds_of(kind)
    if len(values) != len(kinds):
        raise Mismatch(f"{what} has {len(values)} parts instead of {len(kinds)}")
    return kind(*(_read(kinds[name], value, f"{what}: `{name}`") for name, value in zip(kinds, values)))


def _wrong(what: str, value: Any) -> Mismatch:
    return Mismatch(f"{what} is {value!r:.40}")
