"""pydantic's complaints in the words of a person: what stands there, what belongs there, what was meant."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Optional, cast

from pydantic import ValidationError

from deploy.core.form import HostPart, InventoryPart, Part, PayloadPart, PeerPart, RatePart, SwarmPart
from deploy.core.problems import Path, did_you_mean

_BELONGS = {
    "string_type": "a text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
}
_REMEDY = {
    "list_type": "write [a, b], or one '- a' a line",
    "dict_type": "write 'key: value' lines, indented",
    "model_type": "write 'key: value' lines, indented",
}
_BOUNDS = {
    "greater_than_equal": ("ge", "of at least"),
    "greater_than": ("gt", "above"),
    "less_than_equal": ("le", "of at most"),
}
_MISSING = {
    "swarm": "is missing; add 'swarm:' with name and payload",
    "hosts": "is missing; add 'hosts:' with one line a host",
    "name": "is missing; add 'name: demo'",
    "payload": "is missing; add 'payload: {generate: 20MiB}', {path: /on/the/seed} or {upload: ./local}",
    "id": "is missing; add an ID of its own, as 1001",
    "host": "is missing; add the name of a host",
}
_SECTIONS = (
    ("swarm", SwarmPart),
    ("swarm.payload", PayloadPart),
    ("hosts or defaults", HostPart),
    ("peers", PeerPart),
)


def complaints(error: ValidationError) -> Iterator[tuple[Path, str]]:
    """Each mistake's path in the inventory, and its text for a person."""
    for details in error.errors(include_url=False):
        path = cast(Path, tuple(details["loc"]))
        if path and path[-1] == "[key]":
            path = path[:-1]
        yield path, _text(path, cast("dict[str, Any]", details))


def _text(path: Path, details: dict[str, Any]) -> str:
    kind, value, context = details["type"], details["input"], details.get("ctx", {})
    if kind in _BOUNDS:
        key, words = _BOUNDS[kind]
        return f"is {value}; write a number {words} {context[key]}"
    texts: dict[str, Callable[[], str]] = {
        "extra_forbidden": lambda: _unknown_key(path),
        "missing": lambda: _MISSING.get(str(path[-1]), "is missing"),
        "value_error": lambda: _shortened(str(context["error"]), value),
        "literal_error": lambda: _not_one_of(value, context["expected"]),
        "too_short": lambda: "is empty; write one line a host",
    }
    return texts.get(kind, lambda: _wrong_type(kind, value))()


def _wrong_type(kind: str, value: Any) -> str:
    belongs = _BELONGS.get(kind, "something else")
    remedy = _REMEDY.get(kind) or _scalar_remedy(kind, value)
    return f"{described(value)} stands where {belongs} belongs; {remedy or f'write {belongs}'}"


def _scalar_remedy(kind: str, value: Any) -> str:
    if kind == "string_type" and isinstance(value, (bool, int, float)):
        return f'quote it: "{str(value).lower() if isinstance(value, bool) else value}"'
    if kind == "bool_type" and isinstance(value, str) and value.lower() in ("yes", "no", "on", "off", "y", "n"):
        return f"write {'true' if value.lower() in ('yes', 'on', 'y') else 'false'}"
    if isinstance(value, str) and re.fullmatch(r"0[0-9]{1,9}", value, re.ASCII):
        return f"write {int(value)}, without the leading 0"
    if isinstance(value, str) and re.fullmatch(r"[1-9][0-9]{0,9}|0", value, re.ASCII):
        return f"write {value} without quotes"
    if isinstance(value, str) and re.fullmatch(r"[0-9]+:[0-9]+", value, re.ASCII):
        return "write one number"
    return ""


def described(value: Any) -> str:
    """A value of the inventory in a few words."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"'{str(value).lower()}'"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return _shortened(f"'{value}'", str(value))


def _not_one_of(value: Any, expected: str) -> str:
    known = re.findall(r"'([^']*)'", expected)
    guess = did_you_mean(value, known) if isinstance(value, str) else ""
    return f"{described(value)} is none of {', '.join(known)}" + (guess or "; write one of them")


def _unknown_key(path: Path) -> str:
    key = str(path[-1])
    if key == "<<":
        return "merge keys aren't understood; put what hosts share under 'defaults'"
    guess = did_you_mean(key, _part_at(path[:-1]).model_fields)
    if guess:
        return "unknown key" + guess
    places = [place for place, part in _SECTIONS if key in part.model_fields]
    if key in InventoryPart.model_fields:
        return "unknown key; it belongs at the top, without indentation"
    return f"unknown key; it belongs under {places[0]}" if places else _known_keys(path[:-1])


def _known_keys(path: Path) -> str:
    return f"unknown key; known here: {', '.join(_part_at(path).model_fields)}"


def _part_at(path: Path) -> type[Part]:
    """The model whose keys stand at `path`."""
    if not path:
        return InventoryPart
    if path[-1] == "rate":
        return RatePart
    if path[-1] == "payload":
        return PayloadPart
    parts: dict[str, type[Part]] = {"swarm": SwarmPart, "peers": PeerPart}
    return parts.get(str(path[0]), HostPart)


def _shortened(text: str, value: Optional[object]) -> str:
    """`text` with a long value in it cut, so that the remedy behind it can still be read."""
    if isinstance(value, str) and len(value) > 60:
        return text.replace(value, value[:57] + "...")
    return text
