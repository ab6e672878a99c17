"""The inventory's JSON Schema, from which editors complete and check the file while it is typed."""

from __future__ import annotations

from typing import Any

from deploy.core.inventory.fields import InventoryPart
from deploy.core.inventory.listed import FROM

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NULL = {"type": "null"}
_LISTS = {"type": ["string", "array"], "items": {"type": "string"}}
_FROM = "Lists of hosts in other tools' forms: Ansible, ssh_config, Slurm, MPI, or one a line"


def json_schema() -> dict[str, Any]:
    """The inventory's JSON Schema (draft 2020-12), for editors and for `fab schema`.

    It has the keys, types and bounds. `plan` checks what depends on the complete file: ranges, ports and seeds.
    """
    schema: dict[str, Any] = _tidied(InventoryPart.model_json_schema())
    hosts = schema["properties"]["hosts"]
    hosts["additionalProperties"] = {"anyOf": [hosts["additionalProperties"], _NULL]}  # `alpha:` alone is a host
    hosts["properties"] = {FROM: {"anyOf": [_LISTS, *hosts["additionalProperties"]["anyOf"]], "description": _FROM}}
    for key in ("defaults", "groups", "zones", "seeds", "peers"):  # all their lines may be commented out
        schema["properties"][key] = _or_null(schema["properties"][key])
    return {"$schema": _DIALECT, **schema, "title": "Weft inventory"}


def _tidied(value: Any) -> Any:
    """Without the titles that repeat the keys, and without null, which the form uses for keys that are left out."""
    if isinstance(value, list):
        return [_tidied(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {key: _tidied(below) for key, below in value.items() if not _is_noise(key, below)}
    said = [option for option in kept.get("anyOf", []) if option != _NULL]
    if len(said) == 1:
        kept = {**said[0], **{key: below for key, below in kept.items() if key != "anyOf"}}
    return kept


def _is_noise(key: str, below: Any) -> bool:
    return (key == "title" and isinstance(below, str)) or (key == "default" and below in (None, {}, []))


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    description = {key: schema.pop(key) for key in ("description",) if key in schema}
    return {"anyOf": [schema, _NULL], **description}
