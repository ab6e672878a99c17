"""A host that is lost while it is deployed, and an operator who is lost: the others are carried on."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Iterator, List

import pytest

from netlab import Lab
from tests.deploy_edge.fabrun import Ran
from tests.helpers.waiting import wait_for
from tests.lab.conftest import MakeLab, operated
from tests.lab.operating import NAME, Operator

SLOW = 10.0  # Mbit/s, each way: time enough for a cut in the middle
SLOWEST = 0.6
PAYLOAD = f"{{generate: 6MiB, name: {NAME}}}"


@pytest.fixture(scope="module")
def three(make_lab: MakeLab) -> Lab:
    return make_lab(hosts=3, rate=SLOW)


@pytest.fixture
def operator(three: Lab, tmp_path: Path) -> Iterator[Operator]:
    yield from operated(three, tmp_path)


def lines(ran: Ran, begin: str) -> List[str]:
    """What it said that begins so, each once: the verdict says errors again."""
    assert "Traceback" not in ran.err
    return list(dict.fromkeys(line for line in ran.err.splitlines() if line.startswith(begin)))


def test_a_host_cut_off_while_it_is_deployed_is_named_and_the_others_have_the_payload(operator: Operator) -> None:
    operator.lab.rate("node03", SLOWEST)
    with operator.begin("up") as running:
        wait_for(lambda: list(operator.swarm("node03").glob(".weft-*")), "node03 to receive")
        operator.lab.cut("node03")
        ran = running.end()
    assert ran.code == 4, ran
    (line,) = lines(ran, "unreachable: ")
    assert line.startswith("unreachable: node03: ")
    assert f"{NAME} is complete on 2 of 3 hosts" in ran.out
    operator.wait_until_ended(but=["node03"])
    operator.lab.heal("node03")
    operator.lab.rate("node03", SLOW)
    operator.clean()


def test_a_swarm_outlives_its_operator_and_another_takes_it_up(operator: Operator, tmp_path: Path) -> None:
    operator.write(PAYLOAD)
    with operator.begin("up") as running:
        operator.wait_half_way("node02", "node03")
        for host in operator.hosts:  # so that half of it outlasts the start of another operator, on a busy machine too
            operator.lab.rate(host, SLOWEST)
        running.signal(signal.SIGKILL)
        running.end()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    inventory = ["--inventory", str((tmp_path / "inventory.yaml").rename(elsewhere / "fleet.yaml"))]
    status = operator.fab("status", *inventory, folder=elsewhere)
    assert status.code == 0 and status.out.count("downloading") == 2, status
    for host in operator.hosts:
        operator.lab.rate(host, SLOW)
    followed = operator.fab("logs", *inventory, folder=elsewhere)
    assert followed.code == 0, followed
    assert followed.out.count("has downloaded the complete file") == 2
    proof = operator.fab("collect-logs", "verify", *inventory, folder=elsewhere)
    assert proof.code == 0, proof
    assert f"{NAME} is complete on all 3 hosts" in proof.out
    (run,) = (elsewhere / "runs").iterdir()
    assert {"node01", "node03", "summary.txt"} <= {path.name for path in run.iterdir()}
