"""Manifests made from files on disk, and payloads checked against them."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
from pathlib import Path
from typing import Callable, Iterator, Optional

import pytest

from deploy.core.inventory import Upload
from deploy.edge.pushed.uploads import upload_size, upload_spot
from peer.core.errors import ConfigError, StoreError, WeftError
from peer.core.manifest import FolderEntry, Manifest, auto_piece_size, bare_manifest, payload_proof
from peer.core.manifestjson import from_json, to_json
from peer.core.treerules import USUAL, TreeRules
from peer.edge import blockhashes, hashing
from peer.edge.asbefore import stamp
from peer.edge.hashing import check_payload, make_manifest
from peer.edge.scan import Scanned
from tests.helpers.swarmfolder import Wish, make_payload

FILE = Wish(size=100_000, piece_size=16_384)
TREE = FILE._replace(tree=True)


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Path]:
    make_payload(tmp_path / "tree", TREE)
    yield tmp_path / "tree"
    for folder, _, _ in os.walk(tmp_path / "tree"):
        os.chmod(folder, 0o755)  # or pytest couldn't remove it


@pytest.fixture
def file(tmp_path: Path) -> Path:
    make_payload(tmp_path / "file", FILE)
    return tmp_path / "file"


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def blocks_of(path: Path, block: int) -> bytes:
    data = path.read_bytes()
    return b"".join(sha256(data[begin : begin + block]) for begin in range(0, len(data), block))


def test_a_files_manifest_says_name_size_mode_and_hashes(file: Path) -> None:
    file.chmod(0o640)
    manifest = make_manifest(str(file), 16_384)
    data = file.read_bytes()
    assert (manifest.name, manifest.tree, manifest.size) == ("file", False, 100_000)
    assert [tuple(entry) for entry in manifest.files] == [("file", 100_000, 0o640)]
    assert manifest.pieces == tuple(sha256(data[begin : begin + 16_384]) for begin in range(0, 100_000, 16_384))


def test_a_trees_manifest_is_one_row_of_blocks(tree: Path) -> None:
    manifest = make_manifest(str(tree), 16_384)
    names = ["a/deep/er/first.bin", "a/empty", "a/one byte", "b/run.sh", "last-empty", "z.bin"]
    assert [entry.path for entry in manifest.files] == names
    assert [entry.mode for entry in manifest.files] == [0o640, 0o600, 0o444, 0o755, 0o644, 0o644]
    assert manifest.blocks == b"".join(blocks_of(tree / name, 16_384) for name in names)
    assert FolderEntry("nothing in it", 0o755) in manifest.folders
    assert FolderEntry("b", 0o750) in manifest.folders
    assert FolderEntry("a/deep", 0o555) in manifest.folders


@pytest.mark.parametrize("wish", [FILE, TREE], ids=["file", "tree"])
def test_a_manifest_survives_its_journey_as_json(tmp_path: Path, wish: Wish) -> None:
    make_payload(tmp_path / "payload", wish)
    manifest = make_manifest(str(tmp_path / "payload"), 1000)
    again = from_json(to_json(manifest), "swarm.json")
    assert again == manifest
    assert again.digest == manifest.digest


def test_another_name_may_be_given(file: Path) -> None:
    assert make_manifest(str(file), 16_384, name="other").files[0].path == "other"


@pytest.mark.parametrize("size", [0, 100_000, 40 * 1024 * 1024])
def test_the_piece_size_is_automatic_unless_said(tmp_path: Path, size: int) -> None:
    (tmp_path / "file").touch()
    os.truncate(tmp_path / "file", size)
    assert make_manifest(str(tmp_path / "file")).piece_size == auto_piece_size(size)


def test_the_payload_itself_may_be_reached_over_a_link(file: Path) -> None:
    link = file.with_name("link")
    link.symlink_to(file)
    manifest = make_manifest(str(link), 16_384)
    assert manifest.files[0].path == "link"
    assert manifest.pieces == make_manifest(str(file), 16_384).pieces


# ---- what is refused


def absolute_link(tree: Path) -> None:
    (tree / "bad").symlink_to("/etc")


def climbing_link(tree: Path) -> None:
    (tree / "bad").symlink_to("../../x")


def link_to_itself(tree: Path) -> None:
    (tree / "bad").symlink_to("bad")


def dangling_link(tree: Path) -> None:
    (tree / "bad").symlink_to("nowhere")


def pipe(tree: Path) -> None:
    os.mkfifo(tree / "bad")


def socket_file(tree: Path) -> None:
    before = os.getcwd()
    os.chdir(tree)  # a socket's path may not be long
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("bad")
    os.chdir(before)


def device(tree: Path) -> None:
    try:
        os.mknod(tree / "bad", 0o600 | 0o020000, os.makedev(1, 3))
    except OSError:
        pytest.skip("making a device needs root")


@pytest.mark.parametrize(
    "put, words",
    [
        (absolute_link, r"bad -> /etc \(leads out of the tree\)"),
        (climbing_link, r"bad -> ../../x \(leads out of the tree\)"),
        (link_to_itself, r"bad -> bad \(leads round in a circle\)"),
        (dangling_link, r"bad -> nowhere \(points to nothing in the payload\)"),
        (pipe, "bad: a device, pipe or socket"),
        (socket_file, "bad: a device, pipe or socket"),
        (device, "bad: a device, pipe or socket"),
    ],
)
@pytest.mark.parametrize("below", ["", "a/"])
def test_odd_links_and_devices_are_refused_by_name_with_the_ways_out(
    tree: Path, put: Callable[[Path], None], words: str, below: str
) -> None:
    put(tree / below)
    with pytest.raises(ConfigError, match=f"{below}{words}") as caught:
        make_manifest(str(tree))
    assert str(caught.value).startswith(f"{tree}: ")
    ways = ["links: follow", "links: keep-all", "exclude"] if "->" in words else ["special: skip"]
    assert all(f"`{way}`" in str(caught.value) for way in ways)


@pytest.mark.parametrize(
    "path, words", [("nowhere", "no such file or directory"), ("pipe", "neither a file nor a folder")]
)
def test_what_is_no_payload_is_refused(tmp_path: Path, path: str, words: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(WeftError, match=words) as caught:
        make_manifest(str(tmp_path / path))
    assert str(tmp_path / path) in str(caught.value)


def test_a_file_that_shrinks_while_it_is_read_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.pread

    def shrinking(descriptor: int, length: int, offset: int) -> bytes:
        os.truncate(file, 50)
        return real(descriptor, length, offset)

    monkeypatch.setattr(os, "pread", shrinking)
    with pytest.raises(StoreError, match="became shorter while it was read"):
        make_manifest(str(file), 16_384)


# ---- checking


@pytest.mark.parametrize("wish", [FILE, TREE], ids=["file", "tree"])
def test_the_payload_as_it_should_be(tmp_path: Path, wish: Wish) -> None:
    make_payload(tmp_path / "payload", wish)
    manifest = make_manifest(str(tmp_path / "payload"), 16_384)
    check = check_payload(str(tmp_path / "payload"), manifest)
    known = payload_proof(manifest) if wish.tree else sha256((tmp_path / "payload").read_bytes()).hex()
    assert check == (payload_proof(manifest), known, len(manifest.files), 100_000, "", 0)


def test_a_trees_proof_is_that_of_sha256sums_lines_where_files_are_one_block(tree: Path) -> None:
    names = sorted(str(path.relative_to(tree)) for path in tree.rglob("*") if path.is_file())
    lines = "".join(f"{sha256((tree / name).read_bytes()).hex()}  {name}\n" for name in names)
    made = make_manifest(str(tree), 1024 * 1024, block=1024 * 1024)
    assert payload_proof(made) == sha256(lines.encode()).hex()


@pytest.mark.parametrize("work", [1, 20_000, 2**22])
def test_however_the_work_is_cut_the_hashes_are_the_same(
    tree: Path, monkeypatch: pytest.MonkeyPatch, work: int
) -> None:
    made = make_manifest(str(tree), 16_384, block=4096)
    monkeypatch.setattr(blockhashes, "WORK", work)
    told: "list[int]" = []
    assert make_manifest(str(tree), 16_384, tell=told.append, block=4096) == made
    assert sum(told) == made.size, "each byte is read once"
    names = made.files.paths
    assert made.blocks == b"".join(blocks_of(tree / name, 4096) for name in names)


def test_blocks_of_another_manifest_are_taken_where_they_fit(file: Path) -> None:
    assert make_manifest(str(file), 16_384, block=4096).block == 4096
    assert make_manifest(str(file), 16_384, block=5000).block == 16_384


def flip(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(20_000)
        byte = file.read(1)
        file.seek(20_000)
        file.write(bytes([byte[0] ^ 1]))


def swap(path: Path) -> None:
    """A file with another of the same size in its place is no excuse."""
    path.write_bytes(path.read_bytes()[::-1])


@pytest.mark.parametrize(
    "spoil, problem",
    [
        (lambda tree: flip(tree / "z.bin"), "bytes: z.bin"),
        (lambda tree: swap(tree / "b/run.sh"), "bytes: b/run.sh"),
        (lambda tree: (tree / "a/empty").unlink(), "missing: a/empty"),
        (lambda tree: (tree / "a/empty").write_bytes(b"x"), "bytes: a/empty (1 bytes instead of 0)"),
        (lambda tree: (tree / "b/run.sh").chmod(0o600), "mode: b/run.sh (0600 instead of 0"),
        (lambda tree: (tree / "a").chmod(0o701), "mode: a (0701 instead of 0"),
        (lambda tree: tree.chmod(0o701), "mode: . (0701 instead of 0"),
        (lambda tree: (tree / "nothing in it").rmdir(), "missing: nothing in it"),
        (
            lambda tree: (tree / "z.bin").unlink() or (tree / "z.bin").symlink_to("more"),
            "link: z.bin (a link instead of a file)",
        ),
        (lambda tree: os.utime(tree / "z.bin", (1, 1)), "time: z.bin"),
        (lambda tree: (flip(tree / "z.bin"), swap(tree / "b/run.sh")), "bytes: b/run.sh, z.bin"),
    ],
)
def test_each_difference_is_named(tree: Path, spoil: Callable[[Path], object], problem: str) -> None:
    manifest = make_manifest(str(tree), 16_384)
    spoil(tree)
    assert problem in check_payload(str(tree), manifest).problem


def add_extras(tree: Path) -> None:
    (tree / "a/__pycache__").mkdir()
    (tree / "a/__pycache__/x.pyc").touch()
    (tree / "link").symlink_to("nowhere")


def test_what_lies_beside_the_payload_is_counted_or_where_it_is_said_refused(tree: Path) -> None:
    manifest = make_manifest(str(tree), 16_384)
    add_extras(tree)
    check = check_payload(str(tree), manifest)
    assert (check.problem, check.extras, check.files) == ("", 2, len(manifest.files))
    assert check.proof == payload_proof(manifest)
    assert check_payload(str(tree), manifest, extras=False).problem == ("beside: a/__pycache__/x.pyc, link")


def gone(path: Path) -> None:
    path.unlink()


def folder_with_the_file(path: Path) -> None:
    """It isn't under the final name, but one below."""
    path.rename(path.with_name("elsewhere"))
    path.mkdir()
    path.with_name("elsewhere").rename(path / path.name)


