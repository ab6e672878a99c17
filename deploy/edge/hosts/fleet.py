"""All hosts of an inventory, each with its link; the same work on many of them, with failures as values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from deploy.core.configfiles import swarm_folder
from deploy.core.inventory import Host, Inventory
from deploy.edge.hosts import agentsource, connectionlimit
from deploy.edge.hosts.errors import HostError
from deploy.edge.hosts.fanout import fan_out
from deploy.edge.hosts.host import AGENT_SECONDS, CONNECT_SECONDS, WORK_SECONDS, HostLink, Transport
from peer.core.mark import Mark

T = TypeVar("T")
Look = Callable[[list[str], Mapping[str, Mark]], object]
_HUNG_SECONDS = CONNECT_SECONDS + 2 * AGENT_SECONDS + WORK_SECONDS  # more than any one step may take


def _no_look(_waiting: list[str], _marks: Mapping[str, Mark]) -> None:
    """Nobody looks."""


class Fleet:
    """The links of one chain of tasks; connections stay open from task to task.

    `transport_of` makes the way to a host; `at_last` is called once all hosts are left.
    """

    def __init__(
        self, inventory: Inventory, transport_of: Callable[[Host], Transport], at_last: Callable[[], object]
    ) -> None:
        self._at_last = at_last
        self._asked: set[str] = set()  # hosts that we are connected with, or try to be
        self._links = {
            host.name: HostLink(host, transport_of(host), swarm_folder(inventory, host.name))
            for host in inventory.hosts
        }

    def link(self, name: str) -> HostLink:
        """The link to one host."""
        return self._links[name]

    def each(
        self,
        names: Iterable[str],
        work: Callable[[HostLink], T],
        look: Look = _no_look,
    ) -> tuple[dict[str, T], dict[str, HostError]]:
        """`work(link)` for all hosts simultaneously: the values of those where it went well, the errors of the others.

        It may take any time while it goes forward. `look` is called now and then with the hosts that aren't done yet,
        and with how far each host is that has told it.
        Raises DescriptorError where this machine can't be connected with so many.
        """
        names = list(names)
        self._asked.update(names)
        agentsource.script()
        connectionlimit.make_room([link.host for name, link in self._links.items() if name in self._asked])
        for name in names:
            self._links[name].begin()
        results = fan_out(
            names,
            lambda name: work(self._links[name]),
            _HUNG_SECONDS,
            self._hang_up,
            lambda name: self._links[name].quiet,
            look=lambda waiting: look(waiting, self._marks(names)),
        )
        good = {name: value for name, value in results.items() if not isinstance(value, HostError)}
        bad = {name: error for name, error in results.items() if isinstance(error, HostError)}
        return good, bad

    def close(self) -> None:
        """Hang up on all."""
        for link in self._links.values():
            link.close()
        self._at_last()

    def _marks(self, names: Iterable[str]) -> dict[str, Mark]:
        marks = ((name, self._links[name].mark) for name in names)
        return {name: mark for name, mark in marks if mark is not None}

    def _hang_up(self, name: str) -> None:
        self._links[name].close()
