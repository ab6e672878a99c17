"""What another version of the payload would change on a host that holds one: two manifests in, lists of names out."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from peer.core.anchors import anchor_count
from peer.core.blocks import HASH_BYTES, lengths_of
from peer.core.counting import count_of
from peer.core.listing import quoted
from peer.core.manifest import Manifest
from peer.core.sizes import format_size

Renamed = tuple[str, str]  # the old path and the new one


class Change(NamedTuple):
    """Paths below the payload's name, sorted; of a single file, its own name. Links count as files.

    `touched`: the bytes stay, and mode or time change. `fetch`: bytes of blocks that the host has in none of its files;
    `at_most`: some of these may be found at other places of files that have another length now.
    """

    added: tuple[str, ...]
    changed: tuple[str, ...]
    touched: tuple[str, ...]
    removed: tuple[str, ...]
    renamed: tuple[Renamed, ...]
    unchanged: int
    files: int  # of the new version
    size: int
    fetch: int
    at_most: bool = False
    is_first: bool = False  # the host has no copy

    @property
    def sentence(self) -> str:
        """The change in a line, without the host's name."""
        files = count_of(self.files, "file")
        if self.is_first:
            return f"it has no copy: {files}, {format_size(self.size)} to fetch"
        most = "at most " if self.at_most and self.fetch else ""
        fetch = (
            f"{most}{format_size(self.fetch)} of {format_size(self.size)} to fetch"
            if self.fetch
            else "nothing to fetch"
        )
        return f"{self.unchanged} of {files} unchanged, {fetch}"

    @property
    def lines(self) -> tuple[str, ...]:
        """A line for each path, with a sign before it; in the order of the paths."""
        signs = {"+": self.added, "*": self.changed, ".": self.touched, "-": self.removed}
        rows = [(path, f"{sign} {quoted(path)}") for sign, paths in signs.items() for path in paths]
        rows += [(new, f"> {quoted(new)}, which was {quoted(old)}") for old, new in self.renamed]
        return tuple(line for _, line in sorted(rows))


class _Entry(NamedTuple):
    """One path of a version. `content`: a file's size and ID, or a link's target."""

    content: tuple[object, ...]
    mode: int = 0
    time: int = 0


def change(old: Manifest | None, new: Manifest, foreign: Collection[str] = ()) -> Change:
    """What the new version would change. `foreign`: paths of the old one that aren't ours, and stay beside the new one.

    Both manifests must have blocks of the same size.
    """
    if old is None or old.tree != new.tree:
        names = tuple(sorted(_entries(new)))
        removed = () if old is None else tuple(sorted(_entries(old)))
        return Change(names, (), (), removed, (), 0, len(names), new.size, new.size, is_first=old is None)
    before, after = _entries(old), _entries(new)
    both = sorted(before.keys() & after.keys())
    same = [path for path in both if before[path].content == after[path].content]
    gone = before.keys() - after.keys()
    added = after.keys() - before.keys()
    renamed = tuple(_renamed(before, after, sorted(gone - set(foreign)), sorted(added)))
    touched = tuple(path for path in same if before[path] != after[path])
    return Change(
        added=tuple(sorted(added - {path for _, path in renamed})),
        changed=tuple(sorted(set(both) - set(same))),
        touched=touched,
        removed=tuple(sorted(gone - set(foreign) - {path for path, _ in renamed})),
        renamed=renamed,
        unchanged=len(same) - len(touched),
        files=len(after),
        size=new.size,
        fetch=_lacking(old, new),
        at_most=_may_have_moved(old, new),
    )


def _entries(manifest: Manifest) -> dict[str, _Entry]:
    """All but folders, by path."""
    files, parts = manifest.files, manifest.parts
    times = list(parts.file_times) or [0] * len(files)
    found = {
        file.path: _Entry((file.size, manifest.file_id(number)), file.mode, time if manifest.parts.rules.times else 0)
        for number, (file, time) in enumerate(zip(files, times))
    }
    found.update({link.path: _Entry(("link", link.target)) for link in parts.links})
    found.update({one.path: _Entry(("hard link", one.to)) for one in parts.hardlinks})
    return found


def _renamed(
    before: Mapping[str, _Entry], after: Mapping[str, _Entry], gone: list[str], added: list[str]
) -> Iterator[Renamed]:
    """Pairs of a path that goes and one that comes with the same content; empty files tell nothing."""
    by_content: dict[tuple[object, ...], list[str]] = {}
    for path in reversed(gone):
        by_content.setdefault(before[path].content, []).append(path)
    for path in added:
        content = after[path].content
        if content[0] and by_content.get(content):
            yield by_content[content].pop(), path


def _lacking(old: Manifest, new: Manifest) -> int:
    """Bytes of the new version's blocks that no file of the old one has, and that aren't zeros; of equal ones, one."""
    known = {old.blocks[at : at + HASH_BYTES] for at in range(0, len(old.blocks), HASH_BYTES)}
    lengths = (length for size in new.files.sizes for length in lengths_of(size, new.block))
    lacking = 0
    for number, length in enumerate(lengths):
        sha256 = new.blocks[number * HASH_BYTES : (number + 1) * HASH_BYTES]
        if sha256 not in known:
            known.add(sha256)
            lacking += 0 if sha256 == _zeros(length) else length
    return lacking


def _zeros(length: int) -> bytes:
    return hashlib.sha256(bytes(length)).digest()


def _may_have_moved(old: Manifest, new: Manifest) -> bool:
    """Whether a file that has anchors has another length now."""
    before = dict(zip(old.files.paths, old.files.sizes))
    return any(
        before.get(path, size) != size and anchor_count(size, new.block)
        for path, size in zip(new.files.paths, new.files.sizes)
    )
