"""Hosts that come after the others: the seeds serve them, once a swarm that runs has ended."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.deploy_edge.fabrun import SECONDS, fab
from tests.deploy_edge.localhosts import begun, hashes
from tests.deploy_edge.planned import steps_in
from tests.helpers.waiting import wait_for


def test_hosts_that_come_later_are_served_by_the_seeds(write: Callable[..., None], tmp_path: Path) -> None:
    write()
    assert fab(tmp_path, "up", "--limit", "b").code == 0
    assert not (tmp_path / "hosts/c").exists()
    shown = steps_in(fab(tmp_path, "plan", "--limit", "c").out)
    later = fab(tmp_path, "up", "--limit", "c", "--run", "later")
    assert later.code == 0, later
    assert steps_in((tmp_path / "runs/later/transcript.txt").read_text()) == shown
    assert "f.dat is complete on all 2 hosts" in later.out  # the seed and the newcomer
    everybody = fab(tmp_path, "verify")
    assert everybody.code == 0 and len(hashes(everybody)) == 1
    assert "b: holds another run" in everybody.err


def test_nobody_waits_for_hosts_that_a_limit_leaves_out(write: Callable[..., None], tmp_path: Path) -> None:
    write()
    ran = fab(tmp_path, "up", "--limit", "a,b")
    assert (ran.code, "f.dat is complete on all 2 hosts" in ran.out, "no progress" in ran.err) == (0, True, False), ran


def test_a_host_that_comes_while_the_swarm_runs_is_served_when_that_has_ended(
    write: Callable[..., None], tmp_path: Path
) -> None:
    write()
    assert fab(tmp_path, "deploy", "--limit", "b").code == 0  # a swarm of a and b, as if nobody knew of c yet
    assert fab(tmp_path, "start", "--limit", "a").code == 0  # it waits for b
    with begun(tmp_path, "up", "--limit", "c") as (late, said):
        wait_for(lambda: late.poll() is not None or "waiting" in said(), "the newcomer to wait")
        assert "the swarm still runs on a: waiting for it to end, then c will be served" in said()
        assert fab(tmp_path, "start", "logs", "--limit", "b").code == 0
        assert late.wait(SECONDS) == 0, said()
        assert said().count("waiting for it to end") == 1
    copies = {
        (tmp_path / f"hosts/{host}/t/peer_{peer}/f.dat").read_bytes() for host, peer in (("b", 1002), ("c", 1003))
    }
    assert len(copies) == 1
