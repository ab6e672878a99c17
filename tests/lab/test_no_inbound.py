"""Hosts that accept nothing from outside, and one that only SSH reaches: everybody gets the payload."""

from __future__ import annotations

import re
from pathlib import Path

from deploy.core.reach import PROPOSAL
from tests.lab.conftest import MakeLab, operated


def test_hosts_that_only_dial_get_and_give_the_payload(make_lab: MakeLab, tmp_path: Path) -> None:
    """The seed and another one, which therefore never meet; and one by relay."""
    lab = make_lab(hosts=5, rate=0, no_inbound=("node01", "node04"), only_ssh=("node05",))
    for operator in operated(lab, tmp_path):
        checked = operator.fab("check")
        assert checked.code == 1, checked
        assert f"the swarm can't work: node05 and the seeds meet nobody in common; {PROPOSAL}" in checked.out
        operator.write(node05=", relay: true")
        checked = operator.fab("check")
        assert checked.code == 0, checked
        assert "only dial, and accept nothing: node01, node04" in checked.out
        assert ["2", "node02", "-", "\\", "+", "-", "r"] in [line.split() for line in checked.out.splitlines()]
        assert "the swarm can work" in checked.out
        ran = operator.fab("up")
        assert ran.code == 0, ran
        assert "complete on all 5 hosts" in ran.out
        assert re.search(r"relayed through this machine: [\d.]+ MiB, for node05", ran.out)
        operator.clean()
