"""Hosts that accept nothing from outside: they dial, `check` says so, and everybody gets the payload."""

from __future__ import annotations

from pathlib import Path

from tests.lab.conftest import MakeLab, operated


def test_hosts_that_only_dial_get_and_give_the_payload(make_lab: MakeLab, tmp_path: Path) -> None:
    """The seed and the last host, which therefore never meet."""
    for operator in operated(make_lab(hosts=4, rate=0, no_inbound=("node01", "node04")), tmp_path):
        checked = operator.fab("check")
        assert checked.code == 0, checked
        assert "only dial, and accept nothing: node01, node04" in checked.out
        assert ["2", "node02", "-", "\\", "+", "-"] in [line.split() for line in checked.out.splitlines()]
        assert "the swarm can work" in checked.out
        ran = operator.fab("up")
        assert ran.code == 0, ran
        assert "complete on all 4 hosts" in ran.out
        operator.clean()
