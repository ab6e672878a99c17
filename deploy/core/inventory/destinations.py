"""The key `destination`: a folder for the payload, or the folder of releases that are kept side by side."""

from __future__ import annotations

from typing import Annotated, Any, Optional

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from deploy.core.inventory import names
from deploy.core.inventory.errors import described
from deploy.core.inventory.part import Part

KEPT = 3  # releases, where nothing else is said
MOST_KEPT = 1000
_FOLDER = "folder"  # how the form holds a plain path
_RELEASES_SCHEMA = {
    "type": "object",
    "properties": {
        "releases": {"type": "string", "description": "The folder that holds releases/ and the link current"},
        "keep": {"type": "integer", "minimum": 1, "maximum": MOST_KEPT, "default": KEPT},
    },
    "required": ["releases"],
    "additionalProperties": False,
}
_SCHEMA = {"anyOf": [{"type": "string"}, _RELEASES_SCHEMA]}


class DestinationPart(Part):
    """Exactly one of a `folder` and `releases`."""

    folder: Optional[str] = None
    releases: Optional[str] = None
    keep: Annotated[int, Field(ge=1, le=MOST_KEPT)] = KEPT

    @model_validator(mode="after")
    def _one(self) -> DestinationPart:
        if self.folder is None and self.releases is None:
            raise ValueError("names no folder; write releases: /srv/app")
        return self


def _destination(value: Any) -> Any:
    """`/srv/models` is a folder, `{releases: /srv/app, keep: 3}` one that holds releases."""
    if isinstance(value, str):
        return {_FOLDER: names.path(value)}
    if not isinstance(value, dict):
        raise ValueError(f"{described(value)} is not a folder; write /srv/models, or {{releases: /srv/app, keep: 3}}")
    if _FOLDER in value:
        raise ValueError("a folder is written alone: destination: /srv/models")
    if isinstance(value.get("releases"), str):
        names.path(value["releases"])
    return value


Destination = Annotated[Optional[DestinationPart], BeforeValidator(_destination), WithJsonSchema(_SCHEMA)]
