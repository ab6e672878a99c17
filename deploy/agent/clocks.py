"""The deadlines by which operator and agent notice that the other is gone, in seconds, and how they are related."""

from __future__ import annotations

# Between two requests. An agent ends when nobody has asked it for anything for IDLE; an operator replaces an agent that
# has rested for REST, before it can happen that a request meets one that is just ending: REST < IDLE, with room for
# a request that is under way (hosts/host.py:CALL_SECONDS).
IDLE = 180.0
REST = 120.0

# During a request. The operator's own deadline comes GRACE before the agent's, since only the operator can say what was
# late. The agent gives up a transfer that brings no byte for STALL, because a cut line looks like a slow one.
# STALL < IDLE: an operator who was cut off keeps his claim on a swarm no longer than IDLE.
GRACE = 5.0
STALL = 25.0

# Work that grows with the payload (hashing, sending, cleaning) has no deadline: it may take as long as it goes forward.
# The agent tells each TELL how far it is, while it gets on, and every sign renews the deadlines of both. Where nothing
# goes forward for STANDSTILL (a disk that is dead or lost its cable), the agent says so. An agent that hangs itself
# can't: the operator waits GRACE longer.
TELL = 1.0
STANDSTILL = 60.0
WORK = STANDSTILL + GRACE

# While the operator follows. The peer's `follow` writes at least an empty line every HEARTBEAT_SECONDS of
# peer/core/followline.py (not imported here: it would be pushed with the agent, which never reads it), and an operator
# who hears nothing for SILENCE connects again after RETRY: a few empty lines may be late. The operator writes an empty
# line every HEARTBEAT (and up to HEARTBEAT_SECONDS later, since it writes between two lines that it reads), and an
# agent that reads none for LEASE ends.
SILENCE = 15.0
RETRY = 2.0
HEARTBEAT = 5.0
LEASE = 30.0

CUT_OFF = f"{IDLE / 60:.0f} minutes"  # how long an operator who was cut off may keep others waiting
