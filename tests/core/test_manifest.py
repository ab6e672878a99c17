"""The manifest: pieces and their lengths, names that are refused, damage, there and back."""

from __future__ import annotations

import copy
import hashlib
import json
from typing import Any, Callable, Dict, List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.core import manifest as manifests
from peer.core import manifestjson
from peer.core.blocks import LEAST_BLOCK, MOST_BLOCKS, RunHash, block_size, lengths_of
from peer.core.errors import ConfigError
from peer.core.filetable import FileEntry, FileTable
from peer.core.listing import quoted
from peer.core.manifest import Manifest, auto_piece_size, bare_manifest, other_modes, payload_proof
from peer.core.manifestjson import check_length, from_json, to_json
from peer.core.payloadnames import check_names, doubtful_folders, unsafe_name
from tests.core.fuzz import fuzz
from tests.core.samples import PATHS, bare, manifest_of, payload, tree_of
from tests.core.samples import manifests as any_manifest

KIB = 1024


@pytest.mark.parametrize(
    ("size", "piece_size", "count", "last"),
    [
        (10_000_232, 32_768, 306, 5_992),  # the course's own example
        (20 * KIB * KIB, 16 * KIB, 1280, 16 * KIB),  # an exact multiple
        (0, 16, 0, None),
        (1, 16, 1, 1),
        (16, 16, 1, 16),
        (17, 16, 2, 1),
    ],
)
def test_only_the_last_piece_may_be_short(size: int, piece_size: int, count: int, last: "int | None") -> None:
    manifest = bare_manifest("f", size, piece_size)
    lengths = [manifest.piece_length(index) for index in range(manifest.piece_count)]
    assert (manifest.size, manifest.piece_count, sum(lengths)) == (size, count, size)
    assert lengths[:-1] == [piece_size] * max(0, count - 1)
    assert lengths[-1:] == ([last] if last else [])


