"""The one error of the lab: a line for a person."""

from __future__ import annotations


class LabError(Exception):
    """What happened, where, and what to do next, in one line. `code` is the exit code it asks for."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


class UsageError(LabError):
    """Asked for something that doesn't exist, such as an unknown host."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code=2)
