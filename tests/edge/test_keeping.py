"""Unchanged files of a tree that is replaced: they become part of the new version as the files that they are."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Dict, Iterator

import pytest

from peer.core.errors import StoreError
from peer.core.events import Checked, Found
from peer.edge.hashing import make_manifest
from tests.edge.test_basis import OLD, PIECE, Versions, changed, noise

SAME = ("a/one", "a/two", "b", "zero")


@pytest.fixture
def versions(quick_folder: Path) -> Iterator[Versions]:
    """Of OLD one file has changed and one is new."""
    made = Versions(quick_folder, OLD, changed(OLD, c__d__e=noise(7, 6), n=noise(8, 1)))
    yield made
    made.close()


def inodes(versions: Versions) -> Dict[str, int]:
    return {name: os.stat(versions.new.final / name).st_ino for name in OLD}


def test_they_stay_the_files_that_they_were(versions: Versions) -> None:
    before = inodes(versions)
    store = versions.start()
    assert store.tally.files_kept == len(SAME)
    assert versions.new.final.joinpath("c/d/e").read_bytes() == OLD["c/d/e"], "the old version stays until the rename"
    versions.new.complete(store)
    versions.new.assert_arrived()
    after = inodes(versions)
    assert [name for name in OLD if after[name] == before[name]] == list(SAME)
    assert all(os.stat(versions.new.final / name).st_nlink == 1 for name in OLD), "nothing of the old version is left"


def test_what_is_kept_is_told_before_anything_may_be_requested(versions: Versions) -> None:
    versions.start()
    found = next(number for number, event in enumerate(versions.told) if isinstance(event, Found))
    kept = [event.right for event in versions.told[:found] if isinstance(event, Checked)]
    assert kept == [0b111], "else it would be asked for"


def test_who_starts_again_keeps_them_again(versions: Versions) -> None:
    before = inodes(versions)
    versions.start().close()
    versions.new.complete(versions.start())
    versions.new.assert_arrived()
    after = inodes(versions)
    assert all(after[name] == before[name] for name in SAME)


def test_a_backup_of_the_old_version_by_hard_links_does_no_harm(versions: Versions) -> None:
    store = versions.start()
    os.link(versions.new.final / "a/one", versions.new.folder.parent / "backup")
    versions.new.complete(store)
    versions.new.assert_arrived()


def test_what_somebody_writes_into_the_old_version_never_gets_the_new_name(versions: Versions) -> None:
    """The start after that takes what is right yet, and the copy is its own."""
    store = versions.start()
    with (versions.new.final / "a/one").open("r+b") as file:
        file.write(b"somebody")
    with pytest.raises(StoreError, match="a/one: another program writes to it"):
        versions.new.complete(store)
    store.close()
    assert versions.new.final.joinpath("c/d/e").read_bytes() == OLD["c/d/e"]
    again = versions.new.store(aside=".before")
    again.open_leecher()
    versions.check(again)
    assert again.tally.files_kept == len(versions.new.manifest.files) - 1
    versions.new.complete(again)
    assert content(versions, "a/one") == OLD["a/one"]


def content(versions: Versions, name: str) -> bytes:
    return versions.new.final.joinpath(name).read_bytes()


def test_other_modes_times_and_further_names_are_copied(quick_folder: Path) -> None:
    """A file with another name in the new tree, one with another mode and one with another time are new files."""
    made = Versions(quick_folder, OLD, changed(OLD, n=noise(8, 1)))
    made.new.original.joinpath("a/one").chmod(0o600)
    os.utime(made.new.original / "b", (0, 5))
    os.link(made.new.original / "a/two", made.new.original / "further")
    made.new.hashed(make_manifest(str(made.new.original), PIECE))
    before = inodes(made)
    made.new.complete(made.start())
    made.new.assert_arrived()
    after = inodes(made)
    assert [name for name in OLD if after[name] == before[name]] == ["c/d/e", "zero"]
    made.close()


def test_they_need_no_room(versions: Versions, monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = sum(map(len, (OLD["c/d/e"], noise(8, 1))))
    monkeypatch.setattr("peer.edge.room.free_bytes", lambda _: lacking - 10_000)
    with pytest.raises(StoreError, match=rf"needs 45\d{{4}} bytes and {lacking - 10_000} are free; make room there"):
        versions.start()
    assert os.listdir(versions.new.folder) == [versions.new.final.name], "nothing was made"
    monkeypatch.setattr("peer.edge.room.free_bytes", lambda _: lacking)
    versions.new.complete(versions.start())
    versions.new.assert_arrived()
