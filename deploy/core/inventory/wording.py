"""Translates pydantic's errors for a person: the value found, the type expected, and the probable intention."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, cast

from pydantic import ValidationError

from deploy.core.inventory.destinations import DestinationPart
from deploy.core.inventory.errors import Path, described, did_you_mean, shortened
from deploy.core.inventory.fields import HostPart, InventoryPart, PayloadPart, PeerPart, SwarmPart
from deploy.core.inventory.part import Part
from deploy.core.inventory.ratekeys import CapPart, RatePart

_EXPECTED = {
    "string_type": "a string",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
}
_REMEDY = {
    "list_type": "write [a, b], or one '- a' per line",
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
    "hosts": "is missing; add 'hosts:' with one line per host",
    "name": "is missing; add 'name: demo'",
    "payload": "is missing; add 'payload: {generate: 20MiB}', {path: /on/the/seed} or {upload: ./local}",
    "id": "is missing; add a unique ID: 1001",
    "host": "is missing; add the name of a host",
}
_NUMBERS = ("int_type", "float_type")
_LOOKALIKES = (  # strings that other YAML readers take for something else, or that need no quotes
    (("bool_type",), "yes|on|y", "write true"),
    (("bool_type",), "no|off|n", "write false"),
    (("bool_type",), "true|false", "write {value} without quotes"),
    (_NUMBERS, "0+[1-9][0-9]{0,9}", "write {bare}, without the leading 0"),
    (_NUMBERS, "0|[1-9][0-9]{0,9}", "write {value} without quotes"),
    (_NUMBERS, "[0-9]+:[0-9]+", "write one number"),
)
_SYNONYMS = {  # the names in other tools
    **dict.fromkeys(("host", "hostname", "host_name", "ip", "ansible_host"), "address"),
    **dict.fromkeys(("username", "login", "remote_user", "ansible_user"), "user"),
    **dict.fromkeys(("identity", "identityfile", "identity_file", "private_key", "ssh_key", "key_file"), "key"),
    **dict.fromkeys(("ssh_port", "ansible_port"), "port"),
    **dict.fromkeys(("bastion", "gateway", "proxy", "proxyjump", "proxy_jump", "jump_host"), "jump"),
    **dict.fromkeys(("dir", "directory", "folder", "work_dir"), "workdir"),
    **dict.fromkeys(("dest", "target"), "destination"),
    **dict.fromkeys(("bandwidth", "speed"), "rate"),
    **dict.fromkeys(("limit", "bwlimit", "max_rate", "throttle"), "cap"),
    **dict.fromkeys(("interpreter", "ansible_python_interpreter"), "python"),
    **dict.fromkeys(("has_file", "is_seed"), "seed"),
    **dict.fromkeys(("peer_id", "number"), "id"),
    **dict.fromkeys(("machine", "machine_name"), "host"),
}
_NOT_HERE = {
    "<<": "merge keys aren't supported; put shared keys under 'defaults'",
    "password": "passwords aren't supported; use a key, or the agent",
    "passphrase": "passphrases aren't supported; use the agent",
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
        return f"is {value}; write a number {words} {_plain(context[key])}"
    texts: dict[str, Callable[[], str]] = {
        "extra_forbidden": lambda: _unknown_key(path),
        "missing": lambda: _MISSING.get(str(path[-1]), "is missing"),
        "value_error": lambda: shortened(str(context["error"]), value),
        "literal_error": lambda: _not_one_of(value, context["expected"]),
        "too_short": lambda: "is empty; write one line per host",
    }
    return texts.get(kind, lambda: _wrong_type(kind, value))()


def _wrong_type(kind: str, value: Any) -> str:
    expected = _EXPECTED.get(kind, "something else")
    remedy = _REMEDY.get(kind) or _scalar_remedy(kind, value)
    return f"is {described(value)}, not {expected}; {remedy or f'write {expected}'}"


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) else str(number)


def _scalar_remedy(kind: str, value: Any) -> str:
    if kind == "string_type" and isinstance(value, (bool, int, float)):
        return f'quote it: "{described(value)}"'
    if not isinstance(value, str):
        return ""
    for kinds, pattern, remedy in _LOOKALIKES:
        if kind in kinds and re.fullmatch(pattern, value, re.ASCII | re.IGNORECASE):
            return remedy.format(value=value, bare=value.lstrip("0"))
    return ""


def _not_one_of(value: Any, expected: str) -> str:
    known = re.findall(r"'([^']*)'", expected)
    guess = did_you_mean(value, known) if isinstance(value, str) else ""
    return f"{described(value)} is none of {', '.join(known)}" + (guess or "; write one of them")


def _unknown_key(path: Path) -> str:
    key, part = str(path[-1]), _part_at(path[:-1])
    if key in _NOT_HERE:
        return _NOT_HERE[key]
    if part is HostPart and key == "seed":
        return f"unknown key; write seeds: [{path[-2]}] at the top"
    if key in InventoryPart.model_fields:
        return "unknown key; it belongs at the top, without indentation"
    meant = _SYNONYMS.get(key.lower().replace("-", "_"), "")
    if meant in part.model_fields:
        return f"unknown key; did you mean '{meant}'?"
    guess = did_you_mean(key, part.model_fields)
    places = [place for place, other in _SECTIONS if key in other.model_fields]
    if places and not guess:
        return f"unknown key; it belongs under {places[0]}"
    return "unknown key" + guess if guess else _known_keys(path[:-1])


def _known_keys(path: Path) -> str:
    known = [key for key in _part_at(path).model_fields if (path[-1:], key) != (("destination",), "folder")]
    return f"unknown key; known here: {', '.join(known)}"


def _part_at(path: Path) -> type[Part]:
    """The model for the keys at `path`."""
    if not path:
        return InventoryPart
    if path[-1] == "rate":
        return RatePart
    if path[-1] == "cap":
        return CapPart
    if path[-1] == "payload":
        return PayloadPart
    if path[-1] == "destination":
        return DestinationPart
    parts: dict[str, type[Part]] = {"swarm": SwarmPart, "peers": PeerPart}
    return parts.get(str(path[0]), HostPart)
