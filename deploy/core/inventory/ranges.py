"""Host ranges: `node[01-16]` to names, and names back to ranges."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import product
from typing import NamedTuple

MAX_NAMES = 10_000  # a typing error such as [1-99999999] must not fill the memory

_BRACKETS = re.compile(r"\[([^\[\]]*)\]")
_PART = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?", re.ASCII)
_DIGITS = re.compile(r"[0-9]{1,9}", re.ASCII)


class RangeError(ValueError):
    """A range that can't be read; `str(error)` gives the reason and the remedy."""


def expand(text: str) -> tuple[str, ...]:
    """`node[01-03,7]` -> node01, node02, node03, node7; a text without brackets is itself.

    Two ranges in one text give every combination. Raises RangeError, also for more than MAX_NAMES names.
    """
    pieces = _BRACKETS.split(text)  # text outside and inside brackets, alternating
    if any(bracket in outside for outside in pieces[::2] for bracket in "[]"):
        raise RangeError(f"'{_short(text)}' has an unmatched bracket; write a range like node[01-16]")
    columns = [(piece,) if index % 2 == 0 else _numbers(piece) for index, piece in enumerate(pieces)]
    count = 1
    for column in columns:
        count *= len(column)
    if count > MAX_NAMES:
        raise RangeError(f"'{_short(text)}' makes {count} names; at most {MAX_NAMES} are possible")
    return tuple("".join(parts) for parts in product(*columns))


def has_range(text: str) -> bool:
    """True if `text` has brackets in it, well formed or not."""
    return "[" in text or "]" in text


def fold(names: Iterable[str]) -> str:
    """Names in one short text: `alpha, node[01-03,07]`; expanding gives the same names back."""
    return ", ".join(fold_list(names))


def fold_list(names: Iterable[str]) -> tuple[str, ...]:
    """Names as few short texts, in the order of their first name; each is a name, or a range for `expand`."""
    texts = {name: place for place, name in enumerate(dict.fromkeys(names))}
    found: dict[str, int] = {}  # folded texts, which no later pass touches
    runs = max((len(_DIGITS.findall(name)) for name in texts), default=0)
    for back in range(1, runs + 1):  # most names differ in their last number, so it is tried first
        for group in _alike(texts, back):
            if len(group) > 1:
                found[_fold_group(group)] = min(texts.pop(number.name) for number in group)
    return tuple(sorted({**texts, **found}, key=lambda text: found.get(text, texts.get(text, 0))))


class _Number(NamedTuple):
    """One number in a name, with the text around it. `width` 0: written without leading zeros."""

    name: str
    before: str
    digits: str
    after: str


def _numbers(inside: str) -> tuple[str, ...]:
    """The texts that `01-03,7` names."""
    found: list[str] = []
    for part in inside.split(","):
        match = _PART.fullmatch(part.strip())
        if not match:
            raise RangeError(f"'[{_short(inside)}]' isn't a range; write numbers like [01-16] or [1-4,7]")
        found.extend(_run(match.group(1), match.group(2) or match.group(1)))
        if len(found) > MAX_NAMES:
            raise RangeError(f"'[{inside}]' makes more than {MAX_NAMES} names")
    return tuple(found)


def _run(first: str, last: str) -> list[str]:
    """`08`, `10` -> 08, 09, 10."""
    padded = any(len(text) > 1 and text[0] == "0" for text in (first, last))
    if padded and len(first) != len(last):
        wide = max(len(first), len(last))
        remedy = f"[{first.zfill(wide)}-{last.zfill(wide)}]"
        raise RangeError(f"'[{first}-{last}]' has bounds of different width; write {remedy}")
    low, high = int(first), int(last)
    if low > high:
        raise RangeError(f"'[{first}-{last}]' is descending; write [{last}-{first}]")
    if high - low >= MAX_NAMES:
        raise RangeError(f"'[{first}-{last}]' makes {high - low + 1} names; at most {MAX_NAMES} are possible")
    return [str(number).zfill(len(first) if padded else 0) for number in range(low, high + 1)]


def _alike(names: Iterable[str], back: int) -> list[list[_Number]]:
    """Names that differ only in their `back`-th number from the end, and pad it alike."""
    numbers = [number for number in (_number(name, back) for name in names) if number]
    padded = {(*_key(number), len(number.digits)) for number in numbers if _zero_led(number.digits)}
    groups: dict[tuple[str, str, int], list[_Number]] = {}
    for number in numbers:
        key = (*_key(number), len(number.digits))  # 10 follows 09 if there is one, else 9
        groups.setdefault(key if key in padded else (*_key(number), 0), []).append(number)
    return list(groups.values())


def _number(name: str, back: int) -> _Number | None:
    runs = list(_DIGITS.finditer(name))
    if len(runs) < back:
        return None
    run = runs[-back]
    return _Number(name, name[: run.start()], run.group(), name[run.end() :])


def _key(number: _Number) -> tuple[str, str]:
    return number.before, number.after


def _zero_led(digits: str) -> bool:
    return len(digits) > 1 and digits[0] == "0"


def _fold_group(group: list[_Number]) -> str:
    ordered = sorted(group, key=lambda number: int(number.digits))
    runs: list[list[str]] = []
    for number in ordered:
        if runs and int(number.digits) == int(runs[-1][-1]) + 1:
            runs[-1].append(number.digits)
        else:
            runs.append([number.digits])
    parts = (run[0] if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
    return f"{group[0].before}[{','.join(parts)}]{group[0].after}"


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."
