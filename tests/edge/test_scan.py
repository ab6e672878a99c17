"""What tells one state of a payload from another, and rows of a scan in columns."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Callable, List

import pytest

from peer.core.errors import ConfigError
from peer.core.treerules import FOLLOW, USUAL, Excluding
from peer.edge import scan as scanning
from peer.edge.asbefore import is_as_before, stamp
from peer.edge.foundrows import FoundRows
from peer.edge.hashing import check_payload, hash_scanned, scan_payload
from peer.edge.scan import scan

FOLLOWED = USUAL._replace(links=FOLLOW)
NO_LOGS = USUAL._replace(exclude=(Excluding(r".*\.log\Z", True),))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    top = tmp_path / "tree"
    (top / "inner").mkdir(parents=True)
    for name in ("b", "inner/c", "inner/now.log"):
        (top / name).write_text(name)
    (tmp_path / "outside").write_text("outside")
    return top


def rewrite(top: Path) -> None:
    """Other bytes of the same size, with the old time."""
    info = (top / "b").stat()
    (top / "b").write_text("x")
    os.utime(top / "b", ns=(info.st_atime_ns, info.st_mtime_ns))


CHANGES: List[Callable[[Path], object]] = [
    rewrite,
    lambda top: os.rename(top / "b", top / "a"),
    lambda top: (top / "inner" / "c").chmod(0o600),
    lambda top: (top / "inner").chmod(0o700),
    lambda top: top.chmod(0o700),
    lambda top: (top / "inner" / "d").mkdir(),
    lambda top: (top / "link").symlink_to("b"),
    lambda top: os.utime(top / "inner", (1, 1)),
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_stamp_changes_with_the_payload(tree: Path, change: Callable[[Path], object]) -> None:
    before = stamp(str(tree), USUAL)
    assert stamp(str(tree), USUAL) == before == scan_payload(str(tree)).stamp
    change(tree)
    assert stamp(str(tree), USUAL) != before


def test_what_is_behind_a_followed_link_counts(tree: Path) -> None:
    (tree / "link").symlink_to("../outside")
    kept, followed = stamp(str(tree), USUAL), stamp(str(tree), FOLLOWED)
    assert followed != kept
    (tree / "../outside").write_text("OUTSIDE")
    assert stamp(str(tree), USUAL) == kept
    assert stamp(str(tree), FOLLOWED) != followed


def test_of_what_is_excluded_only_how_much_it_is_counts(tree: Path) -> None:
    before = stamp(str(tree), NO_LOGS)
    (tree / "inner" / "now.log").write_text("INNER/NOW.LOG")
    assert stamp(str(tree), NO_LOGS) == before
    assert stamp(str(tree), USUAL) != before
    (tree / "inner" / "now.log").write_text("")
    assert stamp(str(tree), NO_LOGS) != before


@pytest.mark.parametrize("some", [1, 2, 500])
def test_a_folder_is_looked_at_in_parts(tree: Path, monkeypatch: pytest.MonkeyPatch, some: int) -> None:
    for number in range(7):
        (tree / f"{number}").write_text("7" * number)
        (tree / f"folder{number}").mkdir()
    monkeypatch.setattr(scanning, "_SOME", some)
    found = scan(str(tree), "tree", NO_LOGS)
    assert [*found.manifest.files.paths] == [*map(str, range(7)), "b", "inner/c"]
    assert [*found.manifest.files.sizes] == [*range(7), 1, 7]
    assert [one.path for one in found.manifest.folders] == [*(f"folder{number}" for number in range(7)), "inner"]
    assert (found.left_files, found.left_bytes) == (1, len("inner/now.log"))
    assert [*found.times] == [(tree / path).stat().st_mtime_ns for path in found.manifest.files.paths]


@pytest.mark.parametrize("change", CHANGES[1:7])
def test_a_seed_that_changed_in_more_than_bytes_and_times_is_looked_at_closely(
    tree: Path, change: Callable[[Path], object]
) -> None:
    manifest = hash_scanned(str(tree), scan_payload(str(tree))).manifest
    os.utime(tree / "b", (1, 1))
    assert is_as_before(str(tree), manifest)
    assert check_payload(str(tree), manifest, extras=False, seed=True).problem == ""
    change(tree)
    assert not is_as_before(str(tree), manifest)


def test_a_time_that_no_manifest_can_hold_is_told_with_its_file(tree: Path) -> None:
    rows = FoundRows()
    info = list((tree / "b").stat())
    far = os.stat_result(info, {"st_mtime_ns": 2**63, "st_ctime_ns": 1, "st_blocks": 8})
    with pytest.raises(ConfigError, match="odd: its time of change is centuries away; give it another"):
        rows.add([("odd", far)])


def test_rows_without_some_keep_their_facts_together(tree: Path) -> None:
    rows = FoundRows()
    rows.add([(name, (tree / name).stat()) for name in ("inner/now.log", "b", "inner/c")])
    left = rows.in_order().but({"inner/c"})
    assert left.paths == ["b", "inner/now.log"]
    assert [*left.sizes] == [1, 13]
    assert [*left.inodes] == [(tree / name).stat().st_ino for name in left.paths]


def test_a_files_stamp_is_the_same_whatever_its_name_as_a_payload(tree: Path) -> None:
    before = stamp(str(tree / "b"), USUAL)
    assert scan_payload(str(tree / "b"), "another").stamp == before
    rewrite(tree)
    assert stamp(str(tree / "b"), USUAL) != before
