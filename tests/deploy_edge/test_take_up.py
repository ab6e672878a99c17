"""`up` while its swarm runs: the run is taken up and followed to the verdict, if it is the same swarm and payload."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.edge.tasks.takeup import is_done
from tests.deploy_edge.fabrun import fab


def test_up_takes_up_what_runs_and_other_payloads_do_not(write: Callable[..., list[int]], tmp_path: Path) -> None:
    write(payload="{upload: build.tar}")
    payload, inventory = tmp_path / "build.tar", tmp_path / "inventory.yaml"
    payload.write_bytes(b"b" * 200_000)
    written = payload.stat().st_mtime_ns
    assert fab(tmp_path, "deploy", "--run", "one").code == 0
    assert fab(tmp_path, "start", "--limit", "a").code == 0  # it waits for b and c

    payload.write_bytes(b"c" * 200_000)
    other = fab(tmp_path, "up")
    assert other.code == 1 and "failed: a: peer 1001 runs there (run one)" in other.err
    payload.write_bytes(b"b" * 200_000)
    os.utime(payload, ns=(written, written))  # the very payload again
    text = inventory.read_text()
    inventory.write_text(text.replace("{name: t,", "{name: t, unchoking: 7,"))
    assert "failed: a: peer 1001 runs there (run one)" in fab(tmp_path, "up").err
    inventory.write_text(text)
    assert [folder.name for folder in (tmp_path / "runs").iterdir()] == ["one"]  # what is refused leaves none

    ran = fab(tmp_path, "up", "--json")
    assert ran.code == 0, ran
    assert "run one of this payload goes on, on a: following it" in ran.err
    assert [fields["peer"] for fields in ran.records if fields["event"] == "started"] == [1002, 1003]
    assert (ran.records[-1]["run"], ran.records[-1]["complete_hosts"]) == ("one", 3)


@pytest.mark.parametrize(
    ("status", "done"),
    [
        ({"run": "new", "state": "done"}, True),
        (
            {"run": "old", "state": "done"},
            False,
        ),  # its host was deployed again, and the operator killed before the start
        ({"run": "new", "state": "seeding"}, False),
        ({}, False),
    ],
)
def test_a_peer_is_done_only_with_the_run_that_goes_on(status: dict[str, str], done: bool) -> None:
    assert is_done(status, "new") is done
