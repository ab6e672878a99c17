"""The habits of foreign peers that we tolerate: each has a name, which is also what the operator reads.

`docs/foreign-peers.md` says which rule of the protocol each of them breaks. They concern classic neighbours only:
between fleet peers all of this is an error.
"""

from __future__ import annotations

ASKED_CHOKED = "asked while choked and never repeated the request: served once it was unchoked and idle"
IDLE = "unchoked and interested, but asked for nothing: unchoke was sent again"
PUSHED = "asked for nothing in spite of that: missing pieces were sent unasked"
UNINTERESTED = "said it isn't interested although it lacks pieces: counted as interested"
DEEP = "had more requests open than are served at a time: the others waited"
REPEATED = "asked again for a piece that was on its way: sent once"
UNTOLD = "announced no piece that it was sent: counted as having them"
DIALLED_BACK = "lost its connection and didn't dial again: it was dialled"
SHORT_BITFIELD = "sent a bitfield that ends early: the missing bytes were taken for zeros"
LOW_BIT_FIRST = "sent a bitfield with the low bit first: read that way"
SEED_BITFIELD = "starts with the file, but announced less: counted as complete"
AFTER_END = "asked for a piece after the last: ignored"
NEVER_CLOSES = "didn't close its connection at the end: left all the same"
NEVER_UNCHOKES = "never unchoked us: asked for a piece all the same"

ALL = (
    ASKED_CHOKED, IDLE, PUSHED, UNINTERESTED, DEEP, REPEATED, UNTOLD, DIALLED_BACK, SHORT_BITFIELD, LOW_BIT_FIRST,
    SEED_BITFIELD, AFTER_END, NEVER_UNCHOKES, NEVER_CLOSES,
)  # fmt: skip
