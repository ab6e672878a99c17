"""What a new version would change, by two manifests: lists of paths, bytes to fetch, and the lines that tell them."""

from __future__ import annotations

import hashlib

import pytest

from deploy.core.change import Change, change
from peer.core.anchors import EVERY
from peer.core.filetable import FileEntry, FileTable
from peer.core.manifest import Manifest
from peer.core.treeparts import LinkEntry, TreeParts
from peer.core.treerules import USUAL
from tests.core.samples import cut, payload

BLOCK = 1024
ONE, TWO, LONG = payload(3 * BLOCK + 5, 1), payload(100, 2), payload(BLOCK * (EVERY + 1), 3)
OLD = {"a/one": ONE, "two": TWO, "long": LONG, "none": b""}


def tree(
    files: "dict[str, bytes]", times: "dict[str, int] | None" = None, links: "dict[str, str] | None" = None
) -> Manifest:
    """The manifest of these files; each has its own time, 5 unless it is said."""
    rows = sorted(files.items())
    blocks = b"".join(hashlib.sha256(part).digest() for _, data in rows for part in cut(data, BLOCK))
    table = FileTable.of([FileEntry(path, len(data), 0o644) for path, data in rows])
    parts = TreeParts(
        rules=USUAL,
        links=tuple(LinkEntry(*pair) for pair in sorted((links or {}).items())),
        file_times=[(times or {}).get(path, 5) for path, _ in rows],
    )
    return Manifest("t", True, 4 * BLOCK, BLOCK, table, blocks=blocks, parts=parts)


def without(*names: str) -> dict[str, bytes]:
    return {name: data for name, data in OLD.items() if name not in names}


NOTHING = Change((), (), (), (), (), 4, 4, sum(map(len, OLD.values())), 0)
CASES = {
    "nothing": (OLD, NOTHING),
    "a file in front": (
        {**OLD, "0": b"new"},
        NOTHING._replace(added=("0",), files=5, size=NOTHING.size + 3, fetch=3),
    ),
    "a block": (
        {**OLD, "a/one": ONE[:BLOCK] + TWO},
        NOTHING._replace(changed=("a/one",), unchanged=3, size=NOTHING.size - 2 * BLOCK + 95),
    ),
    "gone": (without("two"), NOTHING._replace(removed=("two",), unchanged=3, files=3, size=NOTHING.size - 100)),
    "renamed": ({**without("a/one"), "z": ONE}, NOTHING._replace(renamed=(("a/one", "z"),), unchanged=3)),
    "two files have changed names": (
        {**OLD, "a/one": LONG, "long": ONE},
        NOTHING._replace(renamed=(("long", "a/one"), ("a/one", "long")), unchanged=2, at_most=True),
    ),
    "moved on by a name": (
        {**without("none"), "a/one": b"new", "two": ONE, "long": TWO, "x": LONG},
        NOTHING._replace(
            changed=("a/one",),
            removed=("none",),
            renamed=(("long", "x"), ("two", "long"), ("a/one", "two")),
            unchanged=0,
            size=NOTHING.size + 3,
            fetch=3,
        ),
    ),
    "an empty file renamed": (
        {**without("none"), "z": b""},
        NOTHING._replace(added=("z",), removed=("none",), unchanged=3),
    ),
    "zeros and twins": (
        {**OLD, "x": bytes(2 * BLOCK) + b"x" * 2 * BLOCK},
        NOTHING._replace(added=("x",), files=5, size=NOTHING.size + 4 * BLOCK, fetch=BLOCK),
    ),
    "a large file, moved": (
        {**OLD, "long": b"x" + LONG[:-1]},
        NOTHING._replace(changed=("long",), unchanged=3, fetch=len(LONG), at_most=True),
    ),
    "a large file, in place": (
        {**OLD, "long": LONG[:BLOCK] + b"x" * BLOCK + LONG[2 * BLOCK :]},
        NOTHING._replace(changed=("long",), unchanged=3, fetch=BLOCK),
    ),
    "a large file longer": (
        {**OLD, "long": b"x" * BLOCK + LONG},
        NOTHING._replace(changed=("long",), unchanged=3, size=NOTHING.size + BLOCK, fetch=BLOCK, at_most=True),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_change_is_named(case: str) -> None:
    new, wanted = CASES[case]
    assert change(tree(OLD), tree(new)) == wanted


def test_times_and_links() -> None:
    old = tree(OLD, links={"l": "two", "m": "two"})
    new = tree(OLD, times={"two": 6}, links={"l": "long", "n": "two"})
    found = change(old, new)
    assert (found.touched, found.changed, found.added, found.removed) == (("two",), ("l",), (), ())
    assert found.renamed == (("m", "n"),)
    assert (found.unchanged, found.files, found.fetch) == (3, 6, 0)


def test_what_isnt_ours_stays() -> None:
    assert change(tree({**OLD, "theirs": TWO}), tree(OLD), ["theirs"]) == NOTHING


def test_without_a_copy_all_is_to_fetch() -> None:
    assert change(None, tree(OLD)).sentence == "it has no copy: 4 files, 12.1 KiB to fetch"


def test_the_lines_are_in_the_order_of_the_paths() -> None:
    found = NOTHING._replace(
        added=("b",), changed=("a", "e\x1b"), touched=("c",), removed=("d",), renamed=(("0", "c2"),), fetch=1024
    )
    assert found.lines == ("* a", "+ b", ". c", "> c2, which was 0", "- d", r"* $'e\x1b'")
    assert found.sentence == "4 of 4 files unchanged, 1 KiB of 12.1 KiB to fetch"
    assert found._replace(at_most=True).sentence == "4 of 4 files unchanged, at most 1 KiB of 12.1 KiB to fetch"
    assert NOTHING.sentence == "4 of 4 files unchanged, nothing to fetch"
