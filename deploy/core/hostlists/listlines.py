"""What the readers of lists share: the lines that hold something, names apart at their commas, and the error."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NoReturn

from deploy.core.inventory import InventoryError, Problem


def refuse(source: str, line: int, text: str) -> NoReturn:
    """Raise InventoryError: `hosts.txt:3: text`."""
    raise InventoryError(source, [Problem(line, "", text)])


def entries(text: str, comments: str = "#") -> Iterator[tuple[int, str]]:
    """Lines that hold something, with their numbers from 1; comments and blanks around them are left out."""
    for number, line in enumerate(text.lstrip("\ufeff").splitlines(), 1):
        kept = line.strip()
        if kept and kept[0] not in comments:
            yield number, kept


def split_names(text: str) -> Sequence[str]:
    """`a,node[1,3-4],b` at the commas that are outside of brackets."""
    parts, depth = [""], 0
    for character in text:
        depth += (character == "[") - (character == "]")
        if character == "," and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts if part.strip()]
