"""Reads the steps of a plan, as `fab plan` prints them and as a run's transcript names them."""

from __future__ import annotations

import re

_STEP = re.compile(
    r"(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d )?"
    r"((?:check|deploy|start|logs|status|collect-logs|verify|stop|cap|clean) {2,}\S+ {2,}(?:\d+ {2,})?.*)"
)


def steps_in(text: str) -> list[str]:
    """The lines that are steps, without their time; blanks between columns as they are."""
    return [found.group(1) for line in text.splitlines() if (found := _STEP.fullmatch(line))]
