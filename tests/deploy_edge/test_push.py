"""`push` on this machine: no inventory before, the payload and nothing else after."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path
from typing import Any

import fabric
import pytest

from deploy.core.pushtext import PushError
from deploy.core.verdict import UNREACHABLE
from deploy.edge.fab.openchain import open_chain, open_screen
from deploy.edge.hosts.errors import HostError
from deploy.edge.hosts.host import HostLink
from deploy.edge.tasks.push import choose_seed, make_inventory
from tests.deploy_edge.fabrun import fab
from tests.deploy_edge.localhosts import working_in
from tests.deploy_edge.test_weft_command import weft


@pytest.mark.usefixtures("usual_ports")
def test_a_payload_is_pushed_and_nothing_else_stays(tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(bytes(range(256)) * 900)
    with contextlib.ExitStack() as held:
        with contextlib.suppress(OSError):  # somebody has it, which is what is tried here
            held.enter_context(socket.create_server(("", 6008)))
        ran = weft(tmp_path, "push", "./model", "./a", "b/c", "--plain")
    assert (ran.code, "model is complete on all 2 hosts" in ran.out) == (0, True), ran.err
    assert [(tmp_path / f"{folder}/model").read_bytes() for folder in ("a", "b/c")] == [bytes(range(256)) * 900] * 2
    assert {path.name for path in tmp_path.iterdir()} == {"model", "a", "b", "runs"}
    assert [path.name for folder in ("a", "b/c") for path in (tmp_path / folder).iterdir()] == ["model", "model"]
    kept = "runs/push-model.yaml"
    assert weft(tmp_path, "plan", "-i", kept).code == 0

    (tmp_path / "model").write_bytes(b"another version")
    refused = weft(tmp_path, "push", "model", "a/", "./b/c")
    assert refused.code == 1 and "(push: `--replace`)" in refused.err
    assert f"  next: weft up --inventory {kept}" in refused.err
    ran = fab(tmp_path, "push", "--payload", "model", "--target", "./a", "--target", "./b/c", "--replace")
    assert ran.code == 0, ran.err
    assert [(tmp_path / f"{folder}/model").read_bytes() for folder in ("a", "b/c")] == [b"another version"] * 2
    assert working_in(tmp_path) == []


def test_what_it_is_told_and_what_it_keeps(tmp_path: Path) -> None:
    (tmp_path / "m").touch()
    (tmp_path / "hosts.txt").write_text("node[1-2]\n")
    ran = weft(tmp_path, "push", "m", "--to", "hosts.txt", ":/srv", "--dry-run", "--save", "kept.yaml")
    assert ran.code == 0 and "upload" in ran.out and "node2  1002" in ran.out
    assert f"payload: {{upload: {tmp_path}/m}}" in (tmp_path / "kept.yaml").read_text()
    assert not (tmp_path / "runs").exists()
    for arguments, line in [
        (
            ["push", "m", "--to", "hosts.txt", ":/srv", "--save", "kept.yaml"],
            "push: kept.yaml exists, and isn't replaced",
        ),
        (["push", "m", "--to", "lost", ":/srv"], "lost: no such file or directory; name a list of hosts"),
        (
            ["push", "m", "./a", "-i", "kept.yaml"],
            "push makes an inventory of its own: leave --inventory out, or run `weft",
        ),
        (["push"], "push: which payload? weft push ./model USER@HOST:/folder, or --seed HOST:/path if it is there"),
    ]:
        ran = weft(tmp_path, *arguments)
        assert ran.code == 2 and ran.err.startswith(line), ran.err


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"payload": "lost"}, "push: lost: no such file or directory; name a payload on this machine, or --seed"),
        ({"payload": "https://example.com/m"}, "push: https://example.com/m isn't on this machine; write an inventory"),
        ({"payload": "m", "to": "none.txt"}, "push: none.txt: no host is in this list"),
        ({"payload": "m", "hosts": "none.txt"}, "push: a list of hosts is named with --to FILE"),
        ({"payload": "m", "local": True}, "push: --local is for inventories; for a try on this machine name folders"),
    ],
)
def test_what_it_can_t_do_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], line: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m").touch()
    (tmp_path / "none.txt").write_text("# nobody\n")
    with pytest.raises(PushError) as error:
        make_inventory({"target": ["a:/srv"], **options}, lambda _: {})
    assert str(error.value).startswith(line)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("down", "seed"), [([], "here1"), (["here1"], "here2"), (["here2"], "here1"), (["here1", "here2"], "here1")]
)
def test_the_upload_goes_to_the_first_host_that_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, down: list[str], seed: str
) -> None:
    def connect(link: HostLink) -> None:
        if link.name in down:
            raise HostError("no answer", state=UNREACHABLE)

    monkeypatch.setattr(HostLink, "connect", connect)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m").touch()
    made = make_inventory({"payload": "m", "target": ["./a", "./b"]}, lambda _: {})
    chain = open_chain({}, ["push"], fabric.Config, open_screen({"plain": True}, "weft"), made)
    try:
        choose_seed(chain)
    finally:
        chain.fleet.close()
    assert [peer.host for peer in chain.inventory.seeds] == [seed]
    assert (tmp_path / "runs/push-m.yaml").read_text().endswith(f"\nseeds: [{seed}]\n")
    assert sorted(chain.down) == down
