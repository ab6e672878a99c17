"""Why no agent came up on a host: what was said there in its place -> cause and next step."""

from __future__ import annotations

import re

PYTHON_REMEDY = "install Python 3.9 or later there, or name it with `python:`"
_LOGIN_REMEDY = "what is run there at this login: a forced command, a shell that lets nobody in?"
_EITHER = f"{PYTHON_REMEDY}; or is something else run at this login?"
_READER = "invalid literal for int()"  # what our Python says if somebody else has read the first line of its input
_OF_PYTHON = re.compile(
    r"python|no such file|not found|cannot execute|permission denied|is a directory|error\b|exit code 12[67]",
    re.IGNORECASE,
)


def no_agent(said: str, end: str) -> tuple[str, str]:
    """(cause, next step). `said`: the last line on standard output; `end`: that on standard error, or how it ended."""
    if _READER in end:
        return "a login script there reads the input that is meant for python3", "let it read from terminals only"
    if said and end.startswith("exit code"):
        return f"it says '{said}' instead of running python3 ({end})", _LOGIN_REMEDY
    return f"its python3 broke off: {end}", PYTHON_REMEDY if _OF_PYTHON.search(end) else _EITHER
