"""A host that misbehaves: one clear error within its deadline, and the other hosts don't feel it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import paramiko
import pytest

from deploy.agent.verbs import State
from deploy.core.inventory import LOCAL, OPENSSH, PARAMIKO, Host
from deploy.edge.hosts import host as links
from deploy.edge.hosts.errors import HostError
from deploy.edge.hosts.fanout import fan_out
from deploy.edge.hosts.host import HostLink
from deploy.edge.hosts.local import LocalTransport
from deploy.edge.ssh import connection, opensshcommand, ways
from deploy.edge.ssh.routes import Routes
from tests.ssh.faultserver import FaultServer
from tests.ssh.kinds import way_to


@pytest.fixture(params=[PARAMIKO, OPENSSH])
def fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Callable[[str], HostLink]]:
    """A link to a server with a fault; deadlines short enough for a test."""
    monkeypatch.setattr(connection, "BANNER_SECONDS", 1)
    monkeypatch.setattr(connection, "AUTH_SECONDS", 3)
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 3)
    monkeypatch.setattr(opensshcommand, "CONNECT_SECONDS", 1)
    monkeypatch.setattr(links, "AGENT_SECONDS", 2.0)
    monkeypatch.setattr(links, "CONNECT_SECONDS", 6.0 if request.param == PARAMIKO else 2.0)
    key = paramiko.ECDSAKey.generate()
    key.write_private_key_file(str(tmp_path / "key"))
    servers: list[FaultServer] = []

    def make(name: str) -> HostLink:
        server = FaultServer(name)
        servers.append(server)
        (tmp_path / "known_hosts").write_text(server.known_hosts_line())
        host = Host(
            name="bad",
            address="127.0.0.1",
            peer_address="127.0.0.1",
            port=server.port,
            user="fleet",
            key=str(tmp_path / "key"),
            known_hosts=str(tmp_path / "known_hosts"),
            transport=request.param,
        )
        return HostLink(host, way_to(host, Routes()), "swarm")

    yield make
    for server in servers:
        server.close()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("silent", "doesn't speak SSH"),
        ("hang up", "closed the connection before the login"),
        ("refuse", "login as fleet refused"),
        ("factor", "it asks for a second factor after the key: answers typed by hand (keyboard-interactive)"),
        ("no session", "it refuses a session (resource shortage)"),
        ("hang in exec", ""),
        ("drop in exec", ""),
        ("hang in command", "within 2 s"),
    ],
)
def test_each_fault_is_one_error_in_time(fault: Callable[[str], HostLink], name: str, words: str) -> None:
    link = fault(name)
    began = time.monotonic()
    with pytest.raises(HostError) as error:
        link.ask(State())
    assert time.monotonic() - began < 45  # none of the faults' 60 s were waited for
    assert error.value.state == "unreachable"
    assert words in error.value.problem
    assert error.value.problem and "\n" not in str(error.value)
    link.close()


@pytest.mark.parametrize("name", ["silent", "hang in exec", "hang in command"])
def test_a_hung_host_does_not_hold_up_the_others(fault: Callable[[str], HostLink], tmp_path: Path, name: str) -> None:
    here = Host("good", "127.0.0.1", "127.0.0.1", connection=LOCAL)
    fleet = {"bad": fault(name), "good": HostLink(here, LocalTransport(here, tmp_path), "swarm")}
    results = fan_out(fleet, lambda host: fleet[host].ask(State()), 45, lambda host: fleet[host].close())
    assert isinstance(results["bad"], HostError)
    good = results["good"]
    assert not isinstance(good, HostError) and good.deployed is False
    fleet["good"].close()


def test_sshd_that_hangs_up_at_once_is_tried_again(
    fault: Callable[[str], HostLink], monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[object] = []
    link = fault("hang up")
    monkeypatch.setattr(links, "CONNECT_SECONDS", 60.0)
    monkeypatch.setattr(ways, "sleep", tries.append)
    with pytest.raises(HostError):
        link.ask(State())
    assert len(tries) == 5


def test_a_wrong_password_is_not_tried_again(fault: Callable[[str], HostLink], monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[object] = []
    monkeypatch.setattr(ways, "sleep", tries.append)
    with pytest.raises(HostError):
        fault("refuse").ask(State())
    assert tries == []


def test_a_known_host_with_another_key(fault: Callable[[str], HostLink], tmp_path: Path) -> None:
    link = fault("hang in command")
    other = paramiko.ECDSAKey.generate()
    (tmp_path / "known_hosts").write_text(f"[127.0.0.1]:{link.host.port} {other.get_name()} {other.get_base64()}\n")
    with pytest.raises(HostError, match="its host key has CHANGED"):
        link.ask(State())


def test_an_interpreter_with_shell_in_its_name_is_refused(fault: Callable[[str], HostLink]) -> None:
    link = fault("hang in command")
    host = link.host._replace(python="python3; touch /tmp/evil")
    with pytest.raises(HostError, match="isn't a plain path"):
        HostLink(host, way_to(host, Routes()), "swarm").ask(State())


def test_connections_made_at_once_leave_their_common_configuration_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fabric would empty it for a moment: whoever connects just then in another thread would fall over that."""
    shared = Routes()
    merged: list[object] = []
    monkeypatch.setattr(type(shared.config), "merge", merged.append)
    shared.connection(Host("a", "127.0.0.1", "127.0.0.1"))
    assert merged == []
