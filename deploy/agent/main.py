"""The agent's loop: reads a request, calls its verb, answers, until the operator hangs up."""

from __future__ import annotations

import signal
import sys
from io import BufferedIOBase
from typing import Callable, Dict, cast

from deploy.agent import bundle, children, claim, clean, collect, facts, follow, payload, peers, ports
from deploy.agent.watchdog import IDLE_SECONDS, Guard
from deploy.agent.wire import AgentError, Answer, Request, Wire

VERBS: Dict[str, Callable[[Request], Answer]] = {
    "facts": facts.facts,
    "state": facts.state,
    "claim": claim.claim,
    "prepare": payload.prepare,
    "generate": payload.generate,
    "manifest": payload.manifest,
    "verify": payload.verify,
    "warm": peers.warm,
    "start": peers.start,
    "stop": peers.stop,
    "status": peers.status,
    "clean": clean.clean,
    "listen": ports.listen,
    "unlisten": ports.unlisten,
    "dial": ports.dial,
}
CARRIERS: Dict[str, Callable[[Request, Wire], Answer]] = {
    "receive": bundle.receive,
    "collect": collect.collect,
}  # files come or go with the request
_GRACE = 5.0  # the operator's own deadline comes first, and says what was late


def main() -> None:
    """Serve standard input and output."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, lambda *_: children.leave(130))
    guard = Guard()
    guard.start()
    source = cast(BufferedIOBase, sys.stdin.buffer)  # which typing knows as any binary stream
    wire = Wire(source, sys.stdout.buffer, guard.waiting)
    request = wire.request()
    while request is not None:
        guard.allow(request["deadline"] + _GRACE)
        serve(request, wire, guard)
        peers.reap()
        guard.allow(IDLE_SECONDS)
        request = wire.request()


def serve(request: Request, wire: Wire, guard: Guard) -> None:
    """Answer one request, whatever happens: an error is an answer too."""
    try:
        verb = request["verb"]
        if verb == "follow":
            follow.follow(request, guard)
        wire.answer(CARRIERS[verb](request, wire) if verb in CARRIERS else VERBS[verb](request))
    except AgentError as error:
        wire.fail(str(error), error.remedy)
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        wire.fail(f"{(error.strerror or str(error)).lower()}{where}", "")
    except (KeyError, TypeError, ValueError) as error:
        wire.fail(f"the agent failed: {type(error).__name__}: {error}", "please report it: a fault of Weft")
