"""The agent and its operator: what it says of the machine, and that it never outlives its use."""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import signal
import socket
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, cast

import pytest

from deploy.agent import clocks, verbs
from deploy.agent.lines import Request
from deploy.core.inventory import LOCAL, Host
from deploy.edge.hosts.errors import HostError
from deploy.edge.hosts.host import HostLink
from deploy.edge.hosts.local import LocalTransport
from deploy.edge.pushed.bundle import parcel, send
from peer.core import folder
from tests.deploy_agent.processes import processes_in
from tests.deploy_agent.pushed import NAME, SIZE, push
from tests.helpers.waiting import wait_for


class Fly(NamedTuple):
    """A verb that no agent knows."""

    height: int

    def answer(self) -> type[verbs.Done]:
        return verbs.Done


class Start(NamedTuple):
    """A verb as another version may have it."""

    peer: int
    height: int

    def answer(self) -> type[verbs.Started]:
        return verbs.Started


def test_facts_of_this_machine(link: HostLink, home: Path) -> None:
    with socket.create_server(("", 0)) as taken:
        port = taken.getsockname()[1]
        machine = link.ask(verbs.Facts((verbs.PeerPort(1001, port), verbs.PeerPort(1002, 0))))
    assert machine.home == str(home)
    assert machine.python.startswith("3.")
    assert machine.writable == ""
    assert machine.free is not None and machine.free > 0
    assert machine.ports == {port: "another program listens there", 0: ""}


def test_a_folder_below_a_file_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    host = Host("here", "127.0.0.1", "127.0.0.1", connection=LOCAL)
    link = HostLink(host, LocalTransport(host, tmp_path), "/proc/nowhere/swarm")
    assert link.ask(verbs.Facts()).writable
    link.close()


def test_the_state_of_a_host_without_a_swarm(link: HostLink) -> None:
    home = link.ask(verbs.Facts()).home
    assert link.ask(verbs.State()) == verbs.SwarmFolder(home, deployed=False, tls="", run="", have={}, living={})


def test_the_state_tells_the_run_and_who_lives(link: HostLink) -> None:
    push(link, run="r7")
    link.ask(verbs.Start(1001, within=30.0), 60)
    state = link.ask(verbs.State())
    assert (state.run, list(state.living)) == ("r7", [1001])
    assert {"peer.pyz", "swarm.json", "Common.cfg", "PeerInfo.cfg"} <= set(state.have)


def test_listening_and_dialling(open_link: Callable[[], HostLink]) -> None:
    one, other = open_link(), open_link()
    with socket.socket() as probe:
        probe.bind(("", 0))
        port = probe.getsockname()[1]
    assert one.ask(verbs.Listen((port,))).problems == {}
    assert other.ask(verbs.Listen((port,))).problems == {port: "address already in use"}
    dial = verbs.Dial((verbs.Target("127.0.0.1", port),), within=5.0)
    assert other.ask(dial).problems == ()
    one.ask(verbs.Unlisten())
    assert other.ask(dial).problems == (verbs.Unreached("127.0.0.1", port, "connection refused", False),)


@pytest.mark.parametrize(("says", "narrow"), [(b"weft", True), (b"weft" + bytes(10_000), False), (b"", False)])
def test_a_way_for_small_packets_only_is_found(link: HostLink, says: bytes, narrow: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        held: list[socket.socket] = []

        def serve() -> None:
            held.append(server.accept()[0])
            held[0].sendall(says)

        threading.Thread(target=serve, daemon=True).start()
        address = server.getsockname()
        missed = link.ask(verbs.Dial((verbs.Target(*address),), within=0.5)).problems
        assert [(one.port, one.narrow) for one in missed] == [(address[1], True)] * narrow
        held[0].close()


def test_an_unknown_verb_is_an_answer_and_not_the_end(link: HostLink) -> None:
    with pytest.raises(HostError, match="the agent doesn't know `fly`: is the operator's Weft another version"):
        link.ask(Fly(1))
    assert link.ask(verbs.State()).deployed is False


def test_a_request_of_another_version_is_an_answer_and_not_the_end(link: HostLink) -> None:
    words = "read `start`: it lacks `within`, it lacks `absent`, `height` is unknown: is the operator's Weft another"
    with pytest.raises(HostError, match=words):
        link.ask(Start(1001, height=1))
    assert link.ask(verbs.State()).deployed is False


def test_nothing_is_deployed(link: HostLink) -> None:
    for request in (
        verbs.Start(1001, within=1.0),
        verbs.Status((1001,)),
        verbs.Verify((1001,), NAME, SIZE),
        verbs.Collect(),
        verbs.Generate(1001, NAME, 1, 1),
    ):
        with pytest.raises(HostError, match="isn't deployed there"):
            link.ask(cast(Request[Any], request))


def test_noise_of_a_login_script_is_passed_over(tmp_path: Path) -> None:
    noisy = tmp_path / "python"
    noisy.write_text(
        "#!/bin/sh\necho Welcome to the fleet\necho weft-agent of Acme\n"
        f"printf 'no line end'\nexec {sys.executable} \"$@\"\n"
    )
    noisy.chmod(0o755)
    host = Host("here", "127.0.0.1", "127.0.0.1", connection=LOCAL, python=str(noisy))
    link = HostLink(host, LocalTransport(host, tmp_path), "swarm")
    assert link.ask(verbs.State()).deployed is False
    link.close()


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo 'no such module' >&2; exit 3", "its python3 broke off: no such module"),
        ("exit 3", "its python3 broke off: exit code 3"),
        ("printf '\\nweft-agent 3.8.10 550d0d0a\\n'; exit 70", "its python3 is 3.8.10"),
        ("yes", "it printed 300000 lines, none of them the agent's"),
    ],
)
def test_a_python_that_is_none(tmp_path: Path, script: str, reason: str) -> None:
    false = tmp_path / "python"
    false.write_text(f"#!/bin/sh\n{script}\n")
    false.chmod(0o755)
    host = Host("here", "127.0.0.1", "127.0.0.1", connection=LOCAL, python=str(false))
    with pytest.raises(HostError) as error:
        HostLink(host, LocalTransport(host, tmp_path), "swarm").ask(verbs.State())
    assert reason in error.value.problem
    assert "Python 3.9" in error.value.remedy


