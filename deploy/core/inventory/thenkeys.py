"""The keys about commands on the hosts after a release became current: `then`, `batch` and `within`."""

from __future__ import annotations

import re
from typing import Annotated, Any, List, Union

from pydantic import BeforeValidator, Field, WithJsonSchema

from deploy.core.inventory.errors import described
from deploy.core.inventory.part import Part

SECONDS = 300.0  # that a command may take, where nothing else is said
BATCH = "25%"
_BATCH_SCHEMA = {
    "anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": "^(100|[1-9][0-9]?)%$"}],
    "default": BATCH,
}
_COMMAND_SCHEMA = {"type": "array", "items": {"type": "string"}, "minItems": 1}


def _command(value: Any) -> Any:
    if not isinstance(value, list):
        raise ValueError(f"{described(value)} is not a list of arguments; write [systemctl, --user, restart, app]")
    for one in value:
        if not isinstance(one, str):
            raise ValueError(f'{described(one)} is not text; quote it: "{described(one)}"')
        if "\0" in one:
            raise ValueError("an argument holds a NUL; remove it")
    if not value or not value[0]:
        raise ValueError("names no program; write [systemctl, --user, restart, app]")
    return value


def _batch(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    if isinstance(value, str) and re.fullmatch(r"(100|[1-9][0-9]?)%", value):
        return value
    raise ValueError(f"{described(value)} is not a batch; write a number of hosts, or a share of them: 25%")


Command = Annotated[List[str], BeforeValidator(_command), WithJsonSchema(_COMMAND_SCHEMA)]
Batch = Annotated[Union[int, str], BeforeValidator(_batch), WithJsonSchema(_BATCH_SCHEMA)]


class ThenKeys(Part):
    """What follows a turn."""

    then: List[Command] = Field(
        default=[], description="Commands on each host after its release became current; no shell reads them"
    )
    batch: Batch = Field(default=BATCH, description="Hosts that run the commands at a time: a number, or 25%")
    within: Annotated[float, Field(gt=0, le=86400)] = Field(
        default=SECONDS, description="Seconds that a command of `then` may take"
    )