@pytest.mark.parametrize("spoil", [gone, flip, folder_with_the_file])
def test_a_file_that_isnt_right_isnt_called_right(file: Path, spoil: Callable[[Path], None]) -> None:
    manifest = make_manifest(str(file), 16_384)
    spoil(file)
    assert check_payload(str(file), manifest).problem


def test_a_file_where_a_tree_belongs_isnt_right(tree: Path) -> None:
    manifest = make_manifest(str(tree), 16_384)
    shutil.rmtree(tree)
    tree.write_bytes(b"x")
    assert check_payload(str(tree), manifest).problem == "link: . (a file instead of a folder)"


def test_without_hashes_only_the_size_is_checked(file: Path) -> None:
    manifest = make_manifest(str(file), 16_384)
    bare = bare_manifest("file", manifest.size, 16_384)
    flip(file)
    check = check_payload(str(file), bare)
    assert check.problem == ""
    assert check.sha256 == sha256(file.read_bytes()).hex()


# ---- payloads that another program writes to, and trees that are too deep


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"a line more")


def rewrite(path: Path) -> None:
    """The same size, other bytes."""
    path.write_bytes(bytes(path.stat().st_size))
    os.utime(path, (1, 1))


@pytest.mark.parametrize(
    "write", [grow, rewrite, lambda path: path.write_bytes(b"short")], ids=["grow", "rewrite", "cut"]
)
@pytest.mark.parametrize("wish", [FILE, TREE], ids=["file", "tree"])
def test_a_payload_that_is_written_to_is_told_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wish: Wish, write: Callable[[Path], None]
) -> None:
    make_payload(tmp_path / "payload", wish)
    log = tmp_path / "payload" / ("z.bin" if wish.tree else "")
    print_blocks = hashing.print_blocks

    def meanwhile(path: str, bare: Manifest, tell: Optional[blockhashes.Tell]) -> blockhashes.Prints:
        made = print_blocks(path, bare, tell)
        write(log)
        return made

    monkeypatch.setattr(hashing, "print_blocks", meanwhile)
    with pytest.raises(StoreError) as caught:
        make_manifest(str(tmp_path / "payload"))
    assert str(caught.value).startswith(f"{log}: another program is writing to it while it is read; stop that")


