"""Trees of every kind arrive equal, with rsync as the judge where there is one; a second start moves nothing.

WEFT_TREES=1000 tries a thousand random trees instead of a few.
"""

from __future__ import annotations

import os
import random
import shutil
import stat
import struct
import subprocess
from pathlib import Path
from typing import Callable, Dict, List, Tuple

import pytest

from peer.core.errors import ConfigError, StoreError
from peer.core.manifest import Manifest
from peer.core.manifestjson import from_json, to_json
from peer.core.treerules import FOLLOW, KEEP_ALL, SKIP, USUAL, TreeRules
from peer.edge.hashing import check_payload, hash_scanned, scan_payload
from peer.edge.ours.recordfile import ForeignError, RecordFile
from peer.edge.papers import open_record
from peer.edge.store import Store
from tests.edge.stores import open_and_check, write_piece

SEEDS = range(int(os.environ.get("WEFT_TREES", "4")))
ROOT = os.geteuid() == 0
Entry = Tuple[str, int, int, int, str]  # format, mode, time, what the bytes or the target are, names of the same file


class Delivery:
    """A tree in `source`, and what a leecher that has its pieces from a seed's store makes of it."""

    def __init__(self, root: Path) -> None:
        self.source = root / "seed" / "tree"
        self.source.mkdir(parents=True)
        self.home, self.folder = root / "home", root / "there"
        self.home.mkdir()
        self.final = self.folder / "tree"

    def manifest(self, rules: TreeRules = USUAL) -> Manifest:
        return hash_scanned(str(self.source), scan_payload(str(self.source), rules=rules)).manifest

    def deliver(self, manifest: Manifest, aside: str = "") -> bool:
        """Start a peer and bring it all that it lacks; False if it lacked nothing."""
        seed = Store(str(self.source.parent), manifest)
        seed.open_seed()
        record = open_record(str(self.home), 1002)
        store = Store(str(self.folder), manifest, record, aside)
        open_and_check(store)
        if not store.complete:
            for piece in range(manifest.piece_count):
                self._bring(seed, store, piece)
            store.finish()
            store.close()
            record.close()
            return True
        store.close()
        record.close()
        return False

    def _bring(self, seed: Store, store: Store, piece: int) -> None:
        if store.here >> piece & 1:
            return
        copy, data = seed.copy_of(piece), b""
        for file, offset, length in copy.segments(piece):
            with copy.descriptor(file) as descriptor:
                data += os.pread(descriptor, length, offset)
        assert write_piece(store, piece, data)

    def expect_equal(self) -> None:
        """The copy is the source, by our own eyes and by rsync's."""
        assert facts(self.final) == facts(self.source)
        if shutil.which("rsync"):
            command = ["rsync", "-aHnc", "--delete", "--itemize-changes", f"{self.source}/", f"{self.final}/"]
            assert subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout == b""


def facts(top: Path) -> Dict[bytes, Entry]:
    """All of a tree, byte for byte."""
    found: Dict[bytes, Entry] = {}
    names: Dict[int, bytes] = {}
    left = [os.fsencode(top)]
    while left:
        path = left.pop()
        info = os.lstat(path)
        below = os.path.relpath(path, os.fsencode(top))
        what = ""
        if stat.S_ISDIR(info.st_mode):
            left += [os.path.join(path, name) for name in sorted(os.listdir(path), reverse=True)]
        elif stat.S_ISLNK(info.st_mode):
            what = repr(os.readlink(path))
        else:
            with open(path, "rb") as file:
                what = str(hash(file.read()))
        first = names.setdefault(info.st_ino, below) if not stat.S_ISDIR(info.st_mode) else below
        found[below] = (what, info.st_mode, info.st_mtime_ns, info.st_uid, repr(first))
    return found


@pytest.fixture
def delivery(tmp_path: Path) -> Delivery:
    return Delivery(tmp_path)


# ---- trees as people have them


