"""The command line of the benchmark: what it refuses, what it reports, and that it leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rigs import bench, swarmdir
from rigs.benchmark import campaign
from rigs.benchmark.records import Kept, Run, write
from rigs.swarmdir import WeftOptions
from tests.helpers.waiting import wait_for

ROOT = Path(__file__).resolve().parents[2]


def run(capsys, *arguments: object) -> "tuple[int, str]":
    try:
        code = bench.main([str(argument) for argument in arguments])
    except SystemExit as stop:
        code = stop.code
    said = capsys.readouterr()
    return code, said.out + said.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["E"], "invalid choice: 'E'"),
        ([], "required"),
        (["A", "--tools", "weft,curl"], "no tool 'curl': choose from weft, "),
        (["A", "--runs", "0"], "not a whole number"),
        (["A", "--limit", "speed=9"], "'speed=9': write one of patience, degree, uploads"),
        (["A", "--limit", "degree=0"], "as degree=8"),
        (["A", "--work", "/nonexistent"], "no such folder"),
        (["up", "--hosts", "2,x"], "not a whole number"),
        (["up", "--against", "/nonexistent"], "no such folder"),
    ],
)
def test_wrong_arguments_are_one_line_and_code_2(capsys, arguments, words):
    code, said = run(capsys, *arguments)
    assert code == 2 and words in said
    assert len(said.strip().splitlines()) == 1


def test_a_report_of_nothing(tmp_path, capsys):
    code, said = run(capsys, "report", "--out", tmp_path)
    assert code == 1 and "nothing was measured there yet: name a scenario" in said


def test_a_report_of_what_was_measured(tmp_path, capsys):
    facts = {"what": "A", "begun": 0.0, "in_memory": True, "cores": 2, "kernel": "6", "python": "3"}
    write(tmp_path / "A.json", Kept(facts, [Run("A", "weft", 1, seconds=6.0, copies=1.0)]))
    code, said = run(capsys, "report", "--out", tmp_path)
    assert code == 0 and "6.00 s" in said


def test_what_is_missing_is_named_once_each(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda _name: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    tools, absent = campaign.choose(["weft", "aria2", "libtorrent", "rsync", "scp"], WeftOptions())
    assert [tool.name for tool in tools] == ["weft"]
    assert absent == {
        "aria2": "aria2 and opentracker not installed: apt-get install aria2 opentracker",
        "libtorrent": "libtorrent is not installed: pip install '.[bench]'",
        "rsync": "rsync is not installed: apt-get install rsync",
        "scp": "scp is not installed: apt-get install openssh-client",
    }


def test_tls_is_measured_where_peers_speak_it():
    _, absent = campaign.choose(["weft-tls"], WeftOptions())
    assert absent == ({"weft-tls": swarmdir.no_tls()} if swarmdir.no_tls() else {})


def start(tmp_path: Path, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "rigs/bench.py", *arguments, "--work", str(tmp_path), "--out", str(tmp_path / "out")],
        cwd=ROOT, env={**os.environ, "TMPDIR": str(tmp_path)}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip


def children(pid: int) -> "list[str]":
    text = Path(f"/proc/{pid}/task/{pid}/children")
    return text.read_text().split() if text.exists() else []


def test_classic_measures_and_keeps_the_figures(tmp_path):
    process = start(tmp_path, "classic", "--runs", "1")
    said, _ = process.communicate(timeout=100)
    assert process.returncode == 0, said
    assert "classic   5 peers run 1:" in said
    (found,) = json.loads((tmp_path / "out" / "classic.json").read_text())["runs"]
    assert found["peers"] == 5 and found["seconds"] > 0 and found["messages"] >= 2 and not found["problem"]
    assert not (tmp_path / "weft-bench").exists()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks at /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_no_process_and_no_folder(tmp_path, number):
    process = start(tmp_path, "classic", "--runs", "50")
    peers = wait_for(lambda: len(children(process.pid)) == 5 and children(process.pid), "five peers")
    process.send_signal(number)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert said.splitlines()[-1] == "bench: interrupted: everything was taken down"
    wait_for(lambda: not any(os.path.exists(f"/proc/{peer}") for peer in peers), "the peers to be gone")
    assert not (tmp_path / "weft-bench").exists()