@pytest.mark.parametrize("change", [Path.unlink, lambda path: path.write_bytes(b"short")], ids=["vanishes", "cut"])
def test_a_file_that_changes_before_its_turn_is_told_as_such(
    tree: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None]
) -> None:
    at_first = hashing.scan

    def then(path: str, name: str, rules: TreeRules) -> Scanned:
        found = at_first(path, name, rules)
        change(tree / "z.bin")
        return found

    monkeypatch.setattr(hashing, "scan", then)
    with pytest.raises(
        StoreError, match=r"z\.bin: (another program is writing to it|it became shorter) while it (is|was) read"
    ):
        make_manifest(str(tree))


@pytest.fixture
def deep(tmp_path: Path) -> Iterator[Path]:
    """The lowest of 1,200 nested folders, deeper than Python's stack."""
    folders = [tmp_path / "deep"]
    for _ in range(1200):
        folders.append(folders[-1] / "d")
    for folder in folders:
        folder.mkdir()
    yield folders[-1]
    for name in os.listdir(folders[-1]):
        os.unlink(folders[-1] / name)
    for folder in reversed(folders):
        folder.rmdir()


def test_a_deep_tree_is_a_payload_like_any(tmp_path: Path, deep: Path) -> None:
    (deep / "file").write_text("x")
    manifest = make_manifest(str(tmp_path / "deep"))
    assert (len(manifest.files), len(manifest.folders)) == (1, 1200)
    assert from_json(to_json(manifest), "test") == manifest
    assert check_payload(str(tmp_path / "deep"), manifest).problem == ""
    assert stamp(str(tmp_path / "deep"), USUAL)
    assert upload_size(upload_spot(tmp_path, Upload("deep", "deep"))) == 1


def test_a_path_that_is_too_long_is_told_in_one_line_of_bearable_length(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tree)
    for _ in range(18):
        os.mkdir("n" * 240)
        os.chdir("n" * 240)
    monkeypatch.undo()
    with pytest.raises(StoreError, match=r"\.\.\..*: a path of \d+ bytes is too long for this system") as caught:
        make_manifest(str(tree))
    assert len(str(caught.value)) < 300
