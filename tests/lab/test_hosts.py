"""What a host of a lab is, seen from itself, from its neighbours and from the operator."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Dict, List, Tuple

import pytest

from netlab import Lab, LabError, UsageError
from netlab import labhost as host_module
from tests.helpers.waiting import wait_for

DEADLINE = 30.0


def ssh(lab: Lab, name: str, command: str, **options) -> "subprocess.CompletedProcess[str]":
    argv = ["ssh", "-F", str(lab.ssh_config), "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", name, command]
    return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, **options)


def test_login_by_ssh_reaches_each_host_as_its_user_in_its_own_home(lab):
    for name, one in lab.hosts.items():
        done = ssh(lab, name, "hostname; whoami; cd; pwd; python3 -c 'import os; print(os.getuid() > 0)'")
        assert done.stdout.split() == [name, "fleet", one.remote_home, "True"], done.stderr
        assert one.address != name


def test_each_host_has_a_host_key_of_its_own(lab):
    keys = {line.split()[2] for line in lab.known_hosts.read_text().splitlines()}
    assert len(keys) == len(lab.hosts)


def test_a_host_key_that_is_not_the_known_one_is_refused(lab, tmp_path):
    lines = lab.known_hosts.read_text().splitlines()
    addresses, keys = zip(*(line.split(" ", 1) for line in lines))
    wrong = tmp_path / "known_hosts"
    wrong.write_text("".join(f"{address} {key}\n" for address, key in zip(addresses, keys[1:] + keys[:1])))
    argv = [
        "ssh",
        "-F",
        str(lab.ssh_config),
        "-o",
        f"UserKnownHostsFile={wrong}",
        "-o",
        "BatchMode=yes",
        "node01",
        "true",
    ]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert done.returncode == 255 and "REMOTE HOST IDENTIFICATION HAS CHANGED" in done.stderr


def test_home_and_tmp_of_a_host_are_no_other_hosts_and_not_this_machines(lab):
    lab.run(
        "node01",
        ["sh", "-c", "echo one > ~/weft-lab-mine; echo one > /tmp/weft-lab-mine; echo one > /dev/shm/weft-lab-mine"],
    )
    for path in ("~/weft-lab-mine", "/tmp/weft-lab-mine", "/dev/shm/weft-lab-mine"):
        assert lab.run("node02", ["sh", "-c", f"cat {path}"], check=False).returncode != 0
        assert not os.path.exists(os.path.expanduser(path))
    assert (lab.hosts["node01"].home / "weft-lab-mine").read_text() == "one\n"
    assert lab.hosts["node01"].path("/tmp/weft-lab-mine").read_text() == "one\n"


def test_no_users_of_a_host_reach_another_hosts_home_through_the_state_directory(lab):
    home = lab.hosts["node02"].home
    assert lab.run("node01", ["ls", str(home)], check=False).returncode != 0


def test_a_host_sees_its_own_processes_only(lab):
    pids = lab.run("node01", ["sh", "-c", "ls /proc | grep -c '^[0-9]'"]).stdout
    assert 0 < int(pids) < 10


def test_a_host_is_reached_by_its_address_and_by_no_name(lab):
    lookup = "import socket, sys; print(socket.gethostbyname(sys.argv[1]))"
    own = lab.run("node01", ["python3", "-c", lookup, "node01"])
    assert own.stdout.strip() == "127.0.1.1"
    assert lab.run("node01", ["python3", "-c", lookup, "node02"], check=False).returncode != 0


def test_a_command_has_its_own_exit_code_input_and_user(lab):
    assert lab.run("node01", ["sh", "-c", "exit 7"], check=False).returncode == 7
    assert lab.run("node01", ["cat"], text="words").stdout == "words"
    assert lab.run("node01", ["id", "-un"]).stdout == "fleet\n"
    assert lab.run("node01", ["id", "-un"], root=True).stdout == "root\n"
    assert lab.run("node01", ["printenv", "HOME"]).stdout == "/home/fleet\n"


def test_arguments_reach_a_command_as_they_are(lab):
    awkward = "a b 'c' \"d\" $(e) \n é"
    assert lab.run("node01", ["printf", "%s", awkward]).stdout == awkward


def test_a_program_that_is_killed_is_gone(lab):
    process = lab.exec("node01", ["sleep", "1000"])
    process.kill()
    assert process.wait(DEADLINE) == -9
    assert lab.run("node01", ["pgrep", "-x", "sleep", "-u", "fleet"], check=False).stdout == ""


def test_a_failing_command_is_an_error_that_names_host_command_and_words(lab):
    with pytest.raises(LabError, match=r"node01: ls: exit code 2: .*nowhere"):
        lab.run("node01", ["ls", "/nowhere"])
    with pytest.raises(LabError, match=r"node01: sleep: no end after 0.1 s"):
        lab.run("node01", ["sleep", "1000"], timeout=0.1)
    with pytest.raises(FileNotFoundError):
        lab.exec("node01", ["no-such-program"])


def test_an_unknown_host_is_a_usage_error(lab):
    for method in (lab.cut, lab.heal, lab.host):
        with pytest.raises(UsageError, match="no host 'alpha' in this lab: it has node01 to node03"):
            method("alpha")


def test_orphans_of_a_login_live_on_and_leave_no_zombie(lab):
    ssh(
        lab, "node03", "setsid sh -c 'sleep 0.2; echo done > ~/orphan' >/dev/null 2>&1 </dev/null & sleep 0 & sleep 0 &"
    )
    wait_for((lab.hosts["node03"].home / "orphan").exists, "the orphan did its work")
    wait_for(lambda: " Z" not in lab.run("node03", ["ps", "-A", "-o", "pid,stat"]).stdout, "no zombies")


def test_hosts_reach_each_other(lab):
    receiver = lab.exec("node02", ["python3", "-c", _GREETER], stdout=subprocess.PIPE, text=True)
    with receiver:
        assert receiver.stdout.readline() == "ready\n"
        caller = "import socket, sys; print(socket.create_connection((sys.argv[1], 6008), 10).recv(5).decode())"
        said = lab.run("node03", ["python3", "-c", caller, lab.hosts["node02"].address])
        assert said.stdout == "hello\n"


_GREETER = """
import socket
with socket.create_server(("", 6008)) as server:
    print("ready", flush=True)
    with server.accept()[0] as connection:
        connection.sendall(b"hello")
