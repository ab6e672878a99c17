"""What one classic neighbour is granted beyond the rules, on one connection: see `tolerance`, which alone writes it."""

from __future__ import annotations


class Grants:
    """Bits and times, so that none of it can grow. Those of a fleet neighbour stay as they are here."""

    def __init__(self, now: float = 0.0) -> None:
        self.announced = 0  # set: what its bitfield and its haves said
        self.late_seed = False  # listed with the file, it didn't announce all of it in time
        self.tells = False  # it announces pieces when it gets them
        # What it asked for:
        self.kept = 0  # set: while it was choked, or again too soon
        self.waiting = 0  # set: while as many as allowed were being served
        self.pending = 0  # set: queued, or with the writer
        self.sent = 0  # set: sent on this connection, and not asked for again
        self.recent = [0, 0]  # sets: sent in this stretch of REPEAT_SECONDS, and in the last one
        self.turned = now  # when `recent` was last turned over
        self.requests = 0
        self.repeats = 0
        # Whether it is stuck:
        self.looked = now
        self.idle = 0.0  # seconds that it could have asked for something and didn't
        self.nudges = 0
        self.pushed = False  # a piece was sent to it unasked since its last request
        self.wanting = now  # when it last was interested, or lacked nothing; pauses of ours are added
        self.counts = False  # whether it is counted as interested
        self.took_all = False  # it was sent everything that it lacked
        self.unacked = 0  # bytes
