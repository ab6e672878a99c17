"""What is ours and what isn't: records, fresh names, and trees that turn, to any depth and never through a link."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path
from typing import Callable, Iterator

import pytest

from peer.core import record as lines
from peer.edge.ours import making, mounts, naming, recordfile, trees, turning
from peer.edge.ours.recordfile import ForeignError, RecordFile, read
from peer.edge.ours.sharing import shorten_alone, unreplaced


@pytest.fixture
def record(tmp_path: Path) -> Iterator[RecordFile]:
    (tmp_path / "home").mkdir()
    made = RecordFile(str(tmp_path / "home" / "record"), "test")
    yield made
    made.close()


@pytest.fixture
def ours(record: RecordFile, tmp_path: Path) -> Path:
    """A file of ours."""
    making.make_file(record, str(tmp_path / "file"), b"ours")
    return tmp_path / "file"


def again(record: RecordFile) -> RecordFile:
    return RecordFile(record.path, "test")


def test_what_was_made_is_ours_in_a_later_life_too(record: RecordFile, ours: Path) -> None:
    assert record.is_ours(str(ours)) and again(record).is_ours(str(ours))


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.write_bytes(b"other"),
        lambda path: (path.unlink(), path.write_bytes(b"ours")),
        lambda path: (path.unlink(), path.symlink_to("elsewhere")),
        lambda path: (path.unlink(), path.mkdir()),
        lambda path: path.unlink(),
    ],
    ids=["written to", "another file", "a link", "a folder", "gone"],
)
def test_what_somebody_put_in_its_place_is_not(
    record: RecordFile, ours: Path, change: Callable[[Path], object]
) -> None:
    change(ours)
    assert not record.is_ours(str(ours))


def test_other_rights_and_another_device_number_make_it_nobody_elses(record: RecordFile, ours: Path) -> None:
    """Rights may be changed by anybody, and device numbers by a restart of the machine."""
    ours.chmod(0o600)
    assert record.is_ours(str(ours))
    noted = record.record.made.of(str(ours))[0]
    assert lines.same(noted._replace(device=noted.device + 1), noted)


def test_a_record_torn_at_any_byte_is_believed_as_far_as_it_goes(record: RecordFile, tmp_path: Path) -> None:
    for number in range(3):
        making.make_file(record, str(tmp_path / f"file{number}"), b"x")
    text = Path(record.path).read_bytes()
    for length in range(len(text)):
        found = lines.parse(text[:length].splitlines())
        assert (found is None) == (length < text.index(b"\n"))
        if found is not None:
            complete = sum(line.startswith(b'["made"') for line in text[:length].split(b"\n")[:-1])
            assert complete <= len(found.made) <= complete + 1


def test_after_a_torn_line_the_next_one_counts(record: RecordFile, tmp_path: Path) -> None:
    with open(record.path, "a") as file:
        file.write('["made","half')
    later = again(record)
    making.make_file(later, str(tmp_path / "file"), b"x")
    assert again(later).is_ours(str(tmp_path / "file"))


@pytest.mark.parametrize("make", [Path.mkdir, Path.touch, lambda path: path.symlink_to("/dev/null")])
def test_something_of_the_records_name_is_refused_and_kept(tmp_path: Path, make: Callable[[Path], object]) -> None:
    make(tmp_path / "record")
    with pytest.raises(ForeignError, match="it isn't a record of Weft's"):
        RecordFile(str(tmp_path / "record"), "test")
    assert os.listdir(tmp_path) == ["record"]


def test_a_record_that_somebody_removes_at_once_isnt_foreign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recordfile, "_begin", lambda *_: None)
    with pytest.raises(FileNotFoundError):
        RecordFile(str(tmp_path / "record"), "test")


def test_a_record_that_was_copied_to_another_folder_says_nothing_there(record: RecordFile, tmp_path: Path) -> None:
    shutil.copytree(tmp_path / "home", tmp_path / "copy")
    assert read(record.path) is not None and read(str(tmp_path / "copy" / "record")) is None


def test_a_long_record_is_begun_again_with_what_still_is_true(
    record: RecordFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("peer.edge.ours.recordview._LONG", 1000)
    for number in range(100):
        making.make_file(record, str(tmp_path / "file"), b"%d" % number)
    before = os.path.getsize(record.path)
    record.compact()
    assert os.path.getsize(record.path) < before / 10
    assert again(record).is_ours(str(tmp_path / "file"))


def test_a_long_record_of_what_is_there_stays(
    record: RecordFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until the half of it isn't there any more."""
    monkeypatch.setattr("peer.edge.ours.recordview._LONG", 1000)
    files = [tmp_path / f"file{number:04}" for number in range(1000)]
    for file in files:
        file.touch()
    record.made_all((str(file), os.lstat(file)) for file in files)
    before = os.path.getsize(record.path)
    for file in files[:400]:
        file.unlink()
    record.compact()
    assert os.path.getsize(record.path) == before
    for file in files[400:600]:
        file.unlink()
    record.compact()
    assert os.path.getsize(record.path) < before / 2


