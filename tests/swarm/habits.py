"""How foreign peers bend the protocol, as data: see the last section of the protocol's description."""

from __future__ import annotations

from typing import NamedTuple


class Habits(NamedTuple):
    """One make of foreign peer. The default bends nothing."""

    padding: bytes = bytes(10)
    ascii_id: bool = False
    fleet: bool = False  # it carries our tag in its padding, so it is spoken to as one of ours
    insists_on_zeros: bool = False  # hangs up on a handshake with anything else there
    bitfield: str = "first"  # or "never", "after haves", "after theirs"
    spare_bits: bool = False  # sets the bits after the last piece
    phantom: bool = False  # counts one more, empty piece
    in_parts: bool = False  # writes a message in three pieces, with Nagle on
    repeats: bool = False  # says haves and interested twice, and haves of what was there from the start
    never_loses_interest: bool = False
    window: int = 1  # requests open simultaneously
    chokes_before: str = ""  # every third answer comes after a choke: "answers", or never: "drops"
    answers: int = 1_000_000  # requests answered on a connection; then it is silent
    hangs_up: int = 0  # connections that it closes after so many messages from us ...
    hang_ups: int = 0  # ... the first so many times
    leaves_when_complete: bool = False  # without a word more than its haves
    says: bytes = b""  # nonsense that it sends after its introduction
    flips: bool = False  # a bit of every piece it sends
