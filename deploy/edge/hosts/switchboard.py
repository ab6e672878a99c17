"""Joins the hosts that only SSH reaches to all others: what comes over one host's line goes out over another's.

Streams are carried as they come; the credits of both ends bound what waits here.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

from deploy.agent import clocks, frames, verbs
from deploy.agent.frames import DATA, END, GONE, OPEN, Frame
from deploy.core.inventory import Inventory
from deploy.core.relays import Carried
from deploy.edge.hosts.errors import HostError
from deploy.edge.hosts.host import CONNECT_SECONDS
from deploy.edge.hosts.pipe import Pipe
from deploy.edge.hosts.relayline import RelayLine
from peer.edge.throttle import Meter


class _End(NamedTuple):
    """One end of a stream."""

    line: RelayLine
    number: int


class Switchboard:
    """`hosts`: those to join. `begin` makes the line to a host, or raises HostError.

    `tell` is called, from any thread, with what a person has to know. What is carried keeps to `cap`.
    """

    def __init__(
        self,
        inventory: Inventory,
        hosts: Iterable[str],
        begin: Callable[[str, verbs.Relay], Pipe],
        tell: Callable[[str], object],
        cap: Meter,
    ) -> None:
        self._inventory = inventory
        self._begin = begin
        self._hosts = frozenset(hosts)
        self._tell = tell
        self._lock = threading.Lock()
        self._opening: dict[str, threading.Lock] = {host.name: threading.Lock() for host in inventory.hosts}
        self._lines: dict[str, RelayLine] = {}
        self._routes: dict[_End, _End] = {}
        self._ended: set[_End] = set()  # which have said all
        self._next = 1
        self._cap = cap
        self._bytes = 0
        self._by_host: Counter[str] = Counter(dict.fromkeys(self._hosts, 0))
        self._over = threading.Event()

    def open(self) -> None:
        """Be ready for the peers of the relayed hosts; those that can't be reached are tried again and again."""
        tried = {name: threading.Event() for name in self._hosts}
        for one in tried.items():
            threading.Thread(target=self._keep, args=one, daemon=True).start()
        for event in tried.values():
            event.wait(CONNECT_SECONDS)

    def close(self) -> None:
        """Hang up."""
        self._over.set()
        with self._lock:
            lines = list(self._lines.values())
        for line in lines:
            line.close()

    @property
    def carried(self) -> Carried:
        """Until now."""
        with self._lock:
            return Carried(self._bytes, dict(self._by_host))

    def _keep(self, name: str, tried: threading.Event) -> None:
        """Have a line to a relayed host, and another one when it is lost; tell when it was `tried` once."""
        told = ""
        while not self._over.is_set():
            try:
                self._line(name)
            except HostError as error:
                if error.problem != told and not self._over.is_set():
                    told = error.problem
                    self._tell(f"{name}: its connections can't be carried: {error.problem}")
            tried.set()
            self._over.wait(clocks.RETRY)

    def _line(self, name: str) -> RelayLine:
        """The line to a host, made if there is none. Raises HostError."""
        with self._opening[name]:
            line = self._lines.get(name)
            if line is None:
                ports = tuple(verbs.PeerPort(peer.peer_id, peer.port) for peer in self._inventory.peers_on(name))
                pipe = self._begin(name, verbs.Relay(ports, name in self._hosts))
                line = RelayLine(name, pipe, self._take, self._lose)
                with self._lock:
                    self._lines[name] = line
                line.start()
                if self._over.is_set():
                    line.close()
            return line

    def _lose(self, line: RelayLine) -> None:
        with self._lock:
            if self._lines.get(line.name) is line:
                del self._lines[line.name]
            lost = [end for end in self._routes if end.line is line]
            far = [self._forget(end) for end in lost]
        for end in filter(None, far):
            end.line.send(frames.gone(end.number, f"the line to {line.name} was lost"))

    def _take(self, line: RelayLine, frame: Frame) -> None:
        """A frame of a host."""
        end = _End(line, frame.stream)
        if frame.kind == OPEN:
            threading.Thread(target=self._join, args=(end, frame.data), daemon=True).start()
            return
        with self._lock:
            far = self._routes.get(end)
            if far is None:
                return
            if frame.kind == END:
                self._ended.add(end)
            if frame.kind == GONE or {end, far} <= self._ended:
                self._forget(end)
            if frame.kind == DATA:
                self._count(len(frame.data), line.name, far.line.name)
        if frame.kind == DATA:
            self._await_turn(len(frame.data))
        far.line.send(frame._replace(stream=far.number))

    def _join(self, end: _End, wanted: bytes) -> None:
        """A peer wants to be connected with another: open a stream on that one's line."""
        try:
            peer = int(wanted)
            line = self._line(self._inventory.host_of(peer).name)
        except (KeyError, ValueError):
            end.line.send(frames.gone(end.number, "no such peer"))
            return
        except HostError as error:
            end.line.send(frames.gone(end.number, error.problem))
            return
        with self._lock:
            far = _End(line, self._next)
            self._next += 2
            self._routes.update({end: far, far: end})
        line.send(Frame(OPEN, far.number, wanted))

    def _forget(self, end: _End) -> _End | None:
        """Take a stream off; its other end."""
        far = self._routes.pop(end, None)
        if far is not None:
            self._routes.pop(far, None)
            self._ended -= {end, far}
        return far

    def _count(self, size: int, *hosts: str) -> None:
        self._bytes += size
        self._by_host.update({name: size for name in hosts if name in self._hosts})

    def _await_turn(self, size: int) -> None:
        while size:
            size -= self._cap.take(size)