"""


def test_traffic_is_counted_for_each_host(lab):
    before = lab.traffic()
    ssh(lab, "node01", "head -c 3000000 /dev/zero")
    after = lab.traffic()
    assert after["node01"].sent - before["node01"].sent > 3_000_000
    assert after["node02"].sent - before["node02"].sent < 100_000


def test_the_state_is_known_from_the_directory_alone(lab):
    again = Lab.open(lab.directory)
    assert again.hosts == lab.hosts
    assert again.run("node01", ["hostname"]).stdout == "node01\n"


def test_a_pid_that_became_another_process_is_not_taken_for_the_host(lab):
    planned = lab.plan.hosts[0]
    stranger = host_module.of(lab.plan, planned, os.getpid())
    with pytest.raises(LabError, match="node01 does not run any more"):
        stranger.popen(["true"])


def test_the_start_of_a_program_leaves_the_ends_of_others_to_whoever_started_them(lab):
    node = lab.hosts["node01"]
    first = node.popen(["sh", "-c", "exit 3"])
    os.waitid(os.P_PID, first.pid, os.WEXITED | os.WNOWAIT)
    node.popen(["true"]).wait()
    assert first.returncode is None
    assert os.waitstatus_to_exitcode(os.wait4(first.pid, 0)[1]) == 3


def test_status_tells_what_is(make_lab):
    lab = make_lab(hosts=2, rate=8)
    lab.cut("node02")
    lab.rate("node01", 2.5)
    first, second = lab.status()
    assert (first.name, first.rate, first.cut, first.answers) == ("node01", 2.5, False, True)
    assert (second.name, second.rate, second.cut, second.answers) == ("node02", 8, True, False)
    assert first.processes >= 2


def test_a_small_disk_is_full_at_its_size_and_only_on_its_host(make_lab):
    lab = make_lab(hosts=2, small_disks={"node02": 4 << 20})
    fill = ["sh", "-c", "head -c 8388608 /dev/zero > ~/big"]
    lab.run("node01", fill)
    full = lab.run("node02", fill, check=False)
    assert full.returncode != 0 and "No space left" in full.stderr
    assert 3 << 20 < (lab.hosts["node02"].home / "big").stat().st_size <= 4 << 20
    assert ssh(lab, "node02", "rm big && pwd").stdout == "/home/fleet\n"


def test_sshd_refuses_more_than_maxstartups_at_a_time(make_lab):
    lab = make_lab(hosts=1, maxstartups="2:100:2")
    address = lab.hosts["node01"].address
    silent: List[socket.socket] = []
    try:
        for _ in range(2):
            silent.append(socket.create_connection((address, 22), DEADLINE))
            assert silent[-1].recv(4) == b"SSH-"
        refused = ssh(lab, "node01", "true")
        assert refused.returncode == 255
    finally:
        for connection in silent:
            connection.close()
    wait_for(lambda: ssh(lab, "node01", "true").returncode == 0, "sshd takes logins again")


def test_a_cut_host_is_reached_by_nobody_and_runs_on_until_it_is_healed(make_lab):
    lab = make_lab(hosts=3)
    probe = ["python3", "-c", "import socket, sys; socket.create_connection((sys.argv[1], 22), 1)"]
    address = {name: one.address for name, one in lab.hosts.items()}
    lab.cut("node02")
    assert not lab.hosts["node02"].answers(1)
    assert lab.run("node01", [*probe, address["node02"]], check=False).returncode != 0
    assert lab.run("node02", [*probe, address["node01"]], check=False).returncode != 0
    lab.run("node01", [*probe, address["node03"]])
    assert lab.run("node02", ["hostname"]).stdout == "node02\n"
    lab.heal("node02")
    wait_for(lambda: lab.hosts["node02"].answers(1), "node02 answers after healing")
    wait_for(lambda: lab.run("node02", [*probe, address["node01"]], check=False).returncode == 0, "it reaches others")


def test_an_open_connection_survives_a_cut(make_lab):
    lab = make_lab(hosts=1)
    argv = ["ssh", "-F", str(lab.ssh_config), "-o", "BatchMode=yes", "node01", "cat"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as session:
        session.stdin.write("before\n")
        session.stdin.flush()
        assert session.stdout.readline() == "before\n"
        lab.cut("node01")
        session.stdin.write("meanwhile\n")
        session.stdin.flush()
        lab.heal("node01")
        assert session.stdout.readline() == "meanwhile\n"
        session.stdin.close()
        assert session.wait(DEADLINE) == 0


MOST, LEAST = 1.05, 0.90  # of the rate; headers, which the counters leave out, take 0.04 of it
TRIES = 3
WINDOW = 2.0  # seconds


def carried(
    lab: Lab, senders: List[str], receivers: List[str], flows: int, window: float = WINDOW
) -> Dict[str, Tuple[float, float]]:
    """What each host's link carries, sent and received, in Mbit/s, with `flows` TCP connections a pair of hosts."""
    python = [sys.executable, str(Path(__file__).with_name("flow.py"))]
    with ExitStack() as started:

        def run(name: str, *arguments: object) -> "subprocess.Popen[str]":
            argv = [*python, *map(str, arguments)]
            pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
            process = lab.exec(name, argv, root=True, **pipes)
            started.enter_context(process)
            started.callback(process.kill)
            return process

        sinks = [run(name, "receive", 9000, flows * len(senders)) for name in receivers]
        assert [sink.stdout.readline() for sink in sinks] == ["ready\n"] * len(sinks)
        for sender in senders:
            for name in receivers:
                run(sender, "send", lab.hosts[name].address, 9000, flows)
        assert [sink.stdout.readline() for sink in sinks] == ["flowing\n"] * len(sinks)
        traffic(lab, window / 2)  # slow start, and the burst that a shaper had saved up, are let pass
        return traffic(lab, window)


