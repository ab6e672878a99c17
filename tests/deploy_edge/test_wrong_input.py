"""Wrong options, inventories and ports, told in one clear line before anything is done; and tasks that only look."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.deploy_edge.fabrun import ROOT, fab
from tests.deploy_edge.planned import steps_in


def test_check_and_plan_and_schema(write: Callable[..., list[int]], tmp_path: Path) -> None:
    ports = write()
    assert fab(tmp_path, "check").code == 0
    with socket.create_server(("", ports[2])):
        ran = fab(tmp_path, "check", "--limit", "b,c")
    assert ran.code == 1
    assert f"failed: c: port {ports[2]}: another program listens there" in ran.err
    assert "1 of 2 hosts are ready" in ran.out
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
        (["cap", "0"], 2, "cap: 0 Mbit/s is no cap that a swarm can live on; write at least 1"),
        (["cap"], 2, "cap needs a word: rate"),
        (["cap", "up=5,relay=20"], 2, "cap: no host has relay: true, so this machine carries nothing"),
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
