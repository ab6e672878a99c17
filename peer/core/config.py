"""Reads and writes the two classic configuration files, Common.cfg and PeerInfo.cfg."""

from __future__ import annotations

import re
from typing import Dict, List, Mapping, Tuple

from peer.core.errors import ConfigError
from peer.core.folder import COMMON, PEER_INFO
from peer.core.tuples import NamedTuple

MAX_PEER_ID = 2**32 - 1  # the handshake carries four bytes
MAX_PIECE_SIZE = 2**31 - 16  # a piece message's length has to fit into what foreign peers read as a signed number
MAX_PIECES = 2**24  # every peer keeps some sets of so many bits; a deployment allows fewer


class Common(NamedTuple):
    """What all classic peers of a swarm agree on; intervals in seconds, sizes in bytes."""

    preferred: int
    unchoking: float
    optimistic: float
    file_name: str
    file_size: int
    piece_size: int


class PeerRow(NamedTuple):
    """One line of PeerInfo.cfg."""

    peer_id: int
    host: str
    port: int
    has_file: bool


_COMMON_KEYS = (
    "NumberOfPreferredNeighbors",
    "UnchokingInterval",
    "OptimisticUnchokingInterval",
    "FileName",
    "FileSize",
    "PieceSize",
)

_NO_LETTERS = re.compile("[^A-Za-z]")
Located = Tuple[str, str]  # a value, and the `file:line` it comes from


def _missing(key: str, values: Mapping[str, Located], source: str) -> ConfigError:
    """The error for a key that isn't there, with the line that seems to mean it: `filesize 5` or `FileSize=5`."""
    for word, (_, where) in values.items():
        if _NO_LETTERS.split(word, 1)[0].lower() == key.lower():
            return ConfigError(where, f"{key} is missing, and '{word}' isn't it", f"write '{key} <value>'")
    return ConfigError(source, f"{key} is missing", f"add a line '{key} <value>'")


def parse_common(text: str, source: str = COMMON) -> Common:
    """Common.cfg's text as a `Common`; unknown keys are left alone. Raises ConfigError."""
    values: Dict[str, Located] = {}
    for where, line in _lines(text, source):
        key, value = [*line.split(None, 1), ""][:2]
        if key in values:
            raise ConfigError(where, f"{key} is here a second time", "keep one of the two lines")
        values[key] = (value, where)
    for key in _COMMON_KEYS:
        if key not in values:
            raise _missing(key, values, source)
    common = Common(
        preferred=_integer(values[_COMMON_KEYS[0]], _COMMON_KEYS[0], least=0),
        unchoking=_seconds(values[_COMMON_KEYS[1]], _COMMON_KEYS[1]),
        optimistic=_seconds(values[_COMMON_KEYS[2]], _COMMON_KEYS[2]),
        file_name=_file_name(values[_COMMON_KEYS[3]]),
        file_size=_integer(values[_COMMON_KEYS[4]], _COMMON_KEYS[4], least=0),
        piece_size=_integer(values[_COMMON_KEYS[5]], _COMMON_KEYS[5], least=1, most=MAX_PIECE_SIZE),
    )
    _check_piece_count(common, values[_COMMON_KEYS[5]][1])
    return common


def format_common(common: Common) -> str:
    """The text of Common.cfg; whole seconds are written as integers, because foreign peers read integers."""
    values = (
        common.preferred,
        _plain(common.unchoking),
        _plain(common.optimistic),
        common.file_name,
        common.file_size,
        common.piece_size,
    )
    return "".join(f"{key} {value}\n" for key, value in zip(_COMMON_KEYS, values))


def parse_peer_info(text: str, source: str = PEER_INFO) -> Tuple[PeerRow, ...]:
    """PeerInfo.cfg's rows in their order, which is the order of starting. Raises ConfigError."""
    rows: List[PeerRow] = []
    seen: Dict[int, str] = {}
    for where, line in _lines(text, source):
        row = _peer_row(line, where)
        if row.peer_id in seen:
            problem = f"peer {row.peer_id} is at {seen[row.peer_id]} already"
            raise ConfigError(where, problem, "give each peer an ID of its own")
        seen[row.peer_id] = where
        rows.append(row)
    if not rows:
        raise ConfigError(source, "it names no peer", "add a line 'peerID host port hasFile' for each peer")
    return tuple(rows)


def format_peer_info(rows: Tuple[PeerRow, ...]) -> str:
    """The text of PeerInfo.cfg."""
    return "".join(f"{row.peer_id} {row.host} {row.port} {int(row.has_file)}\n" for row in rows)


def row_of(rows: Tuple[PeerRow, ...], peer_id: int, source: str = PEER_INFO) -> PeerRow:
    """The row of one peer. Raises ConfigError for an unknown ID."""
    for row in rows:
        if row.peer_id == peer_id:
            return row
    known = ", ".join(str(row.peer_id) for row in rows[:8]) + (", ..." if len(rows) > 8 else "")
    raise ConfigError(source, f"it names no peer {peer_id}", f"start one of {known}, or add a line for it")


def _lines(text: str, source: str) -> List[Tuple[str, str]]:
    """The lines that aren't blank, each with its `file:line`, without CR and the blanks around them."""
    numbered = enumerate(text.lstrip("\ufeff").split("\n"), 1)
    stripped = ((f"{source}:{number}", line.strip()) for number, line in numbered)
    return [(where, line) for where, line in stripped if line and not line.startswith("#")]


def _peer_row(line: str, where: str) -> PeerRow:
    words = line.split()
    if len(words) != 4:
        raise ConfigError(where, f"{len(words)} words where 4 belong", "write 'peerID host port hasFile(1/0)'")
    peer_id = _integer((words[0], where), "the peer ID", least=0, most=MAX_PEER_ID)
    port = _integer((words[2], where), "the port", least=1, most=65535)
    if words[3] not in ("0", "1"):
        raise ConfigError(where, f"hasFile is '{words[3]}'", "write 1 (starts with the file) or 0")
    return PeerRow(peer_id, words[1], port, words[3] == "1")


def _integer(value: Located, name: str, least: int, most: int = 2**63 - 1) -> int:
    text, where = value
    if not (text.isascii() and text.isdigit()):
        raise ConfigError(where, f"{name} is '{text}', not a whole number", f"write a number of at least {least}")
    number = int(text) if len(text) < 20 else most + 1
    if not least <= number <= most:
        raise ConfigError(where, f"{name} is {text[:30]}", f"write a number from {least} to {most}")
    return number


def _seconds(value: Located, name: str) -> float:
    text, where = value
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < 1e6:
        raise ConfigError(where, f"{name} is '{text}'", "write a number of seconds above 0")
    return number


def _file_name(value: Located) -> str:
    name, where = value
    if not name or name in (".", "..") or any(character in name for character in "/\\\0"):
        raise ConfigError(where, f"FileName is '{name}'", "write a plain file name without a folder")
    return name


def _check_piece_count(common: Common, where: str) -> None:
    pieces = -(-common.file_size // common.piece_size)
    if pieces > MAX_PIECES:
        problem = f"FileSize {common.file_size} makes {pieces} pieces of {common.piece_size} bytes"
        least = -(-common.file_size // MAX_PIECES)
        raise ConfigError(where, problem, f"write a larger PieceSize, of at least {least}")


def _plain(seconds: float) -> str:
    return str(int(seconds)) if seconds == int(seconds) else str(seconds)
