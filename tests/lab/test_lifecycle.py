"""A lab comes up whole or not at all, and nothing of it is left when it is down, whatever happened in between."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import List, Set

import pytest

from netlab import Lab, LabError, addresses, bringup, down, hostfiles, network, processes, shell, statedir
from tests.helpers.waiting import wait_for
from tools import lab as program

ROOT = Path(__file__).resolve().parents[2]
DEADLINE = 60.0


@pytest.fixture
def directory(lab_possible, tmp_path):  # noqa: ARG001
    """A state directory; whatever a test leaves of its lab is taken down."""
    yield tmp_path / "lab"
    down(tmp_path / "lab")


def command(*arguments: object) -> List[str]:
    return [sys.executable, str(ROOT / "tools/lab.py"), *map(str, arguments)]


def run(*arguments: object, code: int = 0, **options) -> str:
    """What the program says, both streams, when it ends with this exit code."""
    done = subprocess.run(command(*arguments), capture_output=True, text=True, timeout=DEADLINE, **options)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def one_line(text: str) -> str:
    assert text.count("\n") == 1 and text.endswith("\n"), text
    return text.strip()


def pids(tag: str) -> Set[int]:
    found = processes.inside(network.namespaces(tag))
    return {pid for inside in found.values() for pid in inside}


def alive(pid: int) -> bool:
    """Whether it runs; one that has ended may still wait for this machine's init to notice."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def assert_nothing_left(directory: Path, were: Set[int] = frozenset()) -> None:
    """No interface, namespace, mount, process or file of this directory's lab."""
    tag = addresses.tag_of(str(directory))
    assert network.namespaces(tag) == []
    assert not [name for name in os.listdir("/sys/class/net") if tag in name]
    mounts = Path("/proc/self/mountinfo").read_text()
    assert tag not in mounts and str(directory) not in mounts
    assert not [pid for pid in were if alive(pid)]
    left = os.listdir(directory) if directory.exists() else []
    assert not [name for name in left if name in (*statedir.OURS, "lab.json")]


def test_up_writes_what_an_operator_needs_and_down_leaves_nothing(directory):
    lab = Lab.up(2, 10, directory)
    assert {path.name for path in directory.iterdir()} == {
        "inventory.yaml", "key", "key.pub", "known_hosts", "ssh_config", "hosts", "lab.json",
    }  # fmt: skip
    assert lab.key.stat().st_mode & 0o777 == 0o600
    were = pids(lab.plan.tag)
    assert len(were) >= 4
    lab.down()
    assert_nothing_left(directory, were)
    assert not directory.exists()


def test_the_root_namespace_has_the_routes_and_interfaces_it_had(directory):
    def seen() -> Set[str]:
        links = shell.query(["ip", "-j", "link"])
        return {link["ifname"] for link in links if addresses.tag_of(str(directory)) in link["ifname"]}

    with Lab.up(1, 10, directory) as lab:
        assert seen() == {addresses.operator_link(lab.plan.tag)}
        assert lab.plan.subnet in network.routes()
        subnet = lab.plan.subnet
    assert seen() == set() and subnet not in network.routes()


def test_down_ends_every_process_of_every_host(directory):
    lab = Lab.up(1, 0, directory)
    lab.run(
        "node01", ["sh", "-c", "setsid sleep 1000 >/dev/null 2>&1 & trap '' TERM; setsid sleep 1000 >/dev/null 2>&1 &"]
    )
    stubborn = lab.exec("node01", ["sh", "-c", "trap '' TERM INT HUP; echo ready; sleep 1000; sleep 1000"],
                        stdout=subprocess.PIPE, text=True)  # fmt: skip
    assert stubborn.stdout.readline() == "ready\n"
    outside = subprocess.Popen(["ip", "netns", "exec", lab.hosts["node01"].namespace, "sleep", "1000"])
    were = pids(lab.plan.tag)
    lab.down()
    assert stubborn.wait(DEADLINE) == -9 and outside.wait(DEADLINE) == -9
    stubborn.stdout.close()
    assert_nothing_left(directory, were)