def test_a_record_isnt_shortened_while_an_old_version_lies_elsewhere(
    record: RecordFile, ours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("peer.edge.ours.recordview._LONG", 10)
    work = Path(record.fresh(str(tmp_path), str(ours)))
    work.mkdir()
    ours.rename(work / "old")
    record.compact()
    assert record.knows(str(ours), (work / "old").lstat())
    (work / "old").rename(ours)
    work.rmdir()
    record.compact()
    assert again(record).is_ours(str(ours)) and again(record).work() == []


def test_a_record_of_several_writers_is_shortened_by_one_that_is_alone(
    record: RecordFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(100):
        making.make_file(record, str(tmp_path / "file"), b"%d" % number)
    monkeypatch.setattr("peer.edge.ours.recordview._LONG", 1000)
    before = os.path.getsize(record.path)
    with unreplaced(record.path), unreplaced(record.path):
        shorten_alone(record.path, "test")
    with open(record.path, "r+b") as claimed:
        fcntl.flock(claimed, fcntl.LOCK_EX)
        shorten_alone(record.path, "test")
        with unreplaced(record.path):
            pass  # the lock of the file keeps no writer waiting
    assert os.path.getsize(record.path) == before
    shorten_alone(record.path, "test")
    assert os.path.getsize(record.path) < before / 10
    assert again(record).is_ours(str(tmp_path / "file"))


@pytest.mark.parametrize("able", [True, False], ids=["renameat2", "plain renames"])
def test_nothing_is_replaced_by_a_thing_that_gets_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, able: bool
) -> None:
    if not able:
        monkeypatch.setattr(naming, "_call", lambda: None)
    for make in (Path.mkdir, Path.touch):
        make(tmp_path / "new")
        (tmp_path / "final").write_bytes(b"mine")
        with pytest.raises(FileExistsError):
            naming.put(str(tmp_path / "new"), str(tmp_path / "final"))
        assert (tmp_path / "final").read_bytes() == b"mine"
        (tmp_path / "final").unlink()
        naming.put(str(tmp_path / "new"), str(tmp_path / "final"))
        assert os.listdir(tmp_path) == ["final"]
        trees.clear(str(tmp_path / "final"))


# ---- trees


def deep(top: Path, levels: int, name: str = "d") -> None:
    top.mkdir()
    here = os.getcwd()
    os.chdir(top)
    try:
        for _ in range(levels):
            os.mkdir(name)
            os.chdir(name)
        Path("file").touch()
    finally:
        os.chdir(here)


@pytest.mark.parametrize("levels, name", [(1500, "d"), (40, "n" * 255)], ids=["1500 folders", "names of 255 bytes"])
def test_trees_are_cleared_however_deep_and_long(tmp_path: Path, levels: int, name: str) -> None:
    """Also where a path is longer than the system takes."""
    deep(tmp_path / "tree", levels, name)
    assert len(list(trees.everything(str(tmp_path / "tree")))) == levels + 1
    assert trees.clear(str(tmp_path / "tree")) == []
    assert os.listdir(tmp_path) == []


def test_a_link_is_removed_and_never_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").touch()
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "link").symlink_to(tmp_path / "precious")
    trees.clear(str(tmp_path / "tree"))
    assert (tmp_path / "precious" / "file").exists() and not (tmp_path / "tree").exists()


# ---- turning


