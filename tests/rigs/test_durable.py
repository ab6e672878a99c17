"""Copies are brought to the disk file by file, with the folders that name them."""

from __future__ import annotations

import os

from rigs.benchmark import durable


def test_every_file_of_every_copy_and_each_folder_is_synced(tmp_path, monkeypatch):
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "copy.bin").write_bytes(b"1")
    (tmp_path / "tree" / "deep").mkdir(parents=True)
    (tmp_path / "tree" / "deep" / "a").write_bytes(b"2")
    (tmp_path / "other").write_bytes(b"not asked for")
    synced = []
    monkeypatch.setattr(os, "fdatasync", lambda handle: synced.append(os.readlink(f"/proc/self/fd/{handle}")))
    ended = durable.sync([tmp_path / "one" / "copy.bin", tmp_path / "tree", tmp_path / "missing"])
    wanted = {"one/copy.bin", "one", "tree/deep/a", "tree/deep", "tree", "."}
    assert {os.path.relpath(path, tmp_path) for path in synced} == wanted
    assert ended > 1e9


def test_the_rate_of_a_disk_leaves_nothing_behind(tmp_path):
    assert durable.disk_rate(tmp_path, 4 << 20) > 0
    assert not list(tmp_path.iterdir())
