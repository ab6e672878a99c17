"""A trace of a peer that left none here, made of its last status: what it sent, and whether it is complete."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from peer.core import status
from peer.core.status import Status
from peer.core.trace import Head, Trace
from peer.core.tracer import Tracer


def traces_of(about: Mapping[int, Any]) -> dict[int, Trace]:
    """By peer; `about`: what the hosts say of their peers. Damaged statuses give none."""
    found = {}
    for peer, fields in about.items():
        try:
            found[peer] = _trace(status.from_fields(fields["status"]))
        except ValueError:
            continue
    return found


def _trace(last: Status) -> Trace:
    head = Head(last.peer, last.run, last.started, last.total, last.size, 1)
    return Trace(head, Tracer(last.total).status(last, max(0, round(1000 * (last.updated - last.started)))))
