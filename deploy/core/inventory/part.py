"""The base of every part of the inventory's form."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """Every part of the file: unknown keys are mistakes, and strings don't count as numbers."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)
