"""What a peer may take, and how long it waits: the limits that the inventory gives and swarm.json carries."""

from __future__ import annotations

from typing import Any, Dict

from peer.core.errors import ConfigError
from peer.core.tuples import NamedTuple


class Limits(NamedTuple):
    """`patience`: seconds without any progress before a peer gives up."""

    patience: float = 120.0
    degree: int = 8  # neighbours in the fleet's graph
    uploads: int = 6  # pieces that a fleet peer sends simultaneously


def parse(fields: Any, source: str) -> Limits:
    """The limits in a JSON object; what it leaves out has its default. Raises ConfigError, which names `source`."""
    if not isinstance(fields, dict):
        raise ConfigError(source, "limits isn't an object", "deploy again to rewrite it")
    values: Dict[str, Any] = {name: fields.get(name, default) for name, default in Limits()._asdict().items()}
    for name, value in values.items():
        kinds = (int, float) if name == "patience" else (int,)
        if type(value) not in kinds or not 0 < value < 1e9:
            kind = "" if name == "patience" else "whole "
            raise ConfigError(source, f"limits.{name} is {value!r}", f"write a {kind}number above 0")
    return Limits(float(values["patience"]), values["degree"], values["uploads"])
