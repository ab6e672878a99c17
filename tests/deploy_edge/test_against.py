"""`plan --against`: what it says of hosts with and without a copy, or that are down; and that nothing is changed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.deploy_edge.fabrun import fab
from tests.deploy_edge.test_json_output import checked
from tests.helpers.swarmfolder import content_of

DOWN = "{connection: ssh, address: 127.0.0.1, port: 1, user: x, workdir: ~/w}"


@pytest.fixture
def folder(write: Callable[..., list[int]], tmp_path: Path) -> Path:
    """A seed with a tree, of which host c has an older version; b is down."""
    tree = tmp_path / "seed" / "tree"
    (tree / "sub").mkdir(parents=True)
    for name in ("same", "sub/changed", "sub/old name"):
        (tree / name).write_text(name * 100)
    write(payload=f"{{path: {tree}}}", host_b=DOWN)
    shutil.copytree(tree, tmp_path / "hosts/c/t/peer_1003/tree")
    (tree / "sub/changed").write_text("other bytes")
    (tree / "sub/old name").rename(tree / "new name")
    return tmp_path


def test_each_host_is_told_of(folder: Path) -> None:
    before = content_of(folder / "hosts")
    ran = fab(folder, "plan", "--against", "b,c", "--json")
    assert ran.code == 4 and "b: connection refused" in ran.err
    (told,) = [fields for fields in checked(ran) if fields["event"] == "change"]
    assert (told["host"], told["changed"], told["added"]) == ("c", ["sub/changed"], ["new name"])
    assert (told["removed"], told["fetch"], told["files"]) == ([], 11, 3)  # Weft has no record of making that copy
    assert content_of(folder / "hosts") == before


def test_a_seed_has_nothing_to_fetch_and_may_lack_its_payload(folder: Path) -> None:
    wrong = fab(folder, "plan", "--against", "a")
    assert wrong.code == 2 and "a: only seeds are there, which have the payload; name a host that gets it" in wrong.err
    shutil.rmtree(folder / "seed")
    missing = fab(folder, "plan", "--against", "c")
    assert missing.code == 1 and "no seed has the payload, so there is nothing to compare with" in missing.err
