"""The agent's loop: reads a request, calls its verb, answers, until the operator hangs up."""

from __future__ import annotations

import signal
import sys
from io import BufferedIOBase
from typing import Any, Callable, Mapping, cast

from deploy.agent import claimnote, clocks, refusals, wards
from deploy.agent.context import Context
from deploy.agent.lines import OTHER_VERSION, Envelope, verb_of
from deploy.agent.meter import Meter
from deploy.agent.typed import Mismatch, from_fields
from deploy.agent.watchdog import Guard
from deploy.agent.wire import AgentError, Wire
from peer.core.mark import Mark
from peer.edge.pulse import listen

Handler = Callable[[Any, Context], Any]


def serve_all(handlers: Mapping[Any, Handler]) -> None:
    """Serve standard input and output. `handlers`: who answers each kind of request."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, lambda *_: wards.leave(130))
    guard = Guard()
    guard.start()
    source = cast(BufferedIOBase, sys.stdin.buffer)  # which typing knows as any binary stream
    wire = Wire(source, sys.stdout.buffer, guard.waiting)
    try:
        envelope = wire.request()
        while envelope is not None:
            guard.allow(envelope.deadline + clocks.GRACE)
            _serve(envelope, handlers, wire, guard)
            wards.reap()
            guard.allow(clocks.IDLE)
            envelope = wire.request()
    except Mismatch as error:  # without an envelope nobody knows where the next line begins
        wire.fail(f"the agent can't read what it is asked: {error}", OTHER_VERSION)


def _serve(envelope: Envelope, handlers: Mapping[Any, Handler], wire: Wire, guard: Guard) -> None:
    """Answer one request, whatever happens: an error is an answer too."""
    try:
        kind = next((one for one in handlers if verb_of(one) == envelope.verb), None)
        if kind is None:
            raise AgentError(f"the agent doesn't know `{envelope.verb}`", OTHER_VERSION)
        request = from_fields(kind, envelope.fields, f"the agent can't read `{envelope.verb}`")
        meter = _meter(envelope, wire, guard)
        listen(meter.file)
        wire.answer(handlers[kind](request, Context(envelope.home, wire, guard, meter)))
    except AgentError as error:
        wire.fail(str(error), error.remedy)
    except Mismatch as error:
        wire.fail(str(error), OTHER_VERSION)
    except Exception as error:  # whatever it is, the operator's line to this host stays of use
        wire.fail(*refusals.told(error, envelope.home))


def _meter(envelope: Envelope, wire: Wire, guard: Guard) -> Meter:
    """Counts for a request; whatever it tells keeps the agent alive."""

    def tell(mark: Mark) -> None:
        guard.renew()
        claimnote.tell(mark)
        wire.tell(mark)

    return Meter(f"`{envelope.verb}`", tell)
