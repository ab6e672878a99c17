"""The one error of the soak: a line for a person."""

from __future__ import annotations


class SoakError(Exception):
    """What happened, where, and what to do next, in one line."""
