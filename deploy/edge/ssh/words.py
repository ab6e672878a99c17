"""The small grammars of ssh_config: words and quotes, `%` tokens, `~` and `${}`, patterns, times."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Mapping

_TOKEN = re.compile(r"%(.?)", re.DOTALL)
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_TIME = re.compile(r"(\d+)([smhdw]?)", re.IGNORECASE)
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


class BadWords(ValueError):
    """A text that can't be read, and why."""


def split_line(line: str) -> tuple[str, str] | None:
    """(keyword in lower case, the rest) of a line of ssh_config; None for a blank line or a comment."""
    found = re.match(r'\s*("?)([^\s="#]+)\1(?:\s*=\s*|\s+|$)(.*)', line.rstrip(" \t\r\n\f"), re.DOTALL)
    return (found[2].lower(), found[3]) if found else None


def split_words(text: str) -> list[str]:
    """The words of an option's value: blanks part them, quotes keep them together, `#` before a word ends all."""
    words: list[str] = []
    rest = text.strip()
    while rest and not rest.startswith("#"):
        word, rest = _first_word(rest)
        words.append(word)
        rest = rest.lstrip()
    return words


def _first_word(text: str) -> tuple[str, str]:
    word, quote, place = "", "", 0
    while place < len(text):
        char = text[place]
        escaped = text[place + 1 : place + 2]
        if char == "\\" and escaped and escaped in "'\"\\" + (" " if not quote else ""):
            word += escaped
            place += 1
        elif char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote = char
        elif not quote and char.isspace():
            break
        else:
            word += char
        place += 1
    if quote:
        raise BadWords("a quote isn't closed")
    return word, text[place:]


def fill(text: str, tokens: Mapping[str, str]) -> str:
    """`text` with its `%` tokens filled in. Raises BadWords for one that isn't in `tokens`."""

    def value(found: re.Match[str]) -> str:
        if found[1] == "%":
            return "%"
        if found[1] not in tokens:
            raise BadWords(f"'%{found[1]}' can't be filled in here")
        return tokens[found[1]]

    return _TOKEN.sub(value, text)


def fill_path(text: str, tokens: Mapping[str, str]) -> str:
    """A path with `~`, `${NAME}` and its `%` tokens filled in. Raises BadWords."""

    def value(found: re.Match[str]) -> str:
        if found[1] not in os.environ:
            raise BadWords(f"there is no environment variable {found[1]}")
        return os.environ[found[1]]

    return os.path.expanduser(_VARIABLE.sub(value, fill(text, tokens)))


def matches(patterns: str, text: str) -> bool:
    """Whether a list of patterns, separated by commas, names `text`; a pattern after `!` excludes it."""
    hit = False
    for pattern in patterns.split(","):
        if fnmatch.fnmatchcase(text, pattern.lstrip("!").replace("[", "[[]")):
            if pattern.startswith("!"):
                return False
            hit = True
    return hit


def seconds(text: str) -> float | None:
    """What a time as `90`, `1m30s` or `none` means; None for none. Raises BadWords."""
    if text.lower() == "none":
        return None
    parts = _TIME.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise BadWords(f"'{text}' isn't a time")
    return float(sum(int(number) * _SECONDS[unit.lower()] for number, unit in parts))
