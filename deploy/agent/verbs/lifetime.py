"""What an operator asks about the peers' lives: start, stop, status, and their lines as they come."""

from __future__ import annotations

from typing import Any, Dict, Optional, Tuple, Type

from deploy.agent.verbs.done import Done
from peer.core.tuples import NamedTuple


class Warm(NamedTuple):
    """Load these peers, so that `start` has less to wait for. `absent`: see `Start`."""

    peers: Tuple[int, ...]
    absent: Tuple[int, ...] = ()

    def answer(self) -> Type[Done]:
        return Done


class Started(NamedTuple):
    """A peer that listens, or that ended: with `code` (None: it was killed, being late) and the `reason`."""

    peer: int
    listening: bool
    already: bool = False  # it ran before
    pid: Optional[int] = None
    code: Optional[int] = None
    reason: str = ""
    state: str = ""  # its last status
    tail: Tuple[str, ...] = ()  # the end of its standard error


class Start(NamedTuple):
    """Start one peer; the answer comes when it listens or has ended, at the latest after `within` seconds.

    `absent`: peers that it shouldn't wait for, since they won't take part.
    """

    peer: int
    within: float
    absent: Tuple[int, ...] = ()

    def answer(self) -> Type[Started]:
        return Started


class Cap(NamedTuple):
    """Let the peers here together send and receive so many bytes a second; 0: any number, None: as it is."""

    up: Optional[float]
    down: Optional[float]

    def answer(self) -> Type[Done]:
        return Done


class Stopped(NamedTuple):
    """How each peer ended: at TERM, at KILL, not at all; or it wasn't running."""

    stopped: Tuple[int, ...]
    killed: Tuple[int, ...]
    left: Tuple[int, ...]
    idle: Tuple[int, ...]


class Stop(NamedTuple):
    """Send TERM to these peers (none named: to all here), and KILL to those that live after `within` seconds.

    `others`: and to all that work in the swarm's folder, as the inventory may have been another when they were started.
    """

    peers: Tuple[int, ...]
    within: float
    others: bool = False

    def answer(self) -> Type[Stopped]:
        return Stopped


class About(NamedTuple):
    """One peer. `status`: its status file, None before its first start; `stderr`: the end of its standard error."""

    peer: int
    alive: bool
    status: Optional[Dict[str, Any]]
    stderr: Tuple[str, ...]


class Statuses(NamedTuple):
    """The run that the folder holds, free bytes (None: unknown), and the peers that were asked for."""

    run: str
    home: str
    free: Optional[int]
    peers: Tuple[About, ...]


class Status(NamedTuple):
    """How are these peers?"""

    peers: Tuple[int, ...]

    def answer(self) -> Type[Statuses]:
        return Statuses


class Follow(NamedTuple):
    """Stream the peers' lines, in each log from its offset on; with `until_done` until all have ended.

    `leave_out`: kinds of log lines that aren't sent; `pace`: seconds between two statuses of a peer that lives.
    """

    offsets: Dict[int, int]
    until_done: bool
    leave_out: Tuple[str, ...] = ()
    pace: float = 0.0

    def answer(self) -> Type[Done]:
        return Done