@pytest.mark.parametrize("size", [0, 1, 64 * KIB, 2**20, 20 * 2**20 + 1, 2**30, 37 * 2**30 + 5, 2**40, 2**50])
def test_the_automatic_piece_size_is_a_power_of_two_within_bounds(size: int) -> None:
    piece = auto_piece_size(size)
    assert piece & (piece - 1) == 0
    assert manifests.MIN_PIECE == 64 * KIB <= piece <= 16 * KIB * KIB == manifests.MAX_PIECE
    count = -(-size // piece)
    assert count <= 4_000 or piece == manifests.MAX_PIECE
    assert count >= 128 or piece == manifests.MIN_PIECE


@pytest.mark.parametrize(
    ("mebibytes", "few", "many"), [(8, 64, 64), (20, 128, 128), (32, 128, 256), (64, 128, 256), (65, 256, 256)]
)
def test_few_peers_get_smaller_pieces_where_these_are_no_more_than_usual(mebibytes: int, few: int, many: int) -> None:
    size = mebibytes * KIB * KIB
    assert auto_piece_size(size, 2) == auto_piece_size(size, 8) == few * KIB
    assert auto_piece_size(size, 9) == auto_piece_size(size) == many * KIB


@given(st.integers(0, 2**45), st.one_of(st.integers(1, 2**24), st.integers(1, 2**10).map(lambda n: n * LEAST_BLOCK)))
def test_blocks_divide_pieces_and_are_few(size: int, piece_size: int) -> None:
    block = block_size(size, piece_size)
    assert piece_size % block == 0
    if piece_size % LEAST_BLOCK:
        assert block == piece_size
    else:
        assert block % LEAST_BLOCK == 0
        assert block == LEAST_BLOCK or size > block // 2 * MOST_BLOCKS
        assert size <= block * MOST_BLOCKS or piece_size % (2 * block)


@pytest.mark.parametrize(
    ("gibibytes", "held", "kibibytes"), [(4, 4, 64), (8, 8, 128), (8, 0.3, 64), (8, 4.1, 128), (64, 0.3, 256)]
)
def test_holes_make_no_blocks_larger_but_within_bounds(gibibytes: int, held: float, kibibytes: int) -> None:
    assert block_size(gibibytes << 30, 16 << 20, int(held * 2**30)) == kibibytes << 10


LONG = [
    ([("n" * 200 + f"/{n}", 0) for n in range(20)], 1, "pack its files into an archive"),
    ([("ä" * 40 + f"/{n}", 0) for n in range(20)], 1, "pack its files into an archive"),
    ([(f"{n}", 0) for n in range(60)], 1, "pack its files into an archive"),
    ([("f", 100_000)], 1000, "choose a larger piece_size"),
]  # fmt: skip


@pytest.mark.parametrize(("files", "piece_size", "remedy"), LONG, ids=["names", "umlauts", "many files", "blocks"])
def test_a_manifest_that_is_too_long_is_refused(
    monkeypatch: pytest.MonkeyPatch, files: "list[tuple[str, int]]", piece_size: int, remedy: str
) -> None:
    manifest = tree_of(files, [], piece_size)
    length = len(json.dumps(to_json(manifest)))
    check_length(manifest, "test")
    monkeypatch.setattr(manifestjson, "MOST_JSON", length // 2)
    with pytest.raises(ConfigError, match=remedy):
        check_length(manifest, "test")


@given(any_manifest())
def test_what_is_let_through_is_no_longer_than_said(manifest: Manifest) -> None:
    length = len(json.dumps(to_json(manifest)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifestjson, "MOST_JSON", length - 4)
        with pytest.raises(ConfigError):
            check_length(manifest, "test")


def test_modes_alone_may_differ() -> None:
    one = tree_of([("a", 5), ("b/c", 3)], ["b"])
    file = one._replace(files=FileTable.of([one.files[0], one.files[1]._replace(mode=0o600)]))
    folder = one._replace(folders=(one.folders[0]._replace(mode=0o700),))
    top = one._replace(root_mode=0o700)
    assert other_modes(one, file) == ("b/c", one.files[1].mode, 0o600)
    assert other_modes(one, folder) == ("b", one.folders[0].mode, 0o700)
    assert other_modes(one, top) == (".", one.root_mode, 0o700)
    different = [one._replace(name="other"), one._replace(blocks=b""), one._replace(folders=()), one]
    different.append(file._replace(blocks=one.blocks[::-1]))
    assert [other_modes(one, another) for another in different] == [None] * len(different)


def test_without_hashes_nothing_is_promised() -> None:
    assert bare(3).piece_hash(0) is None
    data = payload(10)
    assert manifest_of(data, 4).piece_hash(2) == hashlib.sha256(data[8:]).digest()


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def test_hashes_of_pieces_and_files_are_derived_from_those_of_blocks() -> None:
    a, b, c = b"aaaabb", b"cccc", b"ddddeeeeffffg"
    tree = tree_of([("a", 6), ("b", 4), ("c", 13), ("d", 0)], piece_size=12, block=4)
    blocks = [b"aaaa", b"bb", b"cccc", b"dddd", b"eeee", b"ffff", b"g"]
    made = tree._replace(blocks=b"".join(map(sha, blocks)))
    assert [made.piece_length(index) for index in range(made.piece_count)] == [10, 12, 1]
    first = sha(sha(b"aaaa") + sha(b"bb") + sha(b"cccc"))
    assert made.pieces == (first, sha(sha(b"dddd") + sha(b"eeee") + sha(b"ffff")), sha(b"g"))
    ids = [
        sha(sha(b"aaaa") + sha(b"bb")),
        sha(b),
        sha(sha(b"dddd") + sha(b"eeee") + sha(b"ffff") + sha(b"g")),
        sha(b""),
    ]
    assert [made.file_id(number) for number in range(4)] == [one.hex() for one in ids]
    lines = "".join(f"{one.hex()}  {path}\n" for one, path in zip(ids, "abcd"))
    assert payload_proof(made) == sha(lines.encode()).hex()
    assert payload_proof(manifest_of(a, 12, block=4)) == ids[0].hex()
    assert payload_proof(manifest_of(c[:4], 12, block=4)) == sha(c[:4]).hex(), "as sha256sum prints it"


@given(st.binary(max_size=60), st.integers(1, 9), st.lists(st.integers(0, 12), max_size=9))
def test_a_run_is_hashed_the_same_however_its_bytes_come(data: bytes, block: int, cuts: List[int]) -> None:
    run, at = RunHash(lengths_of(len(data), block)), 0
    for step in (*cuts, len(data)):
        run.update(memoryview(data)[at : at + step])
        at += step
    hashes = [sha(data[begin : begin + block]) for begin in range(0, len(data), block)]
    assert run.blocks == b"".join(hashes)
    assert run.digest() == (hashes[0] if len(hashes) == 1 else sha(b"".join(hashes)))


@given(st.lists(st.tuples(st.text(max_size=9), st.integers(0, 2**60), st.integers(0, 0o777)), max_size=6))
def test_a_table_of_files_is_its_rows(rows: "list[tuple[str, int, int]]") -> None:
    rows = [row for row in rows if sum(size for _, size, _ in rows) < 2**63]
    table = FileTable.of([FileEntry(*row) for row in rows])
    assert list(table) == rows == [table[number] for number in range(len(table))]
    assert (len(table), table.size) == (len(rows), sum(row[1] for row in rows))
    assert table == FileTable(table.paths, table.sizes, table.modes)
    assert list(table.paths) == [table.path(number) for number in range(len(table))]
    if rows:
        assert table != FileTable.of(table[number] for number in range(1, len(rows)))
        assert table.state != FileTable.of([*list(table)[:-1], table[len(table) - 1]._replace(mode=0o1000)]).state


SINGLE = manifest_of(payload(10), 4)
TREE = tree_of([("a", 5), ("b/c", 0), ("b/d", 7)], ["b", "e"])


@pytest.mark.parametrize(
    "changed",
    [
        SINGLE._replace(name="other", files=FileTable.of([SINGLE.files[0]._replace(path="other")])),
        SINGLE._replace(tree=True),
        SINGLE._replace(piece_size=8),
        SINGLE._replace(block=2),
        SINGLE._replace(root_mode=0o700),
        SINGLE._replace(blocks=SINGLE.blocks[::-1]),
        SINGLE._replace(files=FileTable.of([SINGLE.files[0]._replace(mode=0o755)])),
        SINGLE._replace(files=FileTable.of([SINGLE.files[0]._replace(size=11)])),
        SINGLE._replace(folders=TREE.folders),
    ],
)
def test_the_digest_names_this_very_payload(changed: Manifest) -> None:
    assert len(SINGLE.digest) == 32
    assert changed.digest != SINGLE.digest
    assert SINGLE._replace().digest == SINGLE.digest


# ---- names

UNSAFE = [
    ("", "is empty"),
    ("/etc/passwd", "is absolute"),
    ("//x", "is absolute"),
    ("..", "'..'"),
    (".", "'.'"),
    ("../x", "'..'"),
    ("a/../../x", "'..'"),
    ("a/./b", "'.'"),
    ("a//b", "empty part"),
    ("a/", "empty part"),
    ("a\0b", "holds a NUL"),
    ("x" * 256, "more than 255 bytes"),
    ("a/" + "ä" * 128 + "/b", "more than 255 bytes"),
    ("\ud800", "isn't a name that a file can have"),
]
SAFE = [
    "a",
    "a/b/c",
    "...",
    "..a",
    "a..",
    ".hidden",
    "a b",
    " ",
    "-rf",
    "~",
    "ä/ö",
    "x" * 255,
    "a:b",
    "日本語",
    "a'b\"c",
    "a\nb",
    "a\x1b[2Jb",
    "C:\\x",
    "caf\udce9",
]


@pytest.mark.parametrize(("path", "reason"), UNSAFE, ids=lambda value: ascii(value)[:20])
def test_unsafe_names(path: str, reason: str) -> None:
    assert reason in unsafe_name(path)
    with pytest.raises(ConfigError, match=r"^swarm\.json: .*; rename it"):
        check_names("tree", ["fine", path], [], "swarm.json")
    with pytest.raises(ConfigError, match=r"^swarm\.json: .*; rename it"):
        check_names("tree", ["fine"], [path], "swarm.json")
    with pytest.raises(ConfigError, match=r"^swarm\.json: payload name"):
        check_names(path, [], [], "swarm.json")


@pytest.mark.parametrize("name", ["a/b", "a\\b", "a\nb", "\x7f", "caf\udce9"], ids=ascii)
def test_the_payloads_own_name_is_a_word_of_the_classic_files(name: str) -> None:
    with pytest.raises(ConfigError, match="payload name"):
        check_names(name, [], [], "swarm.json")


@pytest.mark.parametrize(("name", "shown"), [("a b", "a b"), ("a\nb", r"$'a\x0ab'"), ("caf\udce9'", r"$'caf\xe9\''")])
def test_odd_names_are_shown_as_a_shell_reads_them(name: str, shown: str) -> None:
    assert quoted(name) == shown


@pytest.mark.parametrize("path", SAFE, ids=ascii)
def test_safe_names(path: str) -> None:
    assert unsafe_name(path) == ""
    check_names("tree", [path], [], "swarm.json")


@pytest.mark.parametrize(
    ("files", "folders", "problem"),
    [
        (["a", "a"], [], "is there twice"),
        (["a"], ["x", "x"], "is there twice"),
        (["a", "a/b"], [], "both a file and a folder"),
        (["a"], ["a"], "both a file and a folder"),
        (["a"], ["a/b"], "both a file and a folder"),
    ],
)
def test_names_that_fall_on_one_another(files: List[str], folders: List[str], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        check_names("tree", files, folders, "swarm.json")


@pytest.mark.parametrize("name", ["x" * 255, "ä" * 127, "日" * 85], ids=["255", "254", "255 too"])
def test_a_name_may_be_as_long_as_a_file_system_takes_it(name: str) -> None:
    check_names(name, [name], [], "test")
    with pytest.raises(ConfigError, match="has a part of more than 255 bytes"):
        check_names(name + "日", ["f"], [], "test")


@pytest.mark.parametrize(
    ("names", "doubtful"),
    [
        (["a", "A"], True),
        (["e\u0301", "b"], True),
        (["a."], True),
        (["a "], True),
        (["a:b"], True),
        (["a\\b"], True),
        (["a\nb"], True),
        (["caf\udce9"], True),
        (["a", "b.c", "d-e_f", "..."[:2] + "x"], False),
    ],
)
def test_which_names_some_file_system_treats_differently(names: List[str], doubtful: bool) -> None:
    check_names("tree", [f"d/{name}" for name in names], ["d"], "test")
    assert doubtful_folders([f"d/{name}" for name in names]) == ({"d": names} if doubtful else {})


def test_a_deep_tree_is_checked_quickly() -> None:
    folders = ["/".join(["d"] * depth) for depth in range(1, 1500)]
    check_names("tree", [f"{folders[-1]}/f"], folders, "test")
    with pytest.raises(ConfigError, match="is both a file and a folder"):
        check_names("tree", ["d/d", f"{folders[-1]}/f"], [], "test")


def test_a_payload_is_named_without_a_slash() -> None:
    with pytest.raises(ConfigError, match="holds a slash"):
        check_names("a/b", [], [], "swarm.json")


# ---- damage

Damage = Callable[[Dict[str, Any]], object]


def put(*path: Any) -> Damage:
    """Put the last of `path` at the place that the others name."""

    def damage(fields: Any) -> None:
        for step in path[:-2]:
            fields = fields[step]
        fields[path[-2]] = path[-1]

    return damage


DAMAGES: List[Damage] = [
    *(lambda fields, name=name: fields.pop(name) for name in to_json(TREE) if name != "anchors"),  # older ones lack it
    *(put(name, None) for name in to_json(TREE)),
    *(put(name, 0.5) for name in to_json(TREE)),
    put("tree", 1),
    put("piece_size", 0),
    put("piece_size", -4),
    put("piece_size", True),
    put("piece_size", "4"),
    put("piece_size", 2**31),
    put("piece_size", 10**30),
    put("piece_size", 6),  # no multiple of its blocks
    put("block", 0),
    put("block", -4),
    put("block", 3),
    put("block", 2),  # then the number of hashes is wrong
    put("block", 8),
    put("block", True),
    put("root_mode", 0o1777),
    put("root_mode", -1),
    put("blocks", "ab"),
    put("blocks", "zz" * 32),
    put("blocks", "A" * 43 + "="),
    put("blocks", ""),
    put("blocks", to_json(TREE)["blocks"] + "\n"),
    put("blocks", "ä" * 44),
    put("anchors", "A" * 20),  # its files are too small for any
    put("anchors", "not base64!"),
    put("paths", ""),
    put("paths", "a"),
    put("paths", ["a", "b/c", "b/d"]),
    put("paths", "../a//b/c//b/d"),
    put("paths", "z//b/c//b/d"),  # not sorted any more
    put("paths", "b//b/c//b/d"),  # a file where a folder is
    put("paths", "a//a//b/d"),
    put("paths", "a///b/d//b/e"),
    put("paths", "a//b/c//b/\ud800"),
    put("sizes", []),
    put("sizes", [5, 0]),
    put("sizes", 0, -5),
    put("sizes", 0, "5"),
    put("sizes", 0, 5.0),
    put("sizes", 0, True),
    put("sizes", 0, None),
    put("sizes", 0, 2**63),
    put("sizes", 0, 2**62),
    put("sizes", [2**63 - 1, 2**63 - 1, 2**63 - 1]),
    put("modes", []),
    put("modes", 0, 0o4755),  # set-uid
    put("modes", 0, True),
    put("modes", 0, -1),
    put("folders", 0, "b"),
    put("folders", 0, ["b"]),
    put("folders", 0, [5, 0o755]),
    put("folders", 0, ["/b", 0o755]),
    put("folders", 0, ["b", 0o2755]),
    put("name", "../x"),
    put("name", ""),
    put("tree", False),  # a single file is named as the payload
]


@pytest.mark.parametrize("damage", range(len(DAMAGES)))
def test_a_damaged_manifest_is_one_error(damage: int) -> None:
    fields = copy.deepcopy(to_json(TREE))
    assert from_json(dict(fields), "swarm.json") == TREE
    DAMAGES[damage](fields)
    with pytest.raises(ConfigError, match=r"^here/swarm\.json: .*; .") as caught:
        from_json(fields, "here/swarm.json")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [None, 5, "text", [], [1], {}, {"name": "x"}])
def test_what_is_no_manifest_at_all(value: Any) -> None:
    with pytest.raises(ConfigError, match="damaged"):
        from_json(value, "swarm.json")


# ---- anything at all

JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=5), inner, max_size=4)),
    max_leaves=6,
)