def cache(top: Path) -> None:
    """A model's cache: links from snapshots to blobs."""
    (top / "blobs").mkdir()
    (top / "snapshots" / "rev").mkdir(parents=True)
    for number in range(3):
        (top / "blobs" / f"{number:040x}").write_bytes(os.urandom(70_000))
        (top / "snapshots" / "rev" / f"model-{number}").symlink_to(f"../../blobs/{number:040x}")
    (top / "refs").symlink_to("snapshots/rev")


def node_modules(top: Path) -> None:
    for package in ("left", "right"):
        (top / package / "bin").mkdir(parents=True)
        (top / package / "bin" / "run.js").write_text("#!/usr/bin/env node\n")
        (top / package / "bin" / "run.js").chmod(0o755)
    (top / ".bin").mkdir()
    (top / ".bin" / "left").symlink_to("../left/bin/run.js")
    (top / ".bin" / "right").symlink_to("../right/bin/run.js")


def git(top: Path) -> None:
    """With read-only objects and empty folders."""
    subprocess.run(["git", "init", "-q", top], check=True)
    (top / "file").write_text("x")
    subprocess.run(["git", "-C", top, "add", "file"], check=True)


def names(top: Path) -> None:
    odd = ["a\nb", "a\\b", "K", "k", "e\u0301", "\u00e9", " ", "-rf", "$'x'", "a:b", "x.", "\x1b[2J", "ß" * 127]
    for name in [*map(os.fsencode, odd), b"caf\xe9", b"\xff\xfe"]:
        with open(os.path.join(os.fsencode(top), name), "xb") as file:
            file.write(name)
    os.symlink(b"caf\xe9", os.path.join(os.fsencode(top), b"to \xe9"))


def sparse(top: Path) -> None:
    with (top / "image").open("xb") as file:
        file.truncate(20 << 20)
        file.seek(5_000_001)
        file.write(b"data")
        file.seek(12 << 20)
        file.write(os.urandom(100_000))


def hardlinks(top: Path) -> None:
    (top / "d").mkdir()
    (top / "d" / "one").write_bytes(b"1" * 100)
    os.link(top / "d" / "one", top / "two")
    (top / "link").symlink_to("two")
    os.link(top / "link", top / "link too", follow_symlinks=False)


def only_links(top: Path) -> None:
    (top / "d").mkdir()
    (top / "up").symlink_to("d/..")
    (top / "d" / "top").symlink_to("..")


def empty(top: Path) -> None:
    top.chmod(0o700)


def closed(top: Path) -> None:
    (top / "d").mkdir()
    (top / "d" / "file").write_bytes(b"")
    (top / "d" / "link").symlink_to("file")
    (top / "d" / "file").chmod(0o444)
    (top / "d").chmod(0o555)


TREES: List[Callable[[Path], None]] = [
    *(cache, node_modules, git, names, sparse, hardlinks, only_links, empty, closed),
]  # fmt: skip


@pytest.mark.parametrize("make", TREES)
def test_a_tree_arrives_as_it_is_and_once(delivery: Delivery, make: Callable[[Path], None]) -> None:
    make(delivery.source)
    os.utime(delivery.source, ns=(1, 981_173_106_123_456_789))
    manifest = delivery.manifest()
    delivery.deliver(manifest)
    delivery.expect_equal()
    assert check_payload(str(delivery.final), manifest).problem == ""
    assert not delivery.deliver(manifest), "the second start moves nothing"


def test_a_sparse_file_takes_no_more_room_than_on_the_seed(delivery: Delivery) -> None:
    sparse(delivery.source)
    manifest = delivery.manifest()
    assert manifest.room < 1 << 20 < manifest.size
    delivery.deliver(manifest)
    ours, theirs = (delivery.source / "image").stat(), (delivery.final / "image").stat()
    assert theirs.st_blocks <= ours.st_blocks