def test_what_others_put_into_the_directory_stays(directory):
    directory.mkdir()
    (directory / "before.txt").write_text("mine")
    lab = Lab.up(1, 0, directory)
    (directory / "after.txt").write_text("mine")
    lab.down()
    assert {path.name for path in directory.iterdir()} == {"before.txt", "after.txt"}


def test_an_empty_directory_that_was_there_stays(directory):
    directory.mkdir()
    Lab.up(1, 0, directory).down()
    assert list(directory.iterdir()) == []


def test_a_directory_with_another_inventory_is_left_alone(directory):
    directory.mkdir()
    (directory / "inventory.yaml").write_text("mine")
    assert "inventory.yaml is there already" in one_line(run("up", "--lab", directory, code=1))
    run("down", "--lab", directory)
    assert (directory / "inventory.yaml").read_text() == "mine"


def test_up_twice_says_so_and_harms_nothing(directory):
    run("up", "--hosts", 2, "--lab", directory)
    said = one_line(run("up", "--hosts", 2, "--lab", directory, code=1))
    assert "a lab of 2 hosts is up" in said and "down" in said
    assert [row.answers for row in Lab.open(directory).status()] == [True, True]


def test_down_twice_is_no_failure(directory):
    run("up", "--hosts", 1, "--lab", directory)
    assert "is down" in one_line(run("down", "--lab", directory))
    assert "nothing to take down" in one_line(run("down", "--lab", directory))


def test_down_works_when_the_directory_is_lost(directory):
    run("up", "--hosts", 1, "--lab", directory)
    were = pids(addresses.tag_of(str(directory)))
    subprocess.run(["rm", "-r", str(directory)], check=True)
    assert "is down" in run("down", "--lab", directory)
    assert_nothing_left(directory, were)


def test_a_lab_whose_hosts_are_lost_is_no_lab(directory):
    lab = Lab.up(1, 0, directory)
    processes.end_all(network.namespaces(lab.plan.tag))
    network.destroy(lab.plan.tag)  # as after a restart of the machine
    for arguments in (("status",), ("cut", "node01")):
        assert "has lost its hosts (a restart?): run 'down'" in one_line(run(*arguments, "--lab", directory, code=1))
    assert "clear them away with 'down'" in one_line(run("up", "--lab", directory, code=1))
    run("down", "--lab", directory)
    assert_nothing_left(directory)


def test_two_labs_live_side_by_side(directory, tmp_path):
    with Lab.up(1, 0, directory) as one, Lab.up(1, 0, tmp_path / "other") as other:
        assert one.plan.subnet != other.plan.subnet
        one.down()
        assert other.run("node01", ["hostname"]).stdout == "node01\n"
        assert other.hosts["node01"].answers()
    assert_nothing_left(tmp_path / "other")


@pytest.mark.usefixtures("lab_possible")
def test_labs_made_at_the_same_time_get_networks_of_their_own(tmp_path):
    made = [subprocess.Popen(command("up", "--hosts", 2, "--lab", tmp_path / str(n)), stdout=-1) for n in range(4)]
    try:
        assert [process.wait(DEADLINE) for process in made] == [0] * 4
        assert len({Lab.open(tmp_path / str(n)).plan.subnet for n in range(4)}) == 4
    finally:
        for number, process in enumerate(made):
            process.communicate()
            down(tmp_path / str(number))
            assert_nothing_left(tmp_path / str(number))


def test_a_network_that_is_in_use_is_refused_by_name(directory, lab):
    said = one_line(run("up", "--lab", directory, "--subnet", lab.plan.subnet, code=1))
    assert f"{lab.plan.subnet} collides with this machine's route to" in said
    assert_nothing_left(directory)


