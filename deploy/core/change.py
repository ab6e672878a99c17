"""What another version of the payload would change on a host that holds one: two manifests in, lists of names out."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator
from heapq import merge
from typing import NamedTuple

from peer.core.anchors import EVERY, anchor_count
from peer.core.blocks import HASH_BYTES, lengths_of
from peer.core.counting import count_of
from peer.core.listing import quoted
from peer.core.manifest import Manifest
from peer.core.sizes import format_size

Renamed = tuple[str, str]  # the old path and the new one


class Change(NamedTuple):
    """Paths below the payload's name, sorted; of a single file, its own name. Links count as files.

    `touched`: the bytes stay, and mode or time change. `fetch`: bytes of blocks that the host has in none of its files;
    `at_most`: some of these may be found at other places of a large file.
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
    """One path of a version but for folders. `number`: of its file, None for links and further names."""

    path: str
    number: int | None


class _Version:
    """A manifest, looked at entry by entry: a hundred thousand of them together would take a hundred megabytes."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._links = {
            **{link.path: ("link", link.target) for link in manifest.parts.links},
            **{one.path: ("hard link", one.to) for one in manifest.parts.hardlinks},
        }

    def entries(self) -> Iterator[_Entry]:
        """All of them, sorted by path."""
        files = (_Entry(path, number) for number, path in enumerate(self._manifest.files.paths))
        links = (_Entry(path, None) for path in sorted(self._links))
        return merge(files, links, key=_path_of)

    def content(self, entry: _Entry) -> tuple[object, ...]:
        """The size and the blocks' hashes of a file, or the target of a link."""
        if entry.number is None:
            return self._links[entry.path]
        return self._manifest.files[entry.number].size, _hashes(self._manifest, entry.number)

    def look(self, entry: _Entry) -> tuple[int, int]:
        """Mode and time of a file; the time is 0 where it isn't carried."""
        if entry.number is None:
            return 0, 0
        times = self._manifest.parts.file_times if self._manifest.parts.rules.times else ()
        return self._manifest.files.modes[entry.number], times[entry.number] if times else 0


def _path_of(entry: _Entry) -> str:
    return entry.path


def change(old: Manifest | None, new: Manifest, foreign: Collection[str] = ()) -> Change:
    """What the new version would change. `foreign`: paths of the old one that aren't ours, and stay beside the new one.

    Both manifests must have blocks of the same size.
    """
    if old is None or old.tree != new.tree:
        names = _paths(new)
        removed = () if old is None else _paths(old)
        return Change(names, (), (), removed, (), 0, len(names), new.size, new.size, is_first=old is None)
    before, after = _Version(old), _Version(new)
    gone: list[_Entry] = []
    added: list[_Entry] = []
    changed: list[tuple[_Entry, _Entry]] = []
    touched: list[str] = []
    unchanged = 0
    for was, now in _pairs(before.entries(), after.entries()):
        if was is None or now is None:
            added += [now] if now else []
            gone += [was] if was else []
        elif before.content(was) != after.content(now):
            changed.append((was, now))
        elif before.look(was) != after.look(now):
            touched.append(now.path)
        else:
            unchanged += 1
    theirs = frozenset(foreign)
    gone = [one for one in gone if one.path not in theirs]
    before_others = [*gone, *(was for was, _ in changed)]  # a file may also come to where another one was
    renamed = tuple(_renamed(before, after, before_others, [*added, *(now for _, now in changed)]))
    arrived = {path for _, path in renamed}
    return Change(
        added=_without(added, arrived),
        changed=_without((now for _, now in changed), arrived),
        touched=tuple(touched),
        removed=_without(gone, {path for path, _ in renamed}),
        renamed=renamed,
        unchanged=unchanged,
        files=unchanged + len(changed) + len(touched) + len(added),
        size=new.size,
        fetch=_lacking(old, new),
        at_most=_may_have_moved(old, new),
    )


def _paths(manifest: Manifest) -> tuple[str, ...]:
    return tuple(entry.path for entry in _Version(manifest).entries())


def _without(entries: Iterable[_Entry], paths: Collection[str]) -> tuple[str, ...]:
    return tuple(one.path for one in entries if one.path not in paths)


def _pairs(before: Iterator[_Entry], after: Iterator[_Entry]) -> Iterator[tuple[_Entry | None, _Entry | None]]:
    """The entries of both versions by path; None where one has none of that path."""
    was, now = next(before, None), next(after, None)
    while was is not None or now is not None:
        first = now is None or (was is not None and was.path <= now.path)
        second = was is None or (now is not None and now.path <= was.path)
        yield was if first else None, now if second else None
        was = next(before, None) if first else was
        now = next(after, None) if second else now


def _renamed(before: _Version, after: _Version, gone: list[_Entry], added: list[_Entry]) -> Iterator[Renamed]:
    """Pairs of a path that loses its content and one that gets it; empty files tell nothing."""
    by_content: dict[tuple[object, ...], list[str]] = {}
    for one in reversed(gone):
        by_content.setdefault(before.content(one), []).append(one.path)
    for one in added:
        content = after.content(one)
        if content[0] and by_content.get(content):
            yield by_content[content].pop(), one.path


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
    """Whether a file that has anchors has another length now, or a long run of blocks that aren't at their places."""
    before = {path: number for number, path in enumerate(old.files.paths)}
    anchored = (number for number, size in enumerate(new.files.sizes) if anchor_count(size, new.block))
    pairs = ((before.get(new.files.paths[number]), number) for number in anchored)
    return any(
        old.files.size_of(was) != new.files.size_of(now) or _has_run(_hashes(old, was), _hashes(new, now))
        for was, now in pairs
        if was is not None
    )


def _hashes(manifest: Manifest, file: int) -> bytes:
    run = manifest.layout.blocks_of_file(file)
    return manifest.blocks[run.begin * HASH_BYTES : run.end * HASH_BYTES]


def _has_run(old: bytes, new: bytes) -> bool:
    """Whether so many consecutive hashes differ as lie from one anchor to the next."""
    run = 0
    for at in range(0, len(new), HASH_BYTES) if old != new else ():
        run = 0 if old[at : at + HASH_BYTES] == new[at : at + HASH_BYTES] else run + 1
        if run == EVERY:
            return True
    return False
