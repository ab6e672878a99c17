"""Weft used from programs: the functions of `weft.tasks`, and the examples, each run as it is."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import invoke
import pytest
from ruamel.yaml import YAML

from deploy.fabfile import ns
from tests.deploy_edge.fabrun import ROOT, SECONDS, fab_environment
from tests.deploy_edge.localhosts import copies
from weft import tasks

EXAMPLES = ROOT / "examples"


def test_the_program_deploys_and_tells_what_came_of_it(write: Callable[..., None], tmp_path: Path) -> None:
    write()
    ran = subprocess.run(
        [sys.executable, str(EXAMPLES / "from_python.py"), "inventory.yaml"],
        cwd=tmp_path,
        env=fab_environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    lines = ran.stdout.splitlines()
    assert lines[0].startswith("peer 1001 listens on ") and lines[-1] == "copies on a, b, c"
    assert "f.dat is complete on all 3 hosts: sha256 " in ran.stdout
    assert len(copies(tmp_path, "a", "b", "c")) == 1


def test_the_steps_of_the_job_pass(write: Callable[..., None], tmp_path: Path) -> None:
    write()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "weft").write_text(f'#!/bin/sh\nexec {sys.executable} -m weft "$@"\n')
    (tmp_path / "bin" / "weft").chmod(0o755)
    environment = fab_environment(tmp_path)
    environment["PATH"] = f"{tmp_path}/bin{os.pathsep}{environment['PATH']}"
    job = YAML(typ="safe").load(EXAMPLES / "github-actions.yml")["jobs"]["deploy"]
    commands = [step["run"] for step in job["steps"] if "run" in step and "install" not in step["run"]]
    assert len(commands) == 3
    said = ""
    for command in commands:
        ran = subprocess.run(
            ["bash", "-e", "-c", command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        assert ran.returncode == 0, ran
        said = ran.stdout
    assert said == "f.dat is complete on all 3 hosts\n"


def test_ones_own_fabfile_restarts_a_service_after_the_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    body = runpy.run_path(str(EXAMPLES / "fabfile.py"))["release"].body
    ran: list[tuple[str, str]] = []

    class Recorder(NamedTuple):
        host: str

        def run(self, command: str) -> None:
            ran.append((self.host, command))

    def up(inventory: str) -> tasks.Done:
        if inventory == "half.yaml":
            raise tasks.Failed("up", tasks.Done(4, errors={"b": ["no answer"]}))
        return tasks.Done(0, "complete", copies=[{"host": "a"}, {"host": "b"}, {"host": "b"}])

    monkeypatch.setattr(tasks, "up", up)
    monkeypatch.setitem(body.__globals__, "Connection", Recorder)
    with pytest.raises(invoke.Exit, match="b: no answer") as ended:
        body(None, "half.yaml")
    assert (ended.value.code, ran) == (4, [])
    body(None)
    assert ran == [(host, "systemctl --user restart app") for host in ("a", "b")]


def test_the_tasks_are_a_collection_for_ones_own_fabfile(write: Callable[..., None], tmp_path: Path) -> None:
    """Where a folder `deploy` of somebody else's stands beside it."""
    write()
    (tmp_path / "deploy.py").write_text("WORDS = 'theirs'\n")
    mine = (
        "from invoke import Collection\nimport deploy, weft\nnamespace = Collection()\nnamespace.add_collection(weft)\n"
    )
    (tmp_path / "fabfile.py").write_text(f"{mine}import deploy\nassert deploy.WORDS == 'theirs'\n")

    def fab(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "fabric", *words]
        environment = {**fab_environment(tmp_path), "PYTHONPATH": str(ROOT)}
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=SECONDS)

    planned = fab("weft.plan", "--limit", "a,b")
    assert (planned.returncode, planned.stderr) == (0, ""), planned
    assert planned.stdout.startswith("deploy ")
    wrong = fab("weft.plan", "--limit", "zz")
    assert wrong.returncode == 2 and "no host or group is called 'zz'" in wrong.stderr


def test_each_task_has_a_function() -> None:
    for_people = {"init", "schema"}
    named = {name.replace("-", "_") for name in ns.tasks}
    assert named - for_people <= {name for name, one in vars(tasks).items() if callable(one) and one.__doc__}


def test_errors_are_values_of_one_exception(
    write: Callable[..., None], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write()
    with pytest.raises(tasks.Failed) as early:
        tasks.start(folder=tmp_path)  # nothing is deployed yet
    assert early.value.done.code == 1
    assert set(early.value.done.errors) == {"a", "b", "c"}
    assert early.value.done.errors["a"] == ["this swarm isn't deployed there: run `weft deploy` first"]
    with pytest.raises(tasks.Failed, match="no host or group is called 'zz'") as usage:
        tasks.plan(folder=tmp_path, limit="zz")
    assert usage.value.done.code == 2 and set(usage.value.done.errors) == {""}
    assert capfd.readouterr() == ("", "")
