"""A local host for the tests of the agent: its link, its folder, and nothing left over afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.agent import verbs
from deploy.core.inventory import LOCAL, Host
from deploy.edge.hosts.host import HostLink
from deploy.edge.hosts.local import LocalTransport


@pytest.fixture
def open_link(tmp_path: Path) -> Iterator[Callable[[], HostLink]]:
    """Opens links to this machine whose swarm folder is <tmp>/host/swarm; stops what was started there."""
    links: list[HostLink] = []

    def make() -> HostLink:
        host = Host("here", "127.0.0.1", "127.0.0.1", connection=LOCAL)
        links.append(HostLink(host, LocalTransport(host, tmp_path), "host/swarm"))
        return links[-1]

    yield make
    make().ask(verbs.Stop((), within=10.0))
    for link in links:
        link.close()


@pytest.fixture
def link(open_link: Callable[[], HostLink]) -> HostLink:
    """One such link."""
    return open_link()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where that link's swarm lies."""
    return tmp_path / "host" / "swarm"
