"""Reads a file of link rates: a line a peer, 'up down' or one number for both, in Mbit/s; '#' begins a comment."""

from __future__ import annotations

from typing import List

from peer.core.counting import count_of
from tools.sim.limit import BYTES_PER_MBIT
from tools.sim.wires import Rates


class RateError(Exception):
    """What is wrong with the rates, where, and what to write instead, in one line."""


def read(path: str) -> List[Rates]:
    """The rates in a file, in its order. Raises RateError."""
    try:
        with open(path, encoding="utf-8") as file:
            return parse(file.read(), path)
    except OSError as error:
        raise RateError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise RateError(f"{path}: not a text file") from None


def parse(text: str, source: str) -> List[Rates]:
    """The rates in `text`, as bytes a second. Raises RateError."""
    rates = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if words:
            rates.append(_rates(words, f"{source}:{number}"))
    if len(rates) < 2:
        raise RateError(
            f"{source}: {count_of(len(rates), 'peer')}: write a line for the seed and one for each receiver"
        )
    return rates


def _rates(words: List[str], where: str) -> Rates:
    try:
        numbers = [float(word) * BYTES_PER_MBIT for word in words]
    except ValueError:
        numbers = []
    if len(numbers) not in (1, 2) or not all(0 < number < 1e13 for number in numbers):
        raise RateError(f"{where}: '{' '.join(words)}': write 'up down' in Mbit/s, as 100 100")
    return Rates(numbers[0], numbers[-1])
