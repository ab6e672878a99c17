"""What goes wrong on the hosts themselves: disks, ports, peers, seeds; and operators who change their mind."""

from __future__ import annotations

import re
import signal
import subprocess
from pathlib import Path
from typing import Callable, Iterator, List

import pytest

from netlab import Lab
from tests.deploy_edge.fabrun import Ran
from tests.helpers.waiting import wait_for
from tests.lab.conftest import MakeLab, operated
from tests.lab.operating import NAME, PORT, Operator

SMALL = 8 << 20  # bytes of node03's disk
SLOWEST = 0.2  # Mbit/s
SLOW = 8.0
_LISTENER = f"import socket, sys; s = socket.create_server(('', {PORT})); print('ready', flush=True); sys.stdin.read()"


@pytest.fixture(scope="module")
def three(make_lab: MakeLab) -> Lab:
    return make_lab(hosts=3, rate=0, small_disks={"node03": SMALL})


@pytest.fixture
def operator(three: Lab, tmp_path: Path) -> Iterator[Operator]:
    yield from operated(three, tmp_path)


def failures(ran: Ran) -> List[str]:
    """Its error lines, each once: the verdict says them again."""
    assert "Traceback" not in ran.err, ran.err
    lines = [line for line in ran.err.splitlines() if line.startswith(("failed: ", "unreachable: "))]
    return list(dict.fromkeys(lines))


def fill(operator: Operator, host: str, leave: int) -> None:
    """Leave so many bytes free on a host's disk."""
    code = "import os, sys; s = os.statvfs('.'); n = s.f_bavail * s.f_frsize - int(sys.argv[1]); "
    code += "f = open('ballast', 'wb'); os.posix_fallocate(f.fileno(), 0, n)"
    operator.lab.run(host, ["python3", "-c", code, str(leave)])


def test_a_disk_that_is_too_small_is_found_by_check(operator: Operator) -> None:
    operator.write(f"{{generate: 16MiB, name: {NAME}}}")
    ran = operator.fab("check")
    assert ran.code == 1
    (line,) = failures(ran)
    assert re.match(r"failed: node03: \S+ MiB free where 16 MiB are needed: make room", line)
    assert "2 of 3 hosts are ready" in ran.out


def test_a_disk_that_fills_up_after_check(operator: Operator) -> None:
    """With --keep-going the others have the payload, and the table says who hasn't."""
    assert operator.fab("check", "deploy").code == 0
    fill(operator, "node03", leave=1 << 20)
    ran = operator.fab("up", "--keep-going")
    assert ran.code == 1, ran
    (line,) = failures(ran)
    assert line.startswith("failed: node03: ") and "make room" in line, "it is found before any peer starts"
    assert "ending the wait" not in ran.err, "nobody waits for a host that dropped out before the start"
    assert f"{NAME} is complete on 2 of 3 hosts" in ran.out
    operator.lab.run("node03", ["rm", "ballast"])
    operator.clean()


def test_a_disk_that_fills_up_during_the_run(operator: Operator) -> None:
    operator.lab.rate("node03", SLOW)
    with operator.begin("up") as running:
        operator.wait_half_way("node03")
        fill(operator, "node03", leave=0)
        ran = running.end()
    assert ran.code == 1, ran
    (line,) = failures(ran)
    assert line.startswith("failed: node03 (peer 1003): ")
    assert "all others are complete: ending the wait for node03" in ran.err
    assert "No space left" in line or "its disk is full: make room there" in line
    assert f"{NAME} is complete on 2 of 3 hosts" in ran.out
    operator.lab.run("node03", ["rm", "ballast"])
    operator.clean()


def test_a_host_whose_systemd_would_end_the_peers_is_found_by_check(operator: Operator) -> None:
    folders = "cd /run && mkdir -p systemd/system systemd/logind.conf.d"
    systemd = f"{folders} && echo KillUserProcesses=yes > systemd/logind.conf.d/1.conf"
    operator.lab.run("node02", ["sh", "-c", systemd], root=True)
    try:
        ran = operator.fab("check")
    finally:
        operator.lab.run("node02", ["rm", "-r", "/run/systemd"], root=True)
    assert ran.code == 1
    (line,) = failures(ran)
    assert line.startswith("failed: node02: systemd ends your processes")
    assert line.endswith("loginctl enable-linger fleet")


