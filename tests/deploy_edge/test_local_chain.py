"""The tasks as a person types them, on hosts of this machine: chains, options, wrong input, and what is left."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.agent.verbs import Claim, Claimed
from deploy.core.inventory import LOCAL, Host
from deploy.edge.hosts.host import Link
from deploy.edge.hosts.local import LocalTransport
from rigs.freeports import free_ports
from tests.deploy_edge.fabrun import ROOT, SECONDS, Ran, fab, fab_command, fab_environment
from tests.deploy_edge.planned import steps_in
from tests.helpers.waiting import wait_for

INVENTORY = """\
swarm: {{name: t, payload: {payload}{more}}}
defaults: {{connection: local, workdir: "hosts/{{host}}"}}
hosts: {{a: {host}, b: {host_b}, c: }}
seeds: [a]
peers:
{peers}
"""


@pytest.fixture
def write(tmp_path: Path) -> Iterator[Callable[..., list[int]]]:
    """Writes an inventory of three local hosts; afterwards nothing of them may be left running."""

    def make(
        payload: str = "{generate: 300KiB, name: f.dat}", host: str = "", host_b: str = "", more: str = ""
    ) -> list[int]:
        ports = free_ports(3)
        rows = zip((1001, 1002, 1003), "abc", ports)
        peers = "\n".join(f"  - {{id: {peer}, host: {host}, port: {port}}}" for peer, host, port in rows)
        text = INVENTORY.format(payload=payload, host=host, host_b=host_b, more=more, peers=peers)
        (tmp_path / "inventory.yaml").write_text(text)
        return ports

    yield make
    fab(tmp_path, "stop")
    wait_for(lambda: not working_in(tmp_path), "all processes of the swarm to end")


def working_in(folder: Path) -> list[str]:
    """The command lines of processes that work in the folder."""
    found = []
    for entry in os.scandir("/proc"):
        try:
            if entry.name.isdigit() and os.readlink(f"{entry.path}/cwd").startswith(str(folder)):
                found.append(Path(entry.path, "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


@contextlib.contextmanager
def begun(folder: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], Callable[[], str]]]:
    """A `fab` that runs, and what it has said on standard error so far."""
    with tempfile.TemporaryFile("w+") as words:
        process = subprocess.Popen(
            fab_command(*arguments),
            cwd=folder,
            env=fab_environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=words,
        )

        def said() -> str:
            return os.pread(words.fileno(), 1 << 20, 0).decode()

        try:
            yield process, said
        finally:
            process.kill()
            process.wait()


def hashes(ran: Ran) -> set[str]:
    return set(re.findall(r"\b[0-9a-f]{64}\b", ran.out))


def test_up_brings_the_payload_everywhere_and_proves_it(write: Callable[..., None], tmp_path: Path) -> None:
    write()
    shown = steps_in(fab(tmp_path, "plan").out)
    ran = fab(tmp_path, "up", "--svg", "picture.svg")
    assert ran.code == 0, ran
    assert len(hashes(ran)) == 1
    assert "f.dat is whole on all 3 peers" in ran.out
    copies = {
        (tmp_path / f"hosts/{host}/t/peer_{peer}/f.dat").read_bytes() for host, peer in zip("abc", (1001, 1002, 1003))
    }
    assert len(copies) == 1 and len(copies.pop()) == 300 * 1024
    (run,) = (tmp_path / "runs").iterdir()
    assert {path.name for path in run.iterdir()} == {
        ".weft-run",
        "a",
        "b",
        "c",
        "summary.txt",
        "summary.json",
        "transcript.txt",
        "payload.sha256",
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
    logs = fab(tmp_path, "logs")
    assert logs.code == 0
    assert "c/1003 | " in logs.out and "received the 'have' message" in logs.out
    verified = fab(tmp_path, "collect-logs", "verify", "--json")
    assert verified.code == 0
    assert {row["peer"]: row["verdict"] for row in verified.records if "verdict" in row} == dict.fromkeys(
        ("1001", "1002", "1003"), "ok"
    )
    assert "done" in fab(tmp_path, "status").out
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


def test_hosts_that_come_later_are_served_by_the_seeds(write: Callable[..., None], tmp_path: Path) -> None:
    write()
    assert fab(tmp_path, "up", "--limit", "b").code == 0
    assert not (tmp_path / "hosts/c").exists()
    shown = steps_in(fab(tmp_path, "plan", "--limit", "c").out)
    later = fab(tmp_path, "up", "--limit", "c", "--run", "later")
    assert later.code == 0, later
    assert steps_in((tmp_path / "runs/later/transcript.txt").read_text()) == shown
    assert "f.dat is whole on all 2 peers" in later.out  # the seed and the newcomer
    everybody = fab(tmp_path, "verify")
    assert everybody.code == 0 and len(hashes(everybody)) == 1
    assert "b: holds another run" in everybody.err


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


def test_one_operator_at_a_time_deploys_a_swarm(write: Callable[..., None], tmp_path: Path) -> None:
    write()
    here = Host("a", "127.0.0.1", "127.0.0.1", connection=LOCAL)
    other = Link(here, LocalTransport(here, tmp_path), "hosts/a/t")
    assert other.ask(Claim()) == Claimed(held=False, living=())
    refused = fab(tmp_path, "up")
    assert refused.code == 1
    (line,) = refused.err.splitlines()
    assert line.startswith("a: another operator is deploying this swarm: wait")
    assert not (tmp_path / "hosts/b").exists()
    other.close()
    assert fab(tmp_path, "up").code == 0


def test_two_operators_at_once_end_well_or_one_is_refused(write: Callable[..., None], tmp_path: Path) -> None:
    write()
    with begun(tmp_path, "up") as (one, one_said), begun(tmp_path, "up") as (two, two_said):
        codes = {(one.wait(SECONDS), one_said()), (two.wait(SECONDS), two_said())}
    assert 0 in {code for code, _ in codes}, codes
    for code, said in codes:
        assert code == 0 or "another operator" in said or "runs there" in said, said
    assert fab(tmp_path, "verify").code == 0
    assert not working_in(tmp_path)


def test_a_copy_that_rots_is_found(write: Callable[..., None], tmp_path: Path) -> None:
    write()
    assert fab(tmp_path, "up").code == 0
    (tmp_path / "hosts/b/t/peer_1002/f.dat").write_bytes(b"\0" * 300 * 1024)
    ran = fab(tmp_path, "verify")
    assert ran.code == 1
    assert "failed: b (peer 1002)" in ran.err
    assert "f.dat is whole on 2 of 3 peers" in ran.out
    (noted,) = (tmp_path / "runs").glob("*/payload.sha256")
    noted.write_text(f"{'0' * 64}  f.dat\n")  # as if all hosts agreed on another payload than was deployed
    assert "its hash isn't that of the manifest" in fab(tmp_path, "verify").err


def test_the_first_peer_that_fails_ends_the_start(write: Callable[..., list[int]], tmp_path: Path) -> None:
    ports = write()
    with socket.create_server(("", ports[1])):
        ran = fab(tmp_path, "deploy", "start")
        assert ran.code == 1
        assert f"{ports[1]}" in next(line for line in ran.err.splitlines() if line.startswith("failed: b (peer 1002)"))
        assert "peer 1003" not in ran.err.replace("peer 1002 couldn't", "")
        assert not working_in(tmp_path)
        going = fab(tmp_path, "start", "--keep-going")
        assert going.code == 1
        assert re.findall(r"peer (\d+) on . listens", going.err) == ["1001", "1003"]


def test_a_seed_without_its_payload(write: Callable[..., None], tmp_path: Path) -> None:
    write(payload="{path: /lost/model}")
    ran = fab(tmp_path, "up")
    assert ran.code == 1
    assert "failed: a: the seed's payload isn't there" in ran.err and "/lost/model" in ran.err
    assert "Traceback" not in ran.err
    assert not working_in(tmp_path)


def test_a_tree_that_lies_on_the_seed_goes_to_a_destination(write: Callable[..., None], tmp_path: Path) -> None:
    tree = tmp_path / "model $(x) 'y'"
    (tree / "a b").mkdir(parents=True)
    (tree / "a b" / "weights").write_bytes(b"w" * 100_000)
    (tree / "empty").write_bytes(b"")
    write(payload='{path: "' + str(tree) + '"}', host_b="{destination: delivered}")
    ran = fab(tmp_path, "up")
    assert ran.code == 0, ran
    assert (tmp_path / "delivered" / tree.name / "a b" / "weights").read_bytes() == b"w" * 100_000
    assert fab(tmp_path, "clean").code == 0
    assert (tmp_path / "delivered" / tree.name / "empty").exists()
    assert (tree / "a b" / "weights").exists()
    assert [path.name for path in (tmp_path / "delivered").iterdir()] == [tree.name]


def test_an_upload_goes_to_the_seed_once(write: Callable[..., None], tmp_path: Path) -> None:
    (tmp_path / "build.tar").write_bytes(b"b" * 200_000)
    write(payload="{upload: build.tar}")
    assert fab(tmp_path, "deploy").code == 0
    copy = tmp_path / "hosts/a/t/peer_1001/build.tar"
    before = copy.stat().st_mtime_ns
    assert fab(tmp_path, "up").code == 0
    assert copy.stat().st_mtime_ns == before
    (tmp_path / "build.tar").write_bytes(b"c" * 100)
    assert fab(tmp_path, "up").code == 0
    assert (tmp_path / "hosts/c/t/peer_1003/build.tar").read_bytes() == b"c" * 100


def test_local_turns_any_inventory_into_a_swarm_on_this_machine(write: Callable[..., None], tmp_path: Path) -> None:
    write()
    path = tmp_path / "inventory.yaml"
    path.write_text(path.read_text().replace("connection: local, ", "user: nobody, ").replace("hosts/{host}", "~/x"))
    ran = fab(tmp_path, "up", "--local")
    assert ran.code == 0, ran
    assert (tmp_path / ".weft/local/c/t/peer_1003/f.dat").exists()
    assert fab(tmp_path, "clean", "--local").code == 0
    assert not (tmp_path / ".weft").exists()


def test_check_and_plan_and_schema(write: Callable[..., list[int]], tmp_path: Path) -> None:
    ports = write()
    assert fab(tmp_path, "check").code == 0
    with socket.create_server(("", ports[2])):
        ran = fab(tmp_path, "check")
    assert ran.code == 1
    assert f"failed: c: port {ports[2]}: another program listens there" in ran.err
    assert "2 of 3 hosts are ready" in ran.out
    assert "start" in fab(tmp_path, "plan").out
    dry = fab(tmp_path, "deploy", "--dry-run", "start")
    assert dry.code == 0 and "start   c" in dry.out and not (tmp_path / "hosts").exists()
    assert {step.split()[0] for step in steps_in(dry.out)} == {"deploy", "start"}
    assert fab(tmp_path, "schema").out == (ROOT / "docs" / "inventory.schema.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["up", "--inventory", "nowhere.yaml"], 2, "nowhere.yaml: no such file or directory; name your inventory"),
        (["up", "--inventory", "."], 2, "is a directory"),
        (["status", "--limit", "zeta"], 2, "no host or group is called 'zeta'"),
        (["deploy", "--limit", "a", "start", "--limit", "b"], 2, "--limit is 'a' on deploy and 'b' on start"),
        (["-H", "a", "status"], 2, "use --limit"),
        (["deploy", "--run", "../x"], 2, "isn't a run's name"),
        (["start"], 1, "failed: a, b, c: this swarm isn't deployed there: run `fab deploy` first"),
        (["verify"], 1, "run `fab deploy` first"),
        (["logs"], 1, "run `fab deploy` first"),
        (["up", "--svg", "/proc/x/y.svg"], 2, "/proc/x"),
    ],
)
def test_wrong_input_is_one_clear_line(
    write: Callable[..., None], tmp_path: Path, arguments: list[str], code: int, words: str
) -> None:
    write()
    ran = fab(tmp_path, *arguments)
    assert ran.code == code, ran
    assert words in ran.err
    assert "Traceback" not in ran.err


def test_a_broken_inventory_names_its_line(tmp_path: Path) -> None:
    (tmp_path / "inventory.yaml").write_text(
        "swarm: {name: t, payload: {generate: 1MiB}}\nhosts:\n  a: {adress: x}\nseeds: [a]\n"
    )
    ran = fab(tmp_path, "up")
    assert ran.code == 2
    assert ran.err.startswith("inventory.yaml:3: ") and "address" in ran.err


@pytest.mark.parametrize("moment", ["deployed to", "peer 1001 on a", "started 3 of 3"])
def test_ctrl_c_leaves_only_a_swarm_that_was_started(write: Callable[..., None], tmp_path: Path, moment: str) -> None:
    """In the logs the swarm is left running, and the way back is told; before that nothing is left."""
    write(payload="{generate: 30MiB, name: f.dat}", more=", profile: classic, unchoking: 20")
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