@fuzz
@given(any_manifest())
def test_there_and_back(manifest: Manifest) -> None:
    text = json.dumps(to_json(manifest))
    assert from_json(json.loads(text), "swarm.json") == manifest
    assert sum(manifest.piece_length(index) for index in range(manifest.piece_count)) == manifest.size


@fuzz
@given(any_manifest(), st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5), st.integers(0, 3), JSON), max_size=2))
def test_any_damage_is_a_manifest_or_one_error(manifest: Manifest, wounds: "list[tuple[int, int, int, Any]]") -> None:
    fields = json.loads(json.dumps(to_json(manifest)))
    for key, row, column, value in wounds:
        name = sorted(fields)[key % len(fields)]
        spot = fields[name]
        if isinstance(spot, list) and spot and row < 5:
            inner = spot[row % len(spot)]
            if isinstance(inner, list) and column < len(inner):
                inner[column] = value
            else:
                spot[row % len(spot)] = value
        else:
            fields[name] = value
    try:
        read = from_json(fields, "swarm.json")
    except ConfigError:
        return
    check_names(read.name, read.files.paths, [folder.path for folder in read.folders], "")
    assert len(read.digest) == 32


@fuzz
@given(st.one_of(PATHS, st.text(max_size=12)))
def test_a_safe_name_stays_below_its_folder(path: str) -> None:
    if not unsafe_name(path):
        parts = path.split("/")
        assert all(part not in ("", ".", "..") for part in parts)
        assert not path.startswith("/") and "\0" not in path
