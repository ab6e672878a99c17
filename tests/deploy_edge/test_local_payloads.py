"""Where a payload comes from and goes to: a tree on the seed, an upload, a destination; and copies that are bad."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from tests.deploy_edge.fabrun import fab
from tests.deploy_edge.localhosts import wait_until_nothing_works_in


def test_a_copy_that_rots_is_found(write: Callable[..., None], tmp_path: Path) -> None:
    write()
    assert fab(tmp_path, "up", "--limit", "b").code == 0
    (tmp_path / "hosts/b/t/peer_1002/f.dat").write_bytes(b"\0" * 300 * 1024)
    ran = fab(tmp_path, "verify", "--limit", "a,b")
    assert ran.code == 1
    assert "failed: b (peer 1002)" in ran.err
    assert "f.dat is complete on 1 of 2 hosts" in ran.out
    (noted,) = (tmp_path / "runs").glob("*/payload.proof")
    noted.write_text(f"{'0' * 64}  f.dat\n")  # as if all hosts agreed on another payload than was deployed
    assert "its hash differs from that of the manifest" in fab(tmp_path, "verify", "--limit", "a,b").err


def test_a_seed_without_its_payload(write: Callable[..., None], tmp_path: Path) -> None:
    write(payload="{path: /lost/model}")
    ran = fab(tmp_path, "up")
    assert ran.code == 1
    assert "failed: a: the seed's payload isn't there" in ran.err and "/lost/model" in ran.err
    assert "Traceback" not in ran.err
    wait_until_nothing_works_in(tmp_path)


def test_one_host_with_somebodys_file_in_the_way_keeps_nobody_else_waiting(
    write: Callable[..., None], tmp_path: Path
) -> None:
    write(host_b="{destination: models}", more=", patience: 3")
    taken = tmp_path / "models" / "f.dat"
    taken.parent.mkdir()
    taken.write_text("somebody's")
    said = f"b: {taken}: Weft has no record of making it: move it away, or write `replace: true` (push: `--replace`)"
    checked = fab(tmp_path, "check")
    assert checked.code == 1 and said in checked.err, checked
    ran = fab(tmp_path, "up")
    assert ran.code == 1 and said in ran.err, ran
    copies = [tmp_path / f"hosts/{host}/t/peer_{peer}/f.dat" for host, peer in (("a", 1001), ("c", 1003))]
    assert copies[0].read_bytes() == copies[1].read_bytes()
    assert os.listdir(taken.parent) == ["f.dat"] and taken.read_text() == "somebody's"
    assert "peer_1002" not in os.listdir(tmp_path / "hosts" / "b" / "t")


def test_a_tree_that_lies_on_the_seed_goes_to_a_destination(write: Callable[..., None], tmp_path: Path) -> None:
    tree = tmp_path / "model $(x) 'y'"
    (tree / "a b").mkdir(parents=True)
    (tree / "a b" / "weights").write_bytes(b"w" * 100_000)
    (tree / "empty").write_bytes(b"")
    write(payload='{path: "' + str(tree) + '"}', host_b="{destination: delivered}")
    ran = fab(tmp_path, "up", "--limit", "b")
    assert ran.code == 0, ran
    assert (tmp_path / "delivered" / tree.name / "a b" / "weights").read_bytes() == b"w" * 100_000
    assert fab(tmp_path, "clean").code == 0
    assert (tmp_path / "delivered" / tree.name / "empty").exists()
    assert (tree / "a b" / "weights").exists()
    assert [path.name for path in (tmp_path / "delivered").iterdir()] == [tree.name]


def test_an_upload_goes_to_the_seed_once(write: Callable[..., None], tmp_path: Path) -> None:
    (tmp_path / "build.tar").write_bytes(b"b" * 200_000)
    write(payload="{upload: build.tar}")
    assert fab(tmp_path, "deploy", "--limit", "a").code == 0
    copy = tmp_path / "hosts/a/t/peer_1001/build.tar"
    before = copy.stat().st_mtime_ns
    assert fab(tmp_path, "up", "--limit", "c").code == 0
    assert copy.stat().st_mtime_ns == before
    (tmp_path / "build.tar").write_bytes(b"c" * 100)
    records = [tmp_path / f"hosts/{host}/t/.weft" for host in "ac"]
    for record in records:
        with record.open("a") as file:  # as after hundreds of deployments
            file.write('["work",".weft-0123456789abcdef",""]\n["gone",".weft-0123456789abcdef"]\n' * 5000)
    assert fab(tmp_path, "up", "--limit", "c").code == 0
    assert all(record.stat().st_size < 20_000 for record in records)
    assert (tmp_path / "hosts/c/t/peer_1003/build.tar").read_bytes() == b"c" * 100
