"""Sizes and rates as people write them: "20MiB" to bytes and back. All code that reads or prints sizes uses it.

KiB, MiB, GiB and TiB are powers of 1024 (as are the bare letters K, M, G, T); kB, MB, GB and TB are powers
of 1000. A number alone is bytes. Case does not matter.
"""

from __future__ import annotations

import re
from typing import Dict

_BINARY = ("KiB", "MiB", "GiB", "TiB", "PiB")
_UNITS: Dict[str, int] = {"": 1, "b": 1}
for _power, _name in enumerate(_BINARY, start=1):
    _UNITS[_name.lower()] = _UNITS[_name[0].lower()] = 1024**_power
    _UNITS[_name[0].lower() + "b"] = 1000**_power

# At most 18 digits: enough for a disk of any make, too few to keep a CPU busy with a hostile number.
_SIZE = r"(?a)([0-9]{1,18})(?:\.([0-9]{1,9}))?\s*([A-Za-z]*)"  # not compiled at each start


def parse_size(text: str) -> int:
    """The number of bytes in `text`, such as "20MiB", "1.5 GiB", "64K" or "20971520".

    Raises ValueError, with a message of one line, for anything that isn't a whole number of bytes.
    """
    match = re.fullmatch(_SIZE, text.strip())
    unit = _UNITS.get(match.group(3).lower()) if match else None
    if match is None or unit is None:
        raise ValueError(f"{_quoted(text)} is not a size; write bytes or a unit: 20971520, 20MiB or 1.5GiB")
    decimals = match.group(2) or ""
    size, rest = divmod(int(match.group(1) + decimals) * unit, int("1" + "0" * len(decimals)))
    if rest:
        raise ValueError(f"{_quoted(text)} is not a whole number of bytes")
    return size


def format_size(size: float) -> str:
    """`size` in bytes, in three digits or four: "512 B", "20 MiB", "1.46 GiB"."""
    if size < 1024:
        return f"{size:.0f} B"
    value, power = size / 1024, 0
    while value >= 1023.5 and power < len(_BINARY) - 1:  # a value that would print as 1024 gets the next unit
        value, power = value / 1024, power + 1
    return f"{_digits(value)} {_BINARY[power]}"


def format_rate(rate: float) -> str:
    """`rate` in bytes a second: "11.9 MiB/s"."""
    return format_size(rate) + "/s"


def _digits(value: float) -> str:
    decimals = 2 if value < 9.995 else 1 if value < 99.95 else 0
    text = f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if decimals else text


def _quoted(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")
