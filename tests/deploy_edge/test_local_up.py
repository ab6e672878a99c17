"""`up` and the tasks that it consists of, on hosts of this machine: what they print, leave and clear away."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.deploy_edge.fabrun import fab
from tests.deploy_edge.localhosts import hashes
from tests.deploy_edge.planned import steps_in


def test_up_brings_the_payload_everywhere_and_proves_it(write: Callable[..., None], tmp_path: Path) -> None:
    write()
    shown = steps_in(fab(tmp_path, "plan").out)
    ran = fab(tmp_path, "up", "--svg", "picture.svg")
    assert ran.code == 0, ran
    assert len(hashes(ran)) == 1
    assert "f.dat is complete on all 3 hosts" in ran.out
    copies = {
        (tmp_path / f"hosts/{host}/t/peer_{peer}/f.dat").read_bytes() for host, peer in zip("abc", (1001, 1002, 1003))
    }
    assert len(copies) == 1 and len(copies.pop()) == 300 * 1024
    (run,) = (tmp_path / "runs").iterdir()
    assert {path.name for path in run.iterdir() if not path.name.endswith(".manifest.json")} == {
        ".weft-run",
        "a",
        "b",
        "c",
        "report.html",
        "summary.txt",
        "summary.json",
        "transcript.txt",
        "payload.proof",
    }
    assert steps_in((run / "transcript.txt").read_text()) == shown
    assert {step.split()[0] for step in shown} == {"deploy", "start", "logs", "collect-logs", "verify"}
    assert "has downloaded the complete file" in (run / "b" / "log_peer_1002.log").read_text()
    assert json.loads((run / "summary.json").read_text())["exit_code"] == 0
    assert "<svg" in (tmp_path / "picture.svg").read_text()
    assert "font-face" not in (tmp_path / "picture.svg").read_text()  # whoever looks at it asks the net for nothing


def test_the_tasks_one_by_one_and_nothing_left_after_clean(write: Callable[..., None], tmp_path: Path) -> None:
    write()
    deployed = fab(tmp_path, "deploy", "start")
    assert deployed.code == 0, deployed
    order = re.findall(r"peer (\d+) on . listens", deployed.err)
    assert order == ["1001", "1002", "1003"]
    logs = fab(tmp_path, "logs", "--every")
    assert logs.code == 0
    assert "f.dat is complete on all 3 hosts" in logs.out
    assert "c/1003 | " in logs.out and "received the 'have' message" in logs.out
    verified = fab(tmp_path, "collect-logs", "verify", "--json")
    assert verified.code == 0
    assert {row["peer"]: row["verdict"] for row in verified.records if "verdict" in row} == dict.fromkeys(
        (1001, 1002, 1003), "ok"
    )
    assert "done" in fab(tmp_path, "status").out
    (summary,) = tmp_path.glob("runs/*/summary.txt")
    proved = summary.read_text()
    assert fab(tmp_path, "collect-logs").code == 0 and summary.read_text() == proved
    assert fab(tmp_path, "clean").code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["inventory.yaml", "runs"]


def test_a_second_deploy_sends_little_and_a_running_swarm_is_left_alone(
    write: Callable[..., None], tmp_path: Path
) -> None:
    write()
    first = [row["sent"] for row in fab(tmp_path, "deploy", "--json").records if "sent" in row]
    again = fab(tmp_path, "deploy", "start", "--limit", "a", "--json")
    second = [row["sent"] for row in again.records if "sent" in row]
    assert len(second) == 1 and second[0] < min(first) / 10
    refused = fab(tmp_path, "deploy", "--limit", "a")
    assert refused.code == 1
    assert "failed: a: peer 1001 runs there" in refused.err and "fab stop" in refused.err


@pytest.mark.usefixtures("usual_ports")
def test_local_turns_any_inventory_into_a_swarm_on_this_machine(write: Callable[..., None], tmp_path: Path) -> None:
    write()
    path = tmp_path / "inventory.yaml"
    path.write_text(path.read_text().replace("connection: local, ", "user: nobody, ").replace("hosts/{host}", "~/x"))
    ran = fab(tmp_path, "up", "--local")
    assert ran.code == 0, ran
    assert (tmp_path / ".weft/local/c/t/peer_1003/f.dat").exists()
    assert fab(tmp_path, "clean", "--local").code == 0
    assert not (tmp_path / ".weft").exists()


def test_a_cap_holds_from_the_first_byte_and_goes_when_it_is_taken_away(
    write: Callable[..., None], tmp_path: Path
) -> None:
    write("{generate: 24MiB, name: f.dat}", host="{peer_address: 127.0.0.2}", more=", cap: 1")  # another machine's
    assert fab(tmp_path, "deploy", "start").code == 0  # 24 MiB would take three minutes
    status = json.loads((tmp_path / "hosts/a/t/status_1001.json").read_text())
    assert status["bytes_up"] < 12 * 2**20
    freed = fab(tmp_path, "cap", "none", "--limit", "a")
    assert freed.code == 0 and "cap none each way, on a" in freed.out
    begun = time.monotonic()
    ran = fab(tmp_path, "logs")
    assert ran.code == 0, ran
    assert time.monotonic() - begun < 90
