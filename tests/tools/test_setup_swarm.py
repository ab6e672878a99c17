"""A swarm set up by hand: the files that peers read, scripts that start them, and nothing destroyed unasked."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from peer.core import folder as names
from peer.core.config import PeerRow, parse_common, parse_peer_info
from peer.edge.generate import chunks
from peer.edge.lock import Lock
from peer.edge.papers import Papers, take_lock
from tests.helpers.ports import free_ports
from tests.helpers.waiting import wait_for
from tools import setup_swarm

ROOT = Path(__file__).resolve().parents[2]


def run(capsys, *arguments: object) -> "tuple[int, str]":
    try:
        code = setup_swarm.main([str(argument) for argument in arguments])
    except SystemExit as stop:
        code = stop.code
    said = capsys.readouterr()
    return code, said.out + said.err


def files(folder: Path) -> "set[str]":
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_the_usual_swarm(tmp_path, capsys):
    options = ("--peers", 5, "--file-size", 2097152, "--piece-size", 16384, "--dir", tmp_path)
    code, said = run(capsys, *options)
    assert code == 0 and "5 peers, 2 MiB in 128 pieces" in said
    assert files(tmp_path) == {"record_0", "Common.cfg", "PeerInfo.cfg", "peer_1001/TheFile.dat", "run_peers.sh"}
    assert {f"peer_{number}" for number in range(1001, 1006)} <= set(os.listdir(tmp_path))
    common = parse_common((tmp_path / "Common.cfg").read_text())
    assert common == (2, 1, 2, "TheFile.dat", 2097152, 16384)
    rows = parse_peer_info((tmp_path / "PeerInfo.cfg").read_text())
    assert rows[0] == PeerRow(1001, "localhost", 6008, True)
    assert rows[4] == PeerRow(1005, "localhost", 6012, False)
    assert (tmp_path / "peer_1001/TheFile.dat").read_bytes() == b"".join(map(bytes, chunks(2097152, "0")))


def test_every_option_has_its_effect(tmp_path, capsys):
    options = "--peers 3 --seeds 2 --file-size 10KiB --piece-size 1000 --file-name data.bin --seed x --host ::1"
    more = "--port 7000 --preferred 3 --unchoking 5 --optimistic 15"
    code, _ = run(capsys, *options.split(), *more.split(), "--dir", tmp_path / "new" / "folder")
    assert code == 0
    folder = tmp_path / "new" / "folder"
    assert (folder / "Common.cfg").read_text() == (
        "NumberOfPreferredNeighbors 3\nUnchokingInterval 5\nOptimisticUnchokingInterval 15\n"
        "FileName data.bin\nFileSize 10240\nPieceSize 1000\n"
    )
    assert (folder / "PeerInfo.cfg").read_text() == "1001 ::1 7000 1\n1002 ::1 7001 1\n1003 ::1 7002 0\n"
    data = b"".join(map(bytes, chunks(10240, "x")))
    assert (folder / "peer_1001/data.bin").read_bytes() == (folder / "peer_1002/data.bin").read_bytes() == data


def test_each_of_several_machines_gets_its_peers_and_its_script(tmp_path, capsys):
    code, said = run(capsys, "--peers", 5, "--file-size", 5, "--host", "127.0.0.1,10.0.0.2", "--dir", tmp_path)
    assert code == 0
    rows = parse_peer_info((tmp_path / "PeerInfo.cfg").read_text())
    assert [row.host for row in rows] == ["127.0.0.1"] * 3 + ["10.0.0.2"] * 2
    assert "on 127.0.0.1: sh run_127.0.0.1.sh    peers 1001, 1002, 1003" in said
    assert (tmp_path / "run_10.0.0.2.sh").read_text().endswith('exec sh "$(dirname "$0")/run_peers.sh" 1004 1005\n')


def test_a_machine_script_starts_its_own_peers_only(tmp_path, capsys):
    (port,) = free_ports(1)
    seeds = ("--peers", 2, "--seeds", 2, "--file-size", 5)
    assert run(capsys, *seeds, "--port", port, "--host", "127.0.0.1,127.0.0.2", "--dir", tmp_path)[0] == 0
    (tmp_path / "run_peers.sh").write_text('echo "$@"\n')
    done = subprocess.run(["sh", "run_127.0.0.2.sh"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "1002\n")


def test_self_is_the_own_address_on_the_way_to_the_others(tmp_path, capsys):
    assert run(capsys, "--peers", 2, "--file-size", 5, "--host", "self,127.0.0.7", "--dir", tmp_path)[0] == 0
    assert (tmp_path / "PeerInfo.cfg").read_text() == "1001 127.0.0.1 6008 1\n1002 127.0.0.7 6009 0\n"


def test_what_is_there_is_replaced_only_by_force(tmp_path, capsys):
    def set_up(*more: object) -> "tuple[int, str]":
        return run(capsys, "--peers", 2, "--file-size", 5, "--dir", tmp_path, *more)

    assert set_up()[0] == 0
    for name in ("Common.cfg", "PeerInfo.cfg", "run_peers.sh"):
        (tmp_path / name).unlink()
    (tmp_path / "peer_1002/TheFile.dat").write_text("mine")
    (tmp_path / "swarm.json").write_text("{}")
    (tmp_path / "notes.txt").write_text("mine")
    code, said = set_up()
    assert code == 1 and said.count("\n") == 1 and "--force" in said
    assert (tmp_path / "peer_1002/TheFile.dat").read_text() == "mine" and not (tmp_path / "Common.cfg").exists()
    assert set_up("--force")[0] == 0
    made = {"Common.cfg", "PeerInfo.cfg", "run_peers.sh", "peer_1001/TheFile.dat", "record_0"}
    assert files(tmp_path) == made | {"notes.txt", "peer_1002.before-1/TheFile.dat", "swarm.json.before-1"}
    assert (tmp_path / "peer_1002.before-1/TheFile.dat").read_text() == "mine"
    assert set_up("--force")[0] == 0
    assert files(tmp_path) == made | {"notes.txt", "peer_1002.before-1/TheFile.dat", "swarm.json.before-1"}


def test_after_a_run_force_leaves_nothing_of_it_that_would_be_foreign(tmp_path, capsys):
    def set_up() -> "tuple[int, str]":
        return run(capsys, "--peers", 2, "--file-size", 5, "--dir", tmp_path, "--force")

    assert set_up()[0] == 0
    fresh = files(tmp_path)
    for peer in (1001, 1002):  # all that a peer makes before it listens
        lock = take_lock(str(tmp_path), peer)
        Papers(str(tmp_path), peer).record.close()
        if peer == 1002:
            assert set_up() == (
                1,
                f"setup_swarm: cannot write {tmp_path}: peer 1002 (pid {os.getpid()}) runs there: stop it first\n",
            )
        lock.release()
    assert files(tmp_path) > fresh | {"lock_1001", "trace_1002.jsonl"}
    assert set_up()[0] == 0 and files(tmp_path) == fresh
    take_lock(str(tmp_path), 1001).release()
    Papers(str(tmp_path), 1001).record.close()


@pytest.mark.parametrize(
    ("options", "code", "complaint"),
    [
        ("--peers 0", 2, "--peers"),
        ("--peers many", 2, "--peers"),
        ("--peers 3 --seeds 4", 2, "--seeds"),
        ("--port 65535 --peers 2", 2, "--port"),
        ("--file-size big", 2, "not a size"),
        ("--piece-size 0", 2, "PieceSize"),
        ("--unchoking 0", 2, "--unchoking"),
        ("--file-name ../x", 2, "FileName"),
        ("--host two;words", 2, "host"),
        ("--host a/b,c", 2, "'a/b' in 'a/b,c' is no machine"),
        ("--host a,,b", 2, "is no machine"),
        ("--host self,self", 2, "names a machine twice"),
        ("--host a,b --peers 1", 2, "2 machines for 1 peer;"),
        ("--host self,nobody.invalid", 2, "write this machine's address"),
        ("--file-size 1PB --piece-size 1GiB", 1, "free on this disk"),
        ("--unknown", 2, "--unknown"),
        ("--foreign 1009=true", 2, "there is no peer 1009"),
        ("--foreign 1003=", 2, "names no command"),
        ("--foreign java", 2, "names no command"),
    ],
)
def test_errors_are_one_line(tmp_path, capsys, options, code, complaint):
    arguments = [option.replace(";", " ") for option in options.split()]
    result, said = run(capsys, *arguments, "--dir", tmp_path / "new")
    assert result == code
    assert complaint in said and said.count("\n") == 1


def test_a_folder_that_cannot_be_made_is_named(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    code, said = run(capsys, "--file-size", 1, "--dir", tmp_path / "file" / "folder")
    assert code == 1 and str(tmp_path / "file") in said and said.count("\n") == 1


@pytest.fixture
def swarm(tmp_path, capsys):
    """A small swarm in a folder with an awkward name."""
    folder = tmp_path / "my swarm's $(folder)"
    (port,) = free_ports(1)
    options = ("--peers", 3, "--file-size", "100KiB", "--piece-size", "16KiB", "--port", port, "--dir", folder)
    assert run(capsys, *options)[0] == 0
    return folder


def script(folder: Path, *ids: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "PYTHON": sys.executable}
    argv = [str(folder / "run_peers.sh"), *ids]
    return subprocess.run(argv, cwd="/", env=environment, capture_output=True, text=True, timeout=100)


def test_run_peers_starts_all_and_says_how_each_ended(swarm):
    done = script(swarm)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "peer 1001: complete\npeer 1002: complete\npeer 1003: complete\n"
    payloads = {(swarm / f"peer_{number}/TheFile.dat").read_bytes() for number in (1001, 1002, 1003)}
    assert len(payloads) == 1


def test_run_peers_fails_with_a_peer_and_quotes_it(swarm):
    done = script(swarm, "1009")
    assert done.returncode == 1
    assert done.stderr.startswith("peer 1009: exit code 2: ") and "1009" in done.stderr.split(": ", 2)[2]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_an_interrupted_run_peers_stops_the_peers_that_it_started(swarm, number):
    environment = {**os.environ, "PYTHON": sys.executable}
    argv = [str(swarm / "run_peers.sh"), "1002", "1003"]  # without the seed they wait for it
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a test run in the background ignores it
    try:
        started = subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    finally:
        signal.signal(signal.SIGINT, before)
    with started:
        for peer in (1002, 1003):
            wait_for((swarm / names.status(peer)).exists, f"the peer {peer}")
        started.send_signal(number)
        assert started.wait(60) == 130
    for peer in (1002, 1003):
        Lock(str(swarm), peer).release()  # which it can't take while the peer lives


# ---- somebody else's program as one of the peers

STANDS_IN = """
import subprocess, sys, time
code = subprocess.run([sys.executable, "-m", "peer", sys.argv[1]]).returncode
{then}
"""
ENDS = {"sys.exit(code)": "it ended with exit code 0", "time.sleep(600)": "it didn't end, so it was stopped"}


@pytest.mark.parametrize("then", ENDS)
def test_somebody_elses_program_takes_part_and_is_stopped_in_the_end(tmp_path, capsys, then):
    folder = tmp_path / "swarm"
    program = tmp_path / "their peer.py"
    program.write_text(STANDS_IN.format(then=then))
    (port,) = free_ports(1)
    command = f"1002={sys.executable} '{program}' 1002"
    options = ("--peers", 3, "--file-size", "100KiB", "--piece-size", "16KiB", "--port", port, "--foreign", command)
    assert run(capsys, *options, "--dir", folder)[0] == 0
    done = script(folder)
    assert (done.returncode, done.stderr) == (0, ""), done
    lines = ["peer 1001: complete", "peer 1003: complete", f"peer 1002 (not ours): complete; {ENDS[then]}"]
    assert done.stdout.splitlines() == lines


@pytest.mark.parametrize(("says", "told"), [("echo no main class; ", ": no main class"), ("true; ", "")])
def test_a_program_that_brings_nothing_is_told_with_its_last_words(tmp_path, capsys, says, told):
    (port,) = free_ports(1)
    command = f"1001={says}exit 3"
    options = ("--peers", 1, "--file-size", 5, "--port", port, "--foreign", command, "--dir", tmp_path)
    assert run(capsys, *options)[0] == 0
    (tmp_path / "peer_1001" / "TheFile.dat").unlink()
    done = script(tmp_path)
    words = f"peer 1001 (not ours): not complete; it ended with exit code 3{told}\n"
    assert (done.returncode, done.stderr) == (1, words)
