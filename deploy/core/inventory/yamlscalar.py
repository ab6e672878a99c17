"""Writes one string as YAML, so that every reader takes it for this string."""

from __future__ import annotations

import json
import re

_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./~-]*|~/[A-Za-z0-9_./~-]*", re.ASCII)
_WORDS = ("null", "true", "false", "yes", "no", "on", "off", "y", "n")  # to some YAML readers not texts


def scalar(text: str) -> str:
    """The string, quoted if a reader could take it for something else."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return json.dumps(text, ensure_ascii=not text.isprintable())
