"""The event log's lines: the one place that writes and reads their exact, classic texts."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Optional, Sequence, Tuple

from peer.core.tuples import NamedTuple

# Each kind of line, as PROTOCOL.md ("Event log: exact texts") gives it; {me} and {other} are peer IDs.
_TEXTS = {
    "dialled": "Peer {me} makes a connection to Peer {other}.",
    "accepted": "Peer {me} is connected from Peer {other}.",
    "preferred": "Peer {me} has the preferred neighbors {others}.",
    "optimistic": "Peer {me} has the optimistically unchoked neighbor {other}.",
    "unchoked": "Peer {me} is unchoked by {other}.",
    "choked": "Peer {me} is choked by {other}.",
    "have": "Peer {me} received the 'have' message from {other} for the piece {piece}.",
    "interested": "Peer {me} received the 'interested' message from {other}.",
    "not interested": "Peer {me} received the 'not interested' message from {other}.",
    "piece": "Peer {me} has downloaded the piece {piece} from {other}. Now the number of pieces it has is {owned}.",
    "complete": "Peer {me} has downloaded the complete file.",
}
KINDS = tuple(_TEXTS)
TIME_FORMAT = "%Y-%m-%d %H:%M:%S"


class Entry(NamedTuple):
    """One line of an event log; fields that its kind doesn't have are None. `kind` is one of KINDS."""

    kind: str
    me: int
    other: Optional[int] = None
    piece: Optional[int] = None
    owned: Optional[int] = None  # pieces that `me` has now
    others: str = ""  # IDs as the line has them: "1002, 1003"
    time: str = ""  # "YYYY-MM-DD HH:MM:SS", local time of the peer


def format_entry(entry: Entry) -> str:
    """The line's text without its time and line end."""
    return _POSITIONAL[entry.kind].format(*entry)


def format_others(peer_ids: Sequence[int]) -> str:
    """The list of a `preferred` line."""
    return ", ".join(str(peer_id) for peer_id in peer_ids)


def parse_line(line: str) -> Optional[Entry]:
    """A complete line (with its time) as an Entry; None for anything that isn't exactly one of the classic lines."""
    if line[19:21] != ": " or not re.match(_TIME, line):
        return None
    for kind, pattern in _patterns():
        match = pattern.fullmatch(line, 21)
        if match:
            fields = {name: text if name == "others" else int(text) for name, text in match.groupdict().items()}
            return Entry(kind, time=line[:19], **fields)  # type: ignore[arg-type]
    return None


@lru_cache(maxsize=None)
def _patterns() -> "Tuple[Tuple[str, re.Pattern[str]], ...]":
    """Compiled when the first line is read: a peer only writes, and should start quickly."""
    return tuple((kind, _pattern(text)) for kind, text in _TEXTS.items())


def _pattern(text: str) -> "re.Pattern[str]":
    # Ten digits hold the four bytes of any ID or piece; a longer row of them could keep `int` busy.
    numbers = re.sub(r"\\{(me|other|piece|owned)\\}", r"(?P<\1>[0-9]{1,10})", re.escape(text))
    return re.compile(numbers.replace(r"\{others\}", r"(?P<others>[0-9, ]*)"))


# The same texts with the places of Entry's fields: thousands of lines a second are formatted.
_POSITIONAL = {
    kind: text.format_map({field: "{%d}" % place for place, field in enumerate(Entry._fields)})
    for kind, text in _TEXTS.items()
}

_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}"