def test_an_sshd_that_does_not_start_is_quoted_and_nothing_is_left(directory, monkeypatch):
    monkeypatch.setattr(hostfiles, "sshd_config", lambda _plan: "NoSuchWord yes\n")
    with pytest.raises(LabError, match=r"node0[12]: sshd did not start: .*NoSuchWord"):
        Lab.up(2, 0, directory)
    assert_nothing_left(directory)


@pytest.mark.parametrize("step", ["network.build", "statedir.write_host", "network.configure_host", "labhost.start"])
def test_whatever_step_of_up_fails_nothing_is_left(directory, monkeypatch, step):
    module, name = step.split(".")

    def fail(*_arguments: object) -> None:
        raise LabError(f"{step} failed")

    monkeypatch.setattr(getattr(bringup, module), name, fail)
    with pytest.raises(LabError, match=step):
        Lab.up(3, 0, directory)
    assert_nothing_left(directory)


MOMENTS = {
    "its plan is written": lambda directory, _tag: (directory / "lab.json").exists(),
    "its first namespace is there": lambda _directory, tag: network.namespaces(tag),
    "its operator's leg is there": lambda _directory, tag: network.leg_exists(tag),
    "its first process runs": lambda _directory, tag: pids(tag),
    "its first sshd logs": lambda directory, _tag: list(directory.glob("hosts/*/ssh/sshd.log")),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_down_clears_what_a_killed_up_left(directory, moment):
    tag = addresses.tag_of(str(directory))
    up = subprocess.Popen(command("up", "--hosts", 30, "--lab", directory), stdout=subprocess.DEVNULL)
    wait_for(lambda: MOMENTS[moment](directory, tag), moment)
    up.kill()
    up.wait(DEADLINE)
    assert "there are left-overs" in one_line(run("up", "--lab", directory, code=1))
    assert "is down" in one_line(run("down", "--lab", directory))
    assert_nothing_left(directory)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
@pytest.mark.parametrize("moment", ["its first namespace is there", "its first process runs"])
def test_an_interrupted_up_undoes_itself(directory, moment, number):
    tag = addresses.tag_of(str(directory))
    up = subprocess.Popen(command("up", "--hosts", 30, "--lab", directory), stderr=subprocess.PIPE, text=True)
    wait_for(lambda: MOMENTS[moment](directory, tag), moment)
    up.send_signal(number)
    up.send_signal(number)  # an impatient operator doesn't stop the undoing
    _, errors = up.communicate(timeout=DEADLINE)
    assert up.returncode == 130
    assert "interrupted: nothing of the lab is left" in one_line(errors)
    assert_nothing_left(directory)


def test_the_program_as_a_person_uses_it(directory):
    where = ("--lab", directory)
    said = run("up", "--hosts", 2, "--rate", 50, *where)
    assert "2 hosts, 50 Mbit/s" in said and "ssh -F" in said and "down" in said
    assert run("exec", *where, "node02", "hostname") == "node02\n"
    assert run("exec", *where, "--root", "node02", "--", "id", "-un") == "root\n"
    assert run("exec", *where, "node02", "sh", "-c", "cat; exit 3", code=3, input="text") == "text"
    assert "cut off" in run("cut", *where, "node02")
    assert "2.5 Mbit/s" in run("rate", *where, "node01", "2.5")
    table = run("status", *where).splitlines()
    assert table[2].split() == ["node01", Lab.open(directory).hosts["node01"].address, "2.5", "Mbit/s", "each", "way",
                                "up", "answers", table[2].split()[-1]]  # fmt: skip
    assert table[3].split()[-3:-1] == ["cut", "silent"]
    rows = json.loads(run("status", "--json", *where))["hosts"]
    assert [(row["name"], row["rate"], row["cut"]) for row in rows] == [("node01", 2.5, False), ("node02", 50, True)]
    assert "on the network again" in run("heal", *where, "node02")
    assert "is down" in run("down", *where)
    for arguments in (("status",), ("heal", "node01"), ("cut", "node01")):
        assert "no lab is up" in one_line(run(*arguments, *where, code=1))


def test_a_command_that_cannot_run_is_told_as_shells_tell_it(directory):
    run("up", "--hosts", 1, "--lab", directory)
    assert "no such command" in one_line(run("exec", "--lab", directory, "node01", "no-such", code=127))
    assert "not executable" in one_line(run("exec", "--lab", directory, "node01", "/etc/passwd", code=126))
    assert "no host 'x'" in one_line(run("exec", "--lab", directory, "x", "true", code=2))
    assert "which command" in one_line(run("exec", "--lab", directory, "node01", code=2))


def test_a_terminated_exec_ends_its_command(directory):
    run("up", "--hosts", 1, "--lab", directory)
    argv = command("exec", "--lab", directory, "node01", "sh", "-c", "echo ready; exec sleep 1000")
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE) == 128 + signal.SIGTERM


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "COMMAND"),
        (("up", "--hosts", "0"), "--hosts"),
        (("up", "--hosts", "many"), "--hosts"),
        (("up", "--hosts", "5000"), "5000 hosts"),
        (("up", "--rate", "-1"), "-1 Mbit/s"),
        (("up", "--rate", "fast"), "--rate"),
        (("up", "--small-disk", "node01"), "HOST=SIZE"),
        (("up", "--small-disk", "node01=big"), "not a size"),
        (("up", "--small-disk", "nodeX=1MiB"), "nodeX"),
        (("up", "--subnet", "somewhere"), "--subnet"),
        (("up", "--maxstartups", "none"), "--maxstartups"),
        (("up", "--zones", "2by4"), "as 2x4"),
        (("up", "--zones", "1x4"), "as 2x4"),
        (("up", "--zones", "2x4", "--hosts", "8"), "leave --hosts out"),
        (("up", "--between", "50"), "without --zones"),
        (("exec",), "HOST"),
        (("fly",), "fly"),
    ],
)
def test_wrong_arguments_are_one_line_and_exit_code_2(directory, arguments, complaint):
    extra = ("--lab", directory) if arguments else ()
    assert complaint in one_line(run(*arguments, *extra, code=2))
    assert not directory.exists()


