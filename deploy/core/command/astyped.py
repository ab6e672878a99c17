"""What messages call the command: they say `fab up`, and whoever typed `weft` reads `weft up`."""

from __future__ import annotations

import re

FAB, WEFT = "fab", "weft"

_TASKS = (
    "activate|cap|check|clean|collect-logs|deploy|init|logs|plan|push|releases|report|rollback|runs|schema|start|status|"
    "stop|up|verify"
)
_COMMAND = re.compile(rf"(?<![\w./-])fab (?=(?:{_TASKS})\b)")


def as_typed(text: str, program: str) -> str:
    """The text with our commands as its reader types them; the agents on the hosts don't know which that is."""
    return text if program == FAB else _COMMAND.sub(f"{program} ", text)
