"""A peer that notes when it asks, sends and stores: python -m rigs.benchmark.tracedpeer 1001 --dir FOLDER.

All else is `python -m peer`. At its end the notes are in trace_<id>.json, by the steady clock that all processes of
this machine share. Standard library only, as the peer.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any, Callable, Dict, List, Tuple

from peer.core import events as ev
from peer.core import messages
from peer.core.swarm import Swarm
from peer.edge.commands import main

MET, ASKED, ASK, OFFER, SENDING, SENT, STORED, FINISHED = (
    "met", "asked", "ask", "offer", "sending", "sent", "stored", "finished",
)  # fmt: skip
_MESSAGES = {messages.REQUEST: ASK, messages.HAVE: OFFER}

Note = Tuple[float, str, int, int]  # when, what, which neighbour, which piece; 0 where there is none


def name_of(peer: int) -> str:
    """The file of a peer's notes."""
    return f"trace_{peer}.json"


def read(path: "os.PathLike[str]") -> List[Note]:
    """A peer's notes, in the order of time."""
    with open(path) as file:
        return [(when, what, peer, piece) for when, what, peer, piece in json.load(file)]


def of_event(event: Any, now: float) -> List[Note]:
    """What a fact is worth noting."""
    kind = type(event)
    if kind is ev.Received:
        return [(now, ASKED, event.peer, event.message.value)] if event.message.type == messages.REQUEST else []
    words = {ev.Connected: MET, ev.PieceSent: SENT, ev.PieceStored: STORED, ev.Finished: FINISHED}
    return [(now, words[kind], getattr(event, "peer", 0), getattr(event, "piece", 0))] if kind in words else []


def of_effect(effect: Any, now: float) -> List[Note]:
    """What an action is worth noting."""
    if type(effect) is ev.SendPiece:
        return [(now, SENDING, effect.peer, effect.piece)]
    word = _MESSAGES.get(effect.message.type) if type(effect) is ev.Send else None
    return [(now, word, effect.peer, effect.message.value)] if word else []


def _trace(notes: List[Note]) -> None:
    handle: Callable[[Swarm, Any, float], List[Any]] = Swarm.handle

    def noting(swarm: Swarm, event: Any, now: float) -> List[Any]:
        effects = handle(swarm, event, now)
        notes.extend(of_event(event, now))
        for effect in effects:
            notes.extend(of_effect(effect, now))
        return effects

    Swarm.handle = noting  # type: ignore[method-assign,assignment]


def run(arguments: List[str]) -> int:
    notes: List[Note] = []
    _trace(notes)
    known: Dict[str, str] = dict(zip(arguments, arguments[1:]))
    try:
        return main(arguments)
    finally:
        with open(os.path.join(known["--dir"], name_of(int(arguments[0]))), "w") as file:
            json.dump(notes, file)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