def traffic(lab: Lab, seconds: float) -> Dict[str, Tuple[float, float]]:
    before, began = lab.traffic(), time.monotonic()
    time.sleep(seconds)
    after, took = lab.traffic(), time.monotonic() - began
    return {
        name: tuple((new - old) * 8 / 1e6 / took for new, old in zip(after[name], before[name])) for name in lab.hosts
    }


@pytest.fixture(scope="module")
def shaped(make_lab) -> Lab:
    return make_lab(hosts=3, rate=40)


@pytest.mark.parametrize(
    ("senders", "receivers", "flows", "full"),
    [
        (["node01"], ["node02"], 1, {("node01", 0), ("node02", 1)}),
        (["node01"], ["node02"], 16, {("node01", 0), ("node02", 1)}),
        (["node01"], ["node02", "node03"], 4, {("node01", 0)}),
        (["node01", "node02"], ["node03"], 4, {("node03", 1)}),
        (["node01", "node02"], ["node01", "node02"], 4, {("node01", 0), ("node02", 0), ("node01", 1), ("node02", 1)}),
    ],
    ids=["one flow", "many flows", "one sends to two", "two send to one", "both ways"],
)
def test_a_link_carries_the_rate_asked_for_both_ways(shaped, senders, receivers, flows, full):
    """No more than that on any link, and no less on those that are `full` (0: what it sends, 1: receives)."""
    for _ in range(TRIES):  # a busy machine may keep a link from being full, and a reader of counters from the clock
        links = carried(shaped, senders, receivers, flows)
        most, least = max(max(link) for link in links.values()), min(links[name][way] for name, way in full)
        if least > 40 * LEAST and most < 40 * MOST:
            return
    pytest.fail(f"links of 40 Mbit/s carry something else: {links}")


def test_a_hosts_rate_can_be_changed_and_its_neighbours_keep_theirs(shaped):
    shaped.rate("node02", 4)
    try:
        links = carried(shaped, ["node01", "node02"], ["node02", "node03"], 2)
        assert max(links["node02"]) < 4 * MOST, links
        assert links["node03"][1] > 4 * 2, links
    finally:
        shaped.rate("node02", 40)


def test_a_rate_of_zero_takes_the_limit_away(make_lab):
    lab = make_lab(hosts=2, rate=4)
    for name in lab.hosts:
        lab.rate(name, 0)
    assert carried(lab, ["node01"], ["node02"], 1, window=0.4)["node02"][1] > 4 * 2
