"""Why a peer's copy isn't there, and what to do: by its last status, and whether its process lives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from peer.core.errors import parse_words
from peer.core.status import DONE

AGAIN = "see its log, then run it again"


def why_absent(about: Mapping[str, Any]) -> tuple[str, str]:
    """The reason and the remedy; `about`: what its host says of the peer (`alive`, `status`, `stderr`)."""
    status, alive = about.get("status") or {}, about.get("alive")
    words = parse_words(" ".join(list(about.get("stderr", ()))[-1:]))
    if not status:
        return ("its peer hasn't told anything yet", "wait for it with `fab logs`") if alive else _never(words)
    state, reason = str(status.get("state", "")), str(status.get("reason", ""))
    pieces = f"{status.get('pieces', 0)} of {status.get('total', '?')} pieces"
    if alive:
        return f"still {state}, {pieces} so far", "wait for it with `fab logs`"
    if status.get("exit_code") is None:
        killed = f"killed while {state}, with {pieces}"
        return (f"{killed}: {words}" if words else killed), "`fab up` goes on with what it has"
    if state == DONE or status.get("completed"):
        return "it was complete, and is gone since", "`fab up` brings it again"
    return reason if reason.startswith(state) else f"{state}: {reason}" if reason else state, AGAIN


def _never(words: str) -> tuple[str, str]:
    return f"its peer was never started{f': {words}' if words else ''}", "`fab up` starts it"
