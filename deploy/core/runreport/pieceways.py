"""The way of each piece: when each host got it, and from whom; and how often the seeds sent it."""

from __future__ import annotations

import binascii
from array import array
from typing import Any

from deploy.core.runreport.recorded import Recorded
from deploy.core.runreport.transfers import pairs_of

MOST_COLUMNS = 512
MOST_CELLS = 256_000  # of the picture: three bytes each
LATEST = 254  # the last moment of a picture, whose times are bytes
NEVER = 255  # a piece that wasn't fetched: the host had it, or hasn't got it
NOBODY = 0xFFFF


def ways_of(recorded: Recorded) -> dict[str, Any]:
    """For the page: a row for each peer that fetched a piece, a column for one piece or some that follow each other.

    `times` (a byte a cell: 0 to LATEST of `seconds`, or NEVER) and `sources` (two bytes, little-endian: the place in
    `peers`, or NOBODY: not told) go row by row, in base64. Of several pieces the one that came last counts.
    """
    peers = {place.peer: at for at, place in enumerate(recorded.places)}
    fetched = {place.peer: recorded.pieces(place.peer) for place in recorded.places}
    rows = [peer for peer, notes in fetched.items() if notes]
    noted = -(-recorded.total // recorded.every)
    columns = max(1, min(noted, MOST_COLUMNS, MOST_CELLS // max(1, len(rows))))
    times, sources = bytearray([NEVER]) * (columns * len(rows)), array("H", [NOBODY]) * (columns * len(rows))
    seeds = {place.peer for place in recorded.places if place.seed}
    copies = [0] * columns
    every, scale = recorded.every, LATEST / recorded.end
    for row, peer in enumerate(rows):
        first, last = row * columns, columns - 1
        for when, note in fetched[peer]:
            source, piece, _ = note.values
            column = min(last, piece // every * columns // max(1, noted))
            times[first + column] = min(LATEST, max(0, int(scale * when)))
            sources[first + column] = peers.get(source, NOBODY)
            copies[column] += source in seeds
    return {
        "rows": [peers[peer] for peer in rows],
        "columns": columns,
        "noted": noted,
        "total": recorded.total,
        "seconds": recorded.end,
        "times": _text(bytes(times)),
        "sources": _text(_little(sources)),
        "copies": [round(count * columns / max(1, noted), 2) for count in copies],
    }


def _text(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).decode()


def _little(numbers: array[int]) -> bytes:
    return b"".join(number.to_bytes(2, "little") for number in numbers)


def seed_copies(recorded: Recorded) -> list[list[Any]]:
    """For the page: of each seed its place, the bytes that it sent, and how many copies of the payload these are."""
    sent: dict[int, int] = {}
    for (sender, _), count in pairs_of(recorded).items():
        sent[sender] = sent.get(sender, 0) + count
    seeds = [(at, place.peer) for at, place in enumerate(recorded.places) if place.seed]
    size = max(1, recorded.size)
    return [[at, sent.get(peer, 0), round(sent.get(peer, 0) / size, 3)] for at, peer in seeds]
