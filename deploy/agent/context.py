"""What a verb gets beside its request: whose folder it is about, how long it may take, and the line to the operator."""

from __future__ import annotations

from typing import NamedTuple

from deploy.agent.watchdog import Guard
from deploy.agent.wire import Wire


class Context(NamedTuple):
    """`home`: the swarm's folder as the operator names it; `seconds`: until the operator gives up."""

    home: str
    seconds: float
    wire: Wire
    guard: Guard
