"""The keys for a host's link and its caps, in Mbit/s: one number, or one for each way."""

from __future__ import annotations

from typing import Annotated, Any, Optional

from pydantic import BeforeValidator, Field, WithJsonSchema

from deploy.core.inventory.errors import described
from deploy.core.inventory.part import Part
from peer.core.budget import LEAST_MBIT

MAX_MBITS = 1e7
_RATE_SCHEMA = {
    "anyOf": [
        {"type": "number", "exclusiveMinimum": 0},
        {
            "type": "object",
            "properties": {"up": {"type": "number"}, "down": {"type": "number"}},
            "additionalProperties": False,
        },
    ]
}
_CAP_SCHEMA = {
    "anyOf": [
        {"type": "number", "minimum": LEAST_MBIT},
        {
            "type": "object",
            "properties": {way: {"type": "number", "minimum": LEAST_MBIT} for way in ("up", "down")},
            "additionalProperties": False,
        },
    ]
}


def _rate(value: Any) -> Any:
    """`100` means both directions."""
    if isinstance(value, dict):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= MAX_MBITS:
        raise ValueError(f"{described(value)} is not a rate; write Mbit/s: 100 or {{up: 100, down: 1000}}")
    return {"up": value, "down": value}


def _cap(value: Any) -> Any:
    """`100` means both directions."""
    if isinstance(value, dict):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not LEAST_MBIT <= value <= MAX_MBITS:
        problem = f"{described(value)} is no cap that a swarm can live on"
        raise ValueError(f"{problem}; write Mbit/s, at least {LEAST_MBIT:g}: 200 or {{up: 200, down: 500}}")
    return {"up": value, "down": value}


Mbits = Annotated[float, Field(gt=0, le=MAX_MBITS)]
CapMbits = Annotated[float, Field(ge=LEAST_MBIT, le=MAX_MBITS)]


class RatePart(Part):
    """The rate of a host's link; used only for the prediction."""

    up: Optional[Mbits] = Field(default=None, description="Mbit/s")
    down: Optional[Mbits] = Field(default=None, description="Mbit/s")


class CapPart(Part):
    """What all peers of a host together may send and receive."""

    up: Optional[CapMbits] = Field(default=None, description="Mbit/s")
    down: Optional[CapMbits] = Field(default=None, description="Mbit/s")


RateOfHost = Annotated[Optional[RatePart], BeforeValidator(_rate), WithJsonSchema(_RATE_SCHEMA)]
CapOfHost = Annotated[Optional[CapPart], BeforeValidator(_cap), WithJsonSchema(_CAP_SCHEMA)]
