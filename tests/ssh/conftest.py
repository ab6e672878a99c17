"""Real sshds on loopback, in the role of three hosts; skipped where there is none, unless WEFT_REQUIRE_SSH=1."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.deploy_edge.fabrun import fab
from tests.deploy_edge.localhosts import working_in
from tests.ssh.site import Site
from tests.ssh.sshd import BINARY, Sshd, make_key


@pytest.fixture(scope="session")
def sshd_there() -> None:
    """Skips, or fails where SSH tests are required."""
    if BINARY is None:
        text = "there is no sshd on this machine: install openssh-server to run these"
        if os.environ.get("WEFT_REQUIRE_SSH") == "1":
            pytest.fail(text)
        pytest.skip(text)


@pytest.fixture
def start_sshd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Sshd]]:
    """Starts servers that all let the same key in."""
    request.getfixturevalue("sshd_there")
    key = make_key(tmp_path / "key")
    servers: list[Sshd] = []

    def start(name: str, extra: str = "") -> Sshd:
        servers.append(Sshd(tmp_path / "sshd" / name, key, extra=extra).start())
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def site(start_sshd: Callable[..., Sshd], tmp_path: Path) -> Iterator[Site]:
    """Three hosts; nothing of a swarm is left running on them afterwards."""
    made = Site(tmp_path, {name: start_sshd(name) for name in ("a", "b", "c")})
    made.write()
    yield made
    if working_in(tmp_path / "hosts"):
        fab(tmp_path, "stop")
