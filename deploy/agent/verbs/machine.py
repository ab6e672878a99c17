"""What an operator asks of a host as a machine: its facts, who reaches whom, and connections to carry."""

from __future__ import annotations

from typing import Dict, Optional, Tuple, Type

from deploy.agent.verbs.done import Done
from peer.core.tuples import NamedTuple


class PeerPort(NamedTuple):
    """The port that a peer shall listen on."""

    peer: int
    port: int


class Machine(NamedTuple):
    """A host. `tls`: "", or why its Python can't speak it; `writable`: "", or why the swarm's folder can't be written.

    `ports`: "" if free, "ours", or why not.
    """

    clock: float  # since the epoch
    python: str
    user: str
    name: str
    home: str
    tls: str
    writable: str
    free: Optional[int]  # None where it can't be told
    ends_sessions: bool  # systemd ends the user's processes at the last logout
    ports: Dict[int, str]


class Facts(NamedTuple):
    """What `check` wants to know of a host."""

    ports: Tuple[PeerPort, ...] = ()

    def answer(self) -> Type[Machine]:
        return Machine


class Listening(NamedTuple):
    """The ports that can't be had, with the reason."""

    problems: Dict[int, str]


class Listen(NamedTuple):
    """Listen on these ports until `Unlisten`, or until the agent ends; whoever comes gets packets of full size."""

    ports: Tuple[int, ...]

    def answer(self) -> Type[Listening]:
        return Listening


class Unlisten(NamedTuple):
    """Close all that `Listen` opened."""

    def answer(self) -> Type[Done]:
        return Done


class Target(NamedTuple):
    """A peer port of another host."""

    host: str
    port: int


class Unreached(NamedTuple):
    """A target that didn't answer, and why. `narrow`: it did, but no packet of full size gets there, or back."""

    host: str
    port: int
    reason: str
    narrow: bool


class Dialled(NamedTuple):
    """The targets that failed."""

    problems: Tuple[Unreached, ...]


class Dial(NamedTuple):
    """Connect to each target, `within` seconds for one, and exchange packets of full size with it."""

    targets: Tuple[Target, ...]
    within: float

    def answer(self) -> Type[Dialled]:
        return Dialled


class Relay(NamedTuple):
    """Carry connections: those that the operator opens with these peers and, if it `invites`, those of peers here.

    From the answer on, the line carries frames; see deploy/agent/frames.py.
    """

    ports: Tuple[PeerPort, ...]
    invites: bool

    def answer(self) -> Type[Done]:
        return Done