def random_tree(top: Path, rng: random.Random) -> None:
    """Folders, files, links of both kinds, holes; odd names, modes and times."""
    folders, files = [b""], []
    for number in range(rng.randint(1, 40)):
        name = rng.choice([b"%d", b"a%d\n", b"\xe9%d", b"%d \\", b"A%d", b".%d"]) % number
        above = rng.choice(folders)
        path = os.path.join(os.fsencode(top), above, name)
        below = os.path.join(above, name)
        kind = rng.choice(["folder", "file", "file", "link", "hard", "sparse"])
        if kind == "folder":
            os.mkdir(path)
            folders.append(below)
        elif kind == "link":
            goal = rng.choice([*folders, *files]) or b"."
            os.symlink(os.path.relpath(goal, above or b"."), path)
        elif kind == "hard" and files:
            os.link(os.path.join(os.fsencode(top), rng.choice(files)), path)
        else:
            with open(path, "xb") as file:
                file.truncate(rng.choice([0, 300_000]) if kind == "sparse" else 0)
                file.seek(rng.choice([0, 4096, 70_000]) if kind == "sparse" else 0)
                file.write(rng.randbytes(rng.choice([0, 1, 5000, 66_000])))
            files.append(below)
    for path in [os.path.join(os.fsencode(top), below) for below in (*files, *reversed(folders))]:
        os.chmod(path, rng.choice([0o755, 0o700, 0o555] if os.path.isdir(path) else [0o644, 0o400, 0o755]))
        os.utime(path, ns=(1, rng.randrange(2**60)))


@pytest.mark.parametrize("seed", SEEDS)
def test_any_tree_and_its_next_version_arrive(delivery: Delivery, seed: int) -> None:
    rng = random.Random(seed)
    random_tree(delivery.source, rng)
    delivery.deliver(delivery.manifest())
    delivery.expect_equal()
    subprocess.run(["chmod", "-R", "u+rwX", delivery.source], check=True)
    shutil.rmtree(delivery.source)
    delivery.source.mkdir()
    random_tree(delivery.source, rng)
    delivery.deliver(delivery.manifest())
    delivery.expect_equal()


# ---- one notion of the same


def spoiled(delivery: Delivery, spoil: Callable[[Path], object], kind: str) -> Manifest:
    """Deliver a tree with links and spoil the copy, which is told as this kind of difference; the tree's manifest."""
    hardlinks(delivery.source)
    manifest = delivery.manifest()
    delivery.deliver(manifest)
    spoil(delivery.final)
    assert kind in check_payload(str(delivery.final), manifest).problem
    return manifest


@pytest.mark.parametrize(
    "spoil, kind",
    [
        (lambda top: os.utime(top / "d" / "one", (1, 1)), "time: d/one"),
        (lambda top: os.utime(top / "link", (1, 1), follow_symlinks=False), "time: link"),
        (lambda top: (top / "d" / "one").chmod(0o600), "mode: d/one (0600 instead of 0644)"),
        (lambda top: (top / "link too").unlink(), "missing: link too"),
        (lambda top: (top / "two").unlink(), "missing: two"),
    ],
    ids=["time", "time of a link", "mode", "link", "further name"],
)
def test_what_differs_is_told_and_corrected_in_place(
    delivery: Delivery, spoil: Callable[[Path], object], kind: str
) -> None:
    manifest = spoiled(delivery, spoil, kind)
    assert not delivery.deliver(manifest), "nothing moves"
    delivery.expect_equal()


def test_other_bytes_are_told_beside_a_missing_file(delivery: Delivery) -> None:
    """All that is wrong at once: who puts the file back isn't to find the next fault then."""
    for number in range(5):
        (delivery.source / f"file{number}").write_bytes(os.urandom(70_000 * number))
    manifest = delivery.manifest()
    delivery.deliver(manifest)
    (delivery.final / "file1").unlink()
    (delivery.final / "file2").write_bytes(b"other")
    with open(delivery.final / "file4", "r+b") as file:
        file.write(b"x")
    problem = check_payload(str(delivery.final), manifest).problem
    assert "missing: file1" in problem and "bytes: file4, file2 (5 bytes instead of 140000)" in problem


@pytest.mark.parametrize(
    "spoil, kind",
    [
        (lambda top: ((top / "link").unlink(), (top / "link").symlink_to("d")), "link: link (d instead of two)"),
        (lambda top: ((top / "two").unlink(), (top / "two").write_bytes(b"1" * 100)), "link: two (a file of its own"),
    ],
    ids=["another target", "a file of its own"],
)
def test_what_somebody_put_there_is_told_and_not_replaced(
    delivery: Delivery, spoil: Callable[[Path], object], kind: str
) -> None:
    manifest = spoiled(delivery, spoil, kind)
    with pytest.raises(StoreError, match="another program or user changed it"):
        delivery.deliver(manifest)
    delivery.deliver(manifest, aside=".before-r")
    assert (delivery.final / "two").samefile(delivery.final / "d" / "one")