def test_an_interpreter_that_is_not_there(tmp_path: Path) -> None:
    host = Host("here", "127.0.0.1", "127.0.0.1", connection=LOCAL, python="/nowhere/python3")
    with pytest.raises(HostError, match="/nowhere/python3: no such file"):
        HostLink(host, LocalTransport(host, tmp_path), "swarm").ask(verbs.State())


def test_a_hung_agent_has_a_deadline(link: HostLink, home: Path) -> None:
    push(link)
    with (home / "lock_1001").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a peer that lives and tells no pid: nothing to be done but wait
        with pytest.raises(HostError, match="no answer to `stop` within 1 s"):
            link.ask(verbs.Stop((1001,), within=60.0), 1.0)
    assert link.ask(verbs.State()).deployed is True  # a new agent took over


@pytest.mark.parametrize("end", ["hang up", "kill the operator"])
def test_loaded_peers_end_with_their_operator(tmp_path: Path, end: str) -> None:
    """An operator who is lost between loading the peers and starting them leaves no process."""
    code = _OPERATOR.format(folder=str(tmp_path))
    operator = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)
    assert operator.stdout is not None and operator.stdin is not None
    assert operator.stdout.readline() == "warm\n"
    assert processes_in(tmp_path)
    if end == "kill the operator":
        operator.send_signal(signal.SIGKILL)
    operator.stdin.close()
    operator.wait(30)
    operator.stdout.close()
    wait_for(lambda: not processes_in(tmp_path), "the agent and its peers to end")


def test_an_agent_that_rested_for_long_is_replaced(
    link: HostLink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a swarm runs for hours nobody asks the agents anything, and they end; the next question is answered."""
    link.ask(verbs.State())
    first = processes_in(tmp_path)
    monkeypatch.setattr(clocks, "REST", 0.0)
    assert link.ask(verbs.State()).deployed is False
    assert first and not set(first) & set(processes_in(tmp_path))


def test_an_agent_that_was_lost_while_the_swarm_ran_is_replaced(link: HostLink, tmp_path: Path) -> None:
    """As when its host was cut off and came back; before that it may hold something for us, so its end is told."""
    link.ask(verbs.State())
    end_agents(tmp_path)
    with pytest.raises(HostError, match="broke off"):
        link.ask(verbs.State())
    link.ask(verbs.State())
    with contextlib.suppress(HostError):  # nothing is deployed
        list(link.follow({}, until_done=True))
    end_agents(tmp_path)
    assert link.ask(verbs.State()).deployed is False


def end_agents(folder: Path) -> None:
    """Kill the agents that run there, and wait until whoever started them can know."""
    agents = processes_in(folder)
    for pid in agents:
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: all(has_ended(pid) for pid in agents), "the agents' end")


def has_ended(child: int) -> bool:
    """With all its threads."""
    try:
        return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True  # it has been waited for


def test_an_agent_that_nobody_asks_for_long_ends() -> None:
    code = "from deploy.agent import clocks; clocks.IDLE = 0.1; from deploy.agent import handlers; handlers.main()"
    root = str(Path(clocks.__file__).parents[2])
    with subprocess.Popen([sys.executable, "-c", code], cwd=root, stdin=subprocess.PIPE) as agent:
        assert agent.wait(30) == 75


def test_work_that_nobody_waits_for_is_ended(link: HostLink, home: Path) -> None:
    """Whoever notices first: the agent may live on, its work may not."""
    send(link, [parcel(folder.CODE, _program_that_sleeps())])
    link.ask(verbs.Prepare((verbs.Place(1001),), NAME))
    with pytest.raises(HostError, match=f"no progress for 1 s at making {NAME}: 0 B of 1 B"):
        link.ask(verbs.Generate(1001, NAME, size=1, seed=1), 1.0)
    wait_for(lambda: not processes_in(home), "the generator to end")


def _program_that_sleeps() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("__main__.py", "import time\ntime.sleep(600)\n")
    return packed.getvalue()


_OPERATOR = """
import sys
from pathlib import Path
from deploy.agent import verbs
from deploy.core.inventory import LOCAL, Host
from deploy.edge.hosts.host import HostLink
from deploy.edge.hosts.local import LocalTransport
from peer.core import folder
from tests.deploy_agent.pushed import push
host = Host("here", "127.0.0.1", "127.0.0.1", connection=LOCAL)
link = HostLink(host, LocalTransport(host, Path("{folder}")), "host/swarm")
push(link)
link.ask(verbs.Warm((1001, 1002)))
print("warm", flush=True)
sys.stdin.readline()
link.close()
"""
