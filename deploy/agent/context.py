"""What a handler gets together with its request: the swarm's folder, a deadline, and the line to the operator."""

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