def test_times_are_left_where_nobody_wants_them(delivery: Delivery) -> None:
    hardlinks(delivery.source)
    manifest = delivery.manifest(TreeRules(times=False))
    delivery.deliver(manifest)
    os.utime(delivery.final / "d" / "one", (1, 1))
    assert check_payload(str(delivery.final), manifest).problem == ""


def test_links_are_followed_or_all_kept(delivery: Delivery, tmp_path: Path) -> None:
    cache(tmp_path / "seed")
    delivery.source.rmdir()
    delivery.source.symlink_to("snapshots/rev")  # the payload itself is a link to a folder
    manifest = delivery.manifest(TreeRules(links=FOLLOW))
    assert check_payload(str(delivery.source), manifest, extras=False, seed=True).problem == ""
    delivery.deliver(manifest)
    copy = delivery.final / "model-1"
    assert copy.read_bytes() == (delivery.source / "model-1").read_bytes() and not copy.is_symlink()
    assert check_payload(str(delivery.final), manifest).problem == ""
    kept = delivery.manifest(TreeRules(links=KEEP_ALL))
    assert len(kept.parts.links) == 3 and len(kept.files) == 0


def test_a_snapshot_of_a_model_cache_arrives_as_files(delivery: Delivery, tmp_path: Path) -> None:
    cache(tmp_path / "seed")
    delivery.source.rmdir()
    delivery.source.symlink_to("snapshots/rev")
    manifest = delivery.manifest()
    delivery.deliver(manifest)
    assert not (delivery.final / "model-1").is_symlink()
    assert (delivery.final / "model-1").read_bytes() == (delivery.source / "model-1").read_bytes()
    assert check_payload(str(delivery.source), manifest, extras=False, seed=True).problem == ""
    (delivery.source / "away").symlink_to("/etc/hostname")
    with pytest.raises(ConfigError, match="leads out of the tree"):
        delivery.manifest()
    (delivery.source / "nowhere").symlink_to("nothing")
    with pytest.raises(ConfigError, match=r"can't be followed: nowhere -> nothing .*write `links: keep-all` to keep"):
        delivery.manifest(TreeRules(links=FOLLOW))


def test_special_files_are_skipped_and_setuid_kept_where_it_is_said(delivery: Delivery) -> None:
    os.mkfifo(delivery.source / "pipe")
    (delivery.source / "file").write_bytes(b"x")
    (delivery.source / "file").chmod(0o4755)
    manifest = delivery.manifest(TreeRules(special=SKIP, setuid=True))
    delivery.deliver(manifest)
    assert (delivery.final / "file").stat().st_mode & 0o7777 == 0o4755
    assert not (delivery.final / "pipe").exists()
    delivery.deliver(delivery.manifest(TreeRules(special=SKIP)))
    assert check_payload(str(delivery.final), manifest).problem.startswith("mode: file (0755 instead of 4755)")


@pytest.mark.skipif(not ROOT, reason="only root can give files away")
def test_owners_and_attributes_where_it_is_said(delivery: Delivery) -> None:
    hardlinks(delivery.source)
    os.lchown(delivery.source / "link", 7, 8)
    os.chown(delivery.source / "two", 5, 6)
    manifest = delivery.manifest(TreeRules(owner=True, xattrs=True))
    delivery.deliver(manifest)
    delivery.expect_equal()
    os.chown(delivery.final / "two", 0, 0)
    assert check_payload(str(delivery.final), manifest).problem.startswith("owner: ")
    assert not delivery.deliver(manifest)
    delivery.expect_equal()


DEFAULT_ACL = "system.posix_acl_default"
_ACL = ((1, 7, -1), (2, 7, 1), (4, 5, -1), (0x10, 7, -1), (0x20, 5, -1))  # a further user may write what is made here