def refused(capsys, *arguments: object) -> str:
    assert program.main([*map(str, arguments)]) == 1
    return one_line(capsys.readouterr().err)


@pytest.fixture
def own_signals():
    """The program sets its signal handlers in the process that it runs in: here, that's the tests' own."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    handlers = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, handlers):
        signal.signal(number, handler)


@pytest.mark.usefixtures("own_signals")
@pytest.mark.parametrize("arguments", [("up",), ("down",), ("status",), ("cut", "node01")])
def test_without_root_it_says_so(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "root" in refused(capsys, *arguments, "--lab", tmp_path / "lab")
    assert not (tmp_path / "lab").exists()


@pytest.mark.usefixtures("own_signals")
@pytest.mark.parametrize(("missing", "package"), [("sshd", "openssh-server"), ("tc", "iproute2"), ("ip", "iproute2")])
def test_without_a_program_it_names_the_package(missing, package, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shell.shutil, "which", lambda name, **_: None if name == missing else "/bin/true")
    said = refused(capsys, "up", "--lab", tmp_path / "lab")
    assert said == f"lab: {missing} is not installed: apt-get install {package}"
    assert not (tmp_path / "lab").exists()


@pytest.mark.usefixtures("lab_possible", "own_signals")
def test_a_directory_that_cannot_be_made_is_named(tmp_path, capsys):
    assert "cannot make" in refused(capsys, "up", "--lab", tmp_path / "no" / "such" / "lab")
    (tmp_path / "file").write_text("")
    assert "cannot make" in refused(capsys, "up", "--lab", tmp_path / "file")
