"""The one error of the rigs: a line for a person."""

from __future__ import annotations


class RigError(Exception):
    """What happened, where, and what to do next, in one line. `code` is the exit code it asks for."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code