@pytest.mark.skipif(not ROOT, reason="only root can give files away")
def test_attributes_that_are_gone_or_were_never_there_are_taken_away(delivery: Delivery) -> None:
    folder, file = delivery.source / "d", delivery.source / "d" / "one"
    folder.mkdir(parents=True)
    file.write_bytes(b"1")
    acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *entry) for entry in _ACL)
    try:
        os.setxattr(file, "user.one", b"1")
        os.setxattr(folder, DEFAULT_ACL, acl)
    except OSError:
        pytest.skip("this file system has no attributes, or no ACLs")
    rules = TreeRules(owner=True, xattrs=True)
    manifest = delivery.manifest(rules)
    delivery.deliver(manifest)
    os.removexattr(delivery.final / "d", DEFAULT_ACL)
    os.setxattr(delivery.final / "d" / "one", "user.two", b"2")
    assert check_payload(str(delivery.final), manifest).problem.startswith("attributes: d/one, d")
    os.removexattr(file, "user.one")
    os.chown(file, 5, 6)
    manifest = delivery.manifest(rules)
    assert not delivery.deliver(manifest)
    assert check_payload(str(delivery.final), manifest).problem == ""
    assert not os.listxattr(delivery.final / "d" / "one")
    assert os.listxattr(delivery.final / "d") == [DEFAULT_ACL]


def test_names_that_a_file_system_would_join_are_found_before_a_byte_moves(
    delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("Readme", "README"):
        (delivery.source / name).write_bytes(b"x")
    manifest = delivery.manifest()
    plain = os.open
    monkeypatch.setattr(os, "open", lambda path, *rest, **more: plain(_joined(path), *rest, **more))
    with pytest.raises(StoreError, match=r"the file system here joins with another name (Readme|README)"):
        delivery.deliver(manifest)
    assert not list(delivery.folder.glob(".weft-*/new/*"))


def _joined(path: object) -> object:
    """As a file system that ignores case takes it, in the place where names are tried."""
    return path.replace("Readme", "README") if isinstance(path, str) and "/names/" in path else path


def test_no_manifest_can_have_a_file_written_through_a_link(delivery: Delivery) -> None:
    hardlinks(delivery.source)
    fields = to_json(delivery.manifest(TreeRules(times=False)))
    good = [["link", "two"]]
    for links in ([["d", "/etc"]], [["link", "../.."]], [["d/one/x", "y"]], [["two", "d"]], [["link", ""]]):
        fields["parts"]["links"] = links
        with pytest.raises(ConfigError):
            from_json(dict(fields), "x")
    fields["parts"]["links"] = good
    from_json(dict(fields), "x")
    fields["parts"]["hardlinks"] = [["x", "/etc/passwd"]]
    with pytest.raises(ConfigError):
        from_json(dict(fields), "x")


def test_an_equal_foreign_copy_gets_the_times_of_the_payload(delivery: Delivery) -> None:
    (delivery.source / "d").mkdir(parents=True)
    (delivery.source / "d" / "one").write_bytes(b"1" * 100)
    delivery.folder.mkdir()
    shutil.copytree(delivery.source, delivery.final)
    there = delivery.final / "d" / "one"
    os.utime(there, (1, 1))
    before = os.stat(there)
    manifest = delivery.manifest()
    delivery.deliver(manifest)
    assert check_payload(str(delivery.final), manifest).problem == ""
    assert os.stat(there).st_mtime_ns == os.stat(delivery.source / "d" / "one").st_mtime_ns
    assert os.stat(there).st_ino == before.st_ino, "it is the file that was there"


def test_a_foreign_copy_with_other_links_is_refused_with_the_reason(delivery: Delivery) -> None:
    hardlinks(delivery.source)
    delivery.folder.mkdir()
    shutil.copytree(delivery.source, delivery.final, symlinks=True)
    record = RecordFile(str(delivery.home / "record_1002"), "peer 1002")
    record.close()
    with pytest.raises((StoreError, ForeignError), match="Weft has no record of making it"):
        delivery.deliver(delivery.manifest())
