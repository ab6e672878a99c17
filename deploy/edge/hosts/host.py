"""One host as the tasks see it: ask its agent for something, follow its peers; connects when first needed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from typing import Protocol, TypeVar

from deploy.agent import clocks, verbs
from deploy.agent.lines import Request
from deploy.core.inventory import Host
from deploy.edge.hosts import agentsource
from deploy.edge.hosts.agent import NO_BODY, Agent, Body, OnPart
from deploy.edge.hosts.deadline import Deadline, Silence
from deploy.edge.hosts.pipe import Pipe
from peer.core.followline import FollowLine
from peer.core.mark import Mark

A = TypeVar("A")
CONNECT_SECONDS = 90.0  # login with all its retries, through a bastion too
AGENT_SECONDS = 20.0  # a host's Python, from cold
CALL_SECONDS = 30.0  # a small request, or between two signs that it goes forward
WORK_SECONDS = clocks.WORK  # the same of one that reads or writes the payload, whose disk may be slow to wake


class Transport(Protocol):
    """A way to a host: SSH, or none where the host is this machine."""

    def connect(self, deadline: Deadline) -> None: ...
    def open(self, deadline: Deadline) -> Pipe: ...
    def close(self) -> None: ...


class HostLink:
    """A host, the way to it and, from the first request on, an agent on it. `home` is the swarm's folder there."""

    def __init__(self, host: Host, transport: Transport, home: str) -> None:
        self.host = host
        self.name = host.name
        self.home = home
        self._transport = transport
        self._agent: Agent | None = None
        self.mark: Mark | None = None  # how far the present request is, or the last one was; read by other threads
        self._silence = Silence(0)
        self._rested = 0.0  # since when the agent has had nothing to do
        self._following: Agent | None = None
        self._followed = False  # a swarm runs, or ran: an agent has nothing any more that a new one lacks
        self._turn = threading.Lock()  # an agent serves one request at a time

    def connect(self) -> None:
        """Log in and have an agent ready, so that the next request costs one round trip. Raises HostError."""
        with self._turn:
            self._ready()

    def ask(
        self,
        request: Request[A],
        seconds: float = CALL_SECONDS,
        body: Body = NO_BODY,
        on_part: OnPart | None = None,
    ) -> A:
        """One request about the swarm's folder, and its answer. Raises HostError.

        It may take any time while it goes forward, and `seconds` from one sign of that to the next.
        """
        with self._turn:
            agent = self._ready()
            self._silence = Silence(seconds)
            try:
                return agent.ask(request, self.home, self._silence, body, on_part, self._note)
            finally:
                self._rested = time.monotonic()

    @property
    def quiet(self) -> float:
        """Seconds since anything went forward in a request; read by other threads."""
        return self._silence.age

    def begin(self) -> None:
        """Forget how far earlier requests were: another task's work begins."""
        self.mark = None
        self._silence = Silence(0)

    def follow(
        self, offsets: Mapping[int, int], until_done: bool, leave_out: tuple[str, ...] = (), pace: float = 0.0
    ) -> Iterator[FollowLine | None]:
        """The lines of all this host's peers, each log from its offset on, and None for a heartbeat; by its own agent.

        `offsets`: bytes, by peer; `leave_out`: kinds of log lines to go without; `pace`: seconds between two statuses
        of a peer. Raises HostError when the stream breaks off.
        """
        agent = self._following = self._open(agentsource.FOLLOWING)
        self._followed = True
        request = verbs.Follow(dict(offsets), until_done, leave_out, pace)
        try:
            yield from agent.follow(request, self.home, Deadline(CALL_SECONDS))
        finally:
            agent.close()

    def relay(self, request: verbs.Relay) -> Pipe:
        """A line of frames to an agent that relays, its own one. Raises HostError."""
        return self._open().hand_over(request, self.home, CALL_SECONDS)

    def unfollow(self) -> None:
        """End `follow`, from another thread."""
        if self._following is not None:
            self._following.close()

    def close(self) -> None:
        """Hang up; whoever waits for an answer gets an error."""
        self.unfollow()
        if self._agent is not None:
            self._agent.close()
        self._transport.close()

    def _note(self, mark: Mark) -> None:
        self.mark = mark

    def _ready(self) -> Agent:
        """The agent. One that is lost with what it held for us, such as a claim, isn't replaced silently."""
        if self._agent is not None and self._is_done_with(self._agent):
            self._agent.close()
        if self._agent is None or self._agent.broken:
            self._agent = self._open()
            self._rested = time.monotonic()
        return self._agent

    def _is_done_with(self, agent: Agent) -> bool:
        """As after a swarm that ran for long, or a host that was cut off meanwhile."""
        return time.monotonic() - self._rested > clocks.REST or (self._followed and agent.lost)

    def _open(self, entry: str = agentsource.ALL) -> Agent:
        self._transport.connect(Deadline(CONNECT_SECONDS))
        return Agent(self._transport.open(Deadline(AGENT_SECONDS)), Deadline(AGENT_SECONDS), entry)