def turn(
    record: RecordFile, final: Path, files: "dict[str, bytes]", aside: str = "", links: "dict[str, Path] | None" = None
) -> None:
    """A version of a tree comes, as agent and peers bring it."""
    leaves = [*files, *(links or ())]
    turning.check(record, str(final), turning.Wanted(True, leaves), bool(aside))
    work = record.fresh(str(final.parent), str(final))
    for name, data in files.items():
        path = Path(work, turning.NEW, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    for name, goal in (links or {}).items():
        Path(work, turning.NEW, name).symlink_to(goal)
    turning.note(record, work, str(final))
    turning.turn(record, work, str(final), aside)
    turning.recover(record, work, str(final), aside)
    turning.discard(record, work)


def content(top: Path) -> "dict[str, bytes]":
    return {str(path.relative_to(top)): path.read_bytes() for path in top.rglob("*") if path.is_file()}


@pytest.mark.parametrize("able", [True, False], ids=["renameat2", "plain renames"])
def test_what_others_put_into_a_tree_is_carried_over(
    record: RecordFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, able: bool
) -> None:
    if not able:
        monkeypatch.setattr(naming, "_call", lambda: None)
    final = tmp_path / "tree"
    turn(record, final, {"a/x": b"1", "b/y": b"1"})
    (final / "b" / "__pycache__").mkdir(0o700)
    (final / "b" / "__pycache__" / "y.pyc").write_bytes(b"theirs")
    (final / "a").chmod(0o555)
    turn(record, final, {"a/x": b"2", "c": b"2"})
    assert content(final) == {"a/x": b"2", "c": b"2", "b/__pycache__/y.pyc": b"theirs"}
    assert (final / "b" / "__pycache__").stat().st_mode & 0o777 == 0o700
    turn(record, final, {"b/y": b"3"})
    assert content(final) == {"b/y": b"3", "b/__pycache__/y.pyc": b"theirs"}
    assert sorted(os.listdir(tmp_path)) == ["home", "tree"]


def test_what_is_in_the_way_is_refused_before_anything_moves_or_put_aside(record: RecordFile, tmp_path: Path) -> None:
    final = tmp_path / "tree"
    turn(record, final, {"conf": b"1", "b": b"1"})
    (final / "conf").write_bytes(b"edited by hand")
    with pytest.raises(ForeignError, match="conf: another program or user changed it"):
        turn(record, final, {"conf": b"2"})
    assert content(final) == {"conf": b"edited by hand", "b": b"1"}
    turn(record, final, {"conf": b"2"}, aside=".before-r2")
    assert content(final) == {"conf": b"2", "conf.before-r2": b"edited by hand"}


@pytest.mark.parametrize("foreign", [Path.mkdir, Path.touch, lambda path: path.symlink_to("nowhere")])
def test_a_foreign_thing_of_the_payloads_name(
    record: RecordFile, tmp_path: Path, foreign: Callable[[Path], object]
) -> None:
    final = tmp_path / "tree"
    foreign(final)
    with pytest.raises(ForeignError, match="Weft has no record of making it"):
        turn(record, final, {"a": b"1"})
    turn(record, final, {"a": b"1"}, aside=".before-r1")
    assert content(final) == {"a": b"1"}
    assert os.path.lexists(tmp_path / "tree.before-r1")


def test_a_mount_point_in_the_way_is_told_as_such_before_anything_moves(
    record: RecordFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(
        f"1 0 8:1 / {tmp_path}/tree/a\\040b rw - ext4 /dev/x rw\n2 0 8:1 /f {tmp_path}/file rw - ext4 x rw\n"
    )
    monkeypatch.setattr(mounts, "_TABLE", str(table))
    (tmp_path / "file").touch()
    turn(record, tmp_path / "tree", {"d": b"1"})
    (tmp_path / "tree" / "a b").touch()
    for final, aside in ((tmp_path / "file", ""), (tmp_path / "file", ".before-r1"), (tmp_path / "tree", ".before-r1")):
        with pytest.raises(ForeignError, match="mount point") as error:
            turn(record, final, {"d": b"2"}, aside=aside)
        assert "unmount" in error.value.remedy
    assert content(tmp_path / "tree") == {"d": b"1", "a b": b""}


def test_nothing_of_theirs_is_carried_through_a_link_of_the_new_version(record: RecordFile, tmp_path: Path) -> None:
    final, elsewhere = tmp_path / "tree", tmp_path / "elsewhere"
    elsewhere.mkdir()
    turn(record, final, {"d/e/x": b"1", "b": b"1"})
    (final / "d" / "e" / "theirs").write_bytes(b"theirs")
    with pytest.raises(ForeignError, match="d/e/theirs"):
        turn(record, final, {"b": b"2"}, links={"d": elsewhere})
    turn(record, final, {"b": b"2"}, aside=".before-r2", links={"d": elsewhere})
    assert os.listdir(elsewhere) == []
    assert content(final) == {"b": b"2", "d.before-r2/e/theirs": b"theirs"}


def test_folders_keep_their_times_when_something_is_carried_into_them(record: RecordFile, tmp_path: Path) -> None:
    final = tmp_path / "tree"
    turn(record, final, {"d/x": b"1"})
    (final / "d" / "theirs").touch()
    work = record.fresh(str(tmp_path), str(final))
    new = Path(work, turning.NEW)
    (new / "d").mkdir(parents=True)
    os.utime(new / "d", ns=(1, 123_456_789))
    turning.note(record, work, str(final))
    turning.turn(record, work, str(final), "")
    turning.recover(record, work, str(final), "")
    assert (final / "d" / "theirs").exists() and (final / "d").stat().st_mtime_ns == 123_456_789
