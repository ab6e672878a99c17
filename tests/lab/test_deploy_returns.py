"""Hosts that are cut off during the run and come back, soon or late: they get the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator, List

import pytest

from netlab import Lab
from tests.deploy_edge.fabrun import Ran
from tests.lab.conftest import MakeLab, operated
from tests.lab.operating import NAME, Operator

SLOW = 10.0  # Mbit/s, each way: time enough for a cut in the middle
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


def test_a_host_that_comes_back_from_a_cut_has_the_payload_as_all_others(operator: Operator) -> None:
    operator.write(PAYLOAD, patience=60)
    with operator.begin("up") as running:
        operator.wait_half_way("node03")
        operator.lab.cut("node03")
        operator.lab.rate("node01", 0)  # the others needn't be slow now
        running.wait_until_said("1 silent")
        operator.lab.heal("node03")
        ran = running.end()
    assert ran.code == 0, ran
    assert f"{NAME} is complete on all 3 hosts" in ran.out
    log = [line for line in ran.err.splitlines() if line.startswith("node03/1003 | ")]
    kept = next((operator.folder / "runs").iterdir()) / "node03" / "log_peer_1003.log"
    told = [line for line in log if "has downloaded the complete file" in line]
    assert len(told) == 1 and told[0].removeprefix("node03/1003 | ") in kept.read_text()


def test_a_host_cut_off_for_good_is_served_later_by_those_that_have_the_payload(operator: Operator) -> None:
    operator.write(PAYLOAD, patience=8)
    with operator.begin("up") as running:
        operator.wait_half_way("node03")
        operator.lab.cut("node03")
        ran = running.end()
    assert ran.code == 4, ran
    assert [line.split(": ")[1] for line in lines(ran, "unreachable: ")] == ["node03"]
    assert f"{NAME} is complete on 2 of 3 hosts" in ran.out
    (row,) = (row for row in ran.out.splitlines() if " node03 " in row)
    assert "unreachable" in row and " ok" not in row
    gave_up = operator.status("node03")
    assert gave_up["state"] == "incomplete" and gave_up["pieces"] < gave_up["total"]
    operator.lab.heal("node03")
    for host in operator.hosts:
        operator.lab.rate(host, 0)  # the slowness was for the cut
    later = operator.fab("up", "--limit", "node03")
    assert later.code == 0, later
    assert operator.copy("node03").read_bytes() == operator.copy("node01").read_bytes()
    everybody = operator.fab("verify")
    assert everybody.code == 0 and f"{NAME} is complete on all 3 hosts" in everybody.out
