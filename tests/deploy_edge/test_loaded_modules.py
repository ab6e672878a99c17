"""A command loads what it needs, since loading takes longer than most commands: told by the modules, not by seconds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import FrozenSet

import pytest

from tests.deploy_edge.fabrun import ROOT

SSH = {"fabric", "paramiko", "cryptography", "deploy.edge.ssh"}
INVENTORY = {"pydantic", "ruamel", "deploy.core.inventory.parse"}
TASKS = {"rich", "deploy.edge.tasks", "deploy.edge.hosts"}
RARE = {"pathspec", "deploy.core.hostlists", "deploy.edge.pushed.authority", "deploy.agent.survey"}
LOCAL = "swarm: {name: t, payload: {generate: 1MiB}}\nhosts: {a: {connection: local}}\nseeds: [a]\n"


def loaded(folder: Path, *command: str) -> FrozenSet[str]:
    """The modules that `python -m COMMAND...` has loaded in the end."""
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", *command],
        cwd=folder,
        env={**os.environ, "HOME": str(folder), "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert ran.returncode == 0, ran.stderr
    lines = (line.rpartition("|")[2].strip() for line in ran.stderr.splitlines() if line.startswith("import time:"))
    return frozenset(lines)


def found(modules: FrozenSet[str], names: "set[str]") -> "set[str]":
    """Which of the packages were loaded."""
    return {name for name in names if any(one == name or one.startswith(f"{name}.") for one in modules)}


@pytest.mark.parametrize(
    ("words", "absent"),
    [
        ("weft --version", SSH | INVENTORY | TASKS | RARE | {"invoke", "deploy", "peer"}),
        ("weft --help", SSH | INVENTORY | TASKS | RARE),
        ("weft --print-completion-script bash", SSH | INVENTORY | TASKS | RARE),
        ("weft plan", SSH | RARE | {"rich"}),
        ("fabric --search-root {root} plan", {"deploy.edge.ssh", "rich"} | RARE),
    ],
)
def test_a_command_loads_what_it_needs(tmp_path: Path, words: str, absent: "set[str]") -> None:
    (tmp_path / "inventory.yaml").write_text(LOCAL)
    assert found(loaded(tmp_path, *words.format(root=ROOT).split()), absent) == set()
