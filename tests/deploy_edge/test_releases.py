"""Releases from `up` to `rollback`, on hosts of this machine."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from tests.deploy_edge.fabrun import fab
from tests.deploy_edge.planned import steps_in
from tests.deploy_edge.test_json_output import checked


def current(folder: Path) -> dict[str, str]:
    """The release that is current on each host."""
    return {host: os.readlink(folder / "srv" / host / "current").rpartition("/")[2] for host in "abc"}


def test_releases_are_turned_together_kept_and_turned_back(write: Callable[..., None], tmp_path: Path) -> None:
    write()
    inventory = tmp_path / "inventory.yaml"
    text = inventory.read_text().replace(
        'workdir: "hosts/{host}"', 'workdir: "hosts/{host}", destination: {releases: "srv/{host}", keep: 2}'
    )
    text = text.replace("swarm: {", 'swarm: {then: [["sh", "-c", "echo $WEFT_RELEASE >> told"]], batch: 2, ')
    inventory.write_text(text)
    first = fab(tmp_path, "up", "--run", "r1")
    assert first.code == 0 and "`current` is release r1 on a, b, c" in first.out, first
    assert current(tmp_path) == dict.fromkeys("abc", "r1")
    inventory.write_text(text.replace("300KiB", "400KiB"))
    (tmp_path / "srv/c/current").rename(tmp_path / "srv/c/kept")
    (tmp_path / "srv/c/current").mkdir()  # something foreign on one host: nothing is turned anywhere
    failed = fab(tmp_path, "up", "--run", "r2", "--json")
    assert failed.code == 1 and "stays as it was on every host" in failed.err, failed
    (tmp_path / "srv/c/current").rmdir()
    (tmp_path / "srv/c/kept").rename(tmp_path / "srv/c/current")
    assert current(tmp_path) == dict.fromkeys("abc", "r1")
    again = fab(tmp_path, "up", "--json")  # the same payload: the release that was begun is completed
    assert "r2" in {fields.get("release") for fields in checked(again)}
    assert current(tmp_path) == dict.fromkeys("abc", "r2")
    told = [fields["host"] for fields in again.records if fields["event"] == "then" and fields["exit_code"] == 0]
    assert sorted(told[:2]) == ["a", "b"] and told[2:] == ["c"]
    back = fab(tmp_path, "rollback")
    assert back.code == 0 and "`current` is release r1 on a, b, c" in back.out, back
    (tmp_path / "srv/b/releases/r2/f.dat").write_bytes(b"somebody wrote here")
    assert [(tmp_path / f"srv/{host}/told").read_text().split() for host in "abc"] == [["r1", "r2", "r1"]] * 3
    assert "$ sh -c" in (tmp_path / "runs/r1/c/then.txt").read_text()
    refused = fab(tmp_path, "activate", "--release", "r2")
    assert refused.code == 1 and "f.dat was changed or removed since it was proved" in refused.err
    assert current(tmp_path) == dict.fromkeys("abc", "r1")
    shown = fab(tmp_path, "releases", "plan").out
    assert [line.split() for line in shown.splitlines()[1:3]] == [
        ["r1", "f.dat", "300", "KiB", "a,", "b,", "c", "a,", "b,", "c"],
        ["r2", "f.dat", "400", "KiB", "a,", "b,", "c", "-"],
    ]
    assert "turn srv/b/current to releases/RUN once every host has proved its copy; keep 2 of them" in shown
    assert {step.split()[0] for step in steps_in(shown)} >= {"deploy", "verify"}
