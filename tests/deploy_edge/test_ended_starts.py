"""Starts that end early: a peer that fails, and Ctrl-C; nothing is left but a swarm that was started."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.deploy_edge.fabrun import fab, fab_command, fab_environment
from tests.deploy_edge.localhosts import wait_until_nothing_works_in, working_in
from tests.helpers.waiting import wait_for


def test_the_first_peer_that_fails_ends_the_start(write: Callable[..., list[int]], tmp_path: Path) -> None:
    ports = write()
    with socket.create_server(("", ports[1])):
        ran = fab(tmp_path, "deploy", "start")
        assert ran.code == 1
        assert f"{ports[1]}" in next(line for line in ran.err.splitlines() if line.startswith("failed: b (peer 1002)"))
        assert "peer 1003" not in ran.err.replace("peer 1002 couldn't", "")
        wait_until_nothing_works_in(tmp_path)
        going = fab(tmp_path, "start", "--keep-going")
        assert going.code == 1
        assert re.findall(r"peer (\d+) on . listens", going.err) == ["1001", "1003"]


@pytest.mark.parametrize("moment", ["deployed to", "peer 1001 on a", "started 3 of 3"])
def test_ctrl_c_leaves_only_a_swarm_that_was_started(write: Callable[..., None], tmp_path: Path, moment: str) -> None:
    """In the logs the swarm is left running, and the way back is told; before that nothing is left."""
    capped = ", profile: classic, cap: 1"  # four minutes for the seed: the swarm can't end before the last Ctrl-C
    write(payload="{generate: 30MiB, name: f.dat}", host="{peer_address: 127.0.0.2}", more=capped)
    operator = subprocess.Popen(
        fab_command("up", "--plain"),
        cwd=tmp_path,
        env=fab_environment(tmp_path),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert operator.stderr is not None
    said = ""
    for line in operator.stderr:
        said += line
        if moment in line and said.count(moment) == 1:
            operator.send_signal(signal.SIGINT)
    operator.stderr.close()
    assert operator.wait(60) == 130, said
    assert "Traceback" not in said and "interrupted" in said
    if "the swarm runs on" in said:
        assert "fab logs" in said and "started 3 of 3" in said
    else:
        wait_for(lambda: not working_in(tmp_path), f"what was started to end; it said: {said}")
