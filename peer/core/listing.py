"""Lists and names as people read them: the first few and how many more; names as a shell takes them."""

from __future__ import annotations

from typing import Sequence


def listed(parts: Sequence[str], most: int) -> str:
    """`parts` in one line, at most so many of them by name: "a, b and 3 more"."""
    more = f" and {len(parts) - most} more" if len(parts) > most else ""
    return ", ".join(parts[:most]) + more


def quoted(name: str) -> str:
    """A file name as one line of a terminal can show it; odd ones as a shell reads them: $'caf\\xe9'.

    Bytes that aren't UTF-8 are the surrogates that Python makes of them.
    """
    if name.isprintable():
        return name
    plain = "".join(_escaped(letter) for letter in name)
    return f"$'{plain}'"


def _escaped(letter: str) -> str:
    if letter in "\\'":
        return f"\\{letter}"
    if letter.isprintable():
        return letter
    if "\udc80" <= letter <= "\udcff":
        return f"\\x{ord(letter) - 0xDC00:02x}"
    return "".join(f"\\x{byte:02x}" for byte in letter.encode("utf-8", "surrogatepass"))
