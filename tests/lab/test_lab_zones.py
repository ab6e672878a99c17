"""Two zones with a slow link between: the link cut for a while, and a host in one that only SSH reaches."""

from __future__ import annotations

import re
from pathlib import Path

from netlab import Lab
from tests.lab.conftest import MakeLab, operated

PROBE = ["python3", "-c", "import socket, sys; socket.create_connection((sys.argv[1], 22), 0.5)"]


def reaches(lab: Lab, name: str, other: str) -> bool:
    return lab.run(name, [*PROBE, lab.hosts[other].address], check=False).returncode == 0


def seconds_to(lab: Lab, name: str, other: str) -> float:
    """How long a connection takes, at best of three."""
    code = "import socket, sys, time; t = time.monotonic(); socket.create_connection((sys.argv[1], 22), 30)"
    argv = ["python3", "-c", f"{code}; print(time.monotonic() - t)", lab.hosts[other].address]
    return min(float(lab.run(name, argv).stdout) for _ in range(3))


def test_a_swarm_in_two_zones_whose_link_is_cut_for_a_while(make_lab: MakeLab, tmp_path: Path) -> None:
    lab = make_lab(hosts=4, rate=0, zones=2, between=30, delay=5, only_ssh=("node04",))
    assert seconds_to(lab, "node01", "node03") > 0.020  # there and back, each over two links of zones
    assert seconds_to(lab, "node01", "node02") < seconds_to(lab, "node01", "node03")
    zones = {host.name: f", zone: {host.zone}" for host in lab.plan.hosts}
    lab.rate("node04", 80)
    assert {row.name: row.rate for row in lab.status()} == {"node01": 0, "node02": 0, "node03": 0, "node04": 80}
    assert [(zone.name, zone.rate, zone.hosts) for zone in lab.zones()] == [("zone1", 30, 2), ("zone2", 30, 2)]
    for operator in operated(lab, tmp_path):
        operator.write(**{**zones, "node04": zones["node04"] + ", relay: true"})
        with operator.begin("up") as running:
            operator.wait_half_way("node03")
            lab.cut("zone2")
            assert reaches(lab, "node01", "node02") and not reaches(lab, "node01", "node03")
            assert not lab.hosts["node03"].answers(0.5)
            lab.heal("zone2")
            ran = running.end()
        assert ran.code == 0, ran
        assert "complete on all 4 hosts" in ran.out
        assert re.search(r"relayed through this machine: [\d.]+ MiB, for node04", ran.out)
        operator.clean()