def test_a_port_that_is_taken_after_check(operator: Operator) -> None:
    assert operator.fab("check", "deploy").code == 0
    pipe = subprocess.PIPE
    with operator.lab.exec("node03", ["python3", "-c", _LISTENER], stdin=pipe, stdout=pipe, text=True) as other:
        assert other.stdout is not None and other.stdout.readline() == "ready\n"
        ran = operator.fab("start")
        other.communicate("")
    assert ran.code == 1
    (line,) = failures(ran)
    assert line.startswith(f"failed: node03 (peer 1003): it ended with exit code 1: port {PORT}: ")
    operator.wait_until_ended()


def test_a_peer_that_dies_at_its_start(operator: Operator) -> None:
    assert operator.fab("deploy").code == 0
    (key,) = operator.swarm("node03").glob("keys_1003/*key*.pem")
    key.chmod(0o644)
    ran = operator.fab("start")
    assert ran.code == 1
    (line,) = failures(ran)
    assert line.startswith("failed: node03 (peer 1003): it ended with exit code 2: ") and "key" in line
    assert "peer 1003 couldn't be started, so the others aren't" in ran.err
    operator.wait_until_ended()
    operator.clean()


def test_a_seed_without_its_payload(operator: Operator) -> None:
    operator.write("{path: /home/fleet/model}")
    ran = operator.fab("up")
    assert ran.code == 1
    (line,) = failures(ran)
    assert line == (
        "failed: node01: the seed's payload isn't there: /home/fleet/model: put it there, or name another seed"
    )
    operator.wait_until_ended()
    assert operator.left_on("node02") == []
    operator.clean()


def test_ctrl_c_while_checking(operator: Operator) -> None:
    operator.lab.rate("node03", SLOWEST)  # its agent takes a second to arrive
    interrupted(operator, ["check"], lambda: bool(operator.processes("node01")))


def test_ctrl_c_while_deploying(operator: Operator) -> None:
    operator.lab.rate("node03", SLOWEST)
    interrupted(operator, ["up"], lambda: bool(list(operator.swarm("node03").glob(".weft-*"))))


def test_ctrl_c_while_starting(operator: Operator) -> None:
    assert operator.fab("deploy").code == 0
    operator.lab.rate("node03", SLOWEST)
    interrupted(operator, ["start"], lambda: bool(operator.status("node01")))


def interrupted(operator: Operator, arguments: List[str], moment: Callable[[], bool]) -> None:
    """Ctrl-C at that moment leaves no process on any host."""
    with operator.begin(*arguments) as running:
        wait_for(lambda: moment() or running.process.poll() is not None, "the moment")
        running.signal(signal.SIGINT)
        ran = running.end()
    assert ran.code == 130, ran
    assert "interrupted" in ran.err and "Traceback" not in ran.err
    operator.wait_until_ended()


def test_ctrl_c_while_watching_leaves_the_swarm_and_tells_the_way_back(operator: Operator) -> None:
    operator.lab.rate("node03", SLOW)
    with operator.begin("up") as running:
        operator.wait_half_way("node03")
        running.signal(signal.SIGINT)
        ran = running.end()
    assert ran.code == 130
    assert "the swarm runs on: `fab logs` comes back to it" in ran.err
    back = operator.fab("logs", "verify")
    assert back.code == 0, back
    assert f"{NAME} is complete on all 3 hosts" in back.out


def test_two_operators_at_once_never_leave_half_a_swarm(operator: Operator) -> None:
    with operator.begin("up") as one, operator.begin("up") as two:
        ended = [one.end(), two.end()]
    assert 0 in [ran.code for ran in ended], ended
    for ran in ended:
        assert ran.code == 0 or "another operator" in ran.err or "runs there" in ran.err, ran
    proof = operator.fab("verify")
    assert proof.code == 0 and f"{NAME} is complete on all 3 hosts" in proof.out
    operator.wait_until_ended()
