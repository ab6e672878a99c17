"""What a payload holds beside its files' bytes and modes: links, further names of files, times, owners, attributes."""

from __future__ import annotations

import binascii
import hashlib
from array import array
from itertools import accumulate, chain
from typing import Any, Collection, Dict, FrozenSet, Iterable, List, Sequence, Tuple

from peer.core import treelinks, treerules
from peer.core.errors import ConfigError
from peer.core.payloadnames import unsafe_target
from peer.core.treerules import KEEP, TreeRules
from peer.core.tuples import NamedTuple

_FAR = 2**63  # nanoseconds; no time is beyond it


class LinkEntry(NamedTuple):
    """A symbolic link: its path below the top, and its text."""

    path: str
    target: str


class HardLink(NamedTuple):
    """One more name, `path`, of the file or symbolic link at `to`; both below the top."""

    path: str
    to: str


class Sparse(NamedTuple):
    """A file with holes: its number in the row, and the bytes that it takes on the seed's disk."""

    file: int
    held: int


class Owner(NamedTuple):
    """User and group by number, and by name where the seed has one; the name counts where a host knows it."""

    uid: int
    gid: int
    user: str = ""
    group: str = ""


class Trait(NamedTuple):
    """Owner and extended attributes (names and base64 of values, sorted), which many entries share."""

    owner: Owner
    xattrs: Tuple[Tuple[str, str], ...] = ()


class TreeParts(NamedTuple):
    """All of it. Times in nanoseconds since 1970: those of files and folders in the manifest's order, or none at all.

    `rules` are those of the scan, without what is excluded. `traits`: (path, number in `kinds`), "" is the top; with
    `owner` or `xattrs` there is one for each path.
    """

    rules: TreeRules = TreeRules(times=False)
    links: Tuple[LinkEntry, ...] = ()
    hardlinks: Tuple[HardLink, ...] = ()
    sparse: Tuple[Sparse, ...] = ()
    top_time: int = 0
    file_times: Sequence[int] = ()
    folder_times: Sequence[int] = ()
    link_times: Sequence[int] = ()
    traits: Tuple[Tuple[str, int], ...] = ()
    kinds: Tuple[Trait, ...] = ()

    @property
    def leaves(self) -> Tuple[str, ...]:
        """The paths of all links and further names."""
        return (*(link.path for link in self.links), *(link.path for link in self.hardlinks))

    @property
    def named(self) -> FrozenSet[str]:
        """The paths of files that have further names."""
        return frozenset(one.to for one in self.hardlinks)

    @property
    def holes(self) -> Dict[int, int]:
        """Number of a sparse file -> the bytes that it takes on a disk."""
        return dict(self.sparse)

    @property
    def state(self) -> bytes:
        """32 bytes that are the same for copies that need nothing of one another. Times and holes may differ."""
        same = (self.rules.setuid, *self.links, *self.hardlinks, *self.traits, *self.kinds)
        return hashlib.sha256(repr(same).encode("utf-8", "surrogatepass")).digest()


def times_of(times: Iterable[int]) -> Sequence[int]:
    """A column of times. Raises OverflowError."""
    return array("q", times) or ()


def to_json(parts: TreeParts) -> Dict[str, Any]:
    """The parts as a JSON object; times are differences from one to the next, which are shorter."""
    return {
        "rules": treerules.to_json(parts.rules),
        "links": [list(link) for link in parts.links],
        "hardlinks": [list(link) for link in parts.hardlinks],
        "sparse": [list(one) for one in parts.sparse],
        "top_time": parts.top_time,
        "file_times": _steps(parts.file_times),
        "folder_times": _steps(parts.folder_times),
        "link_times": _steps(parts.link_times),
        "traits": [list(one) for one in parts.traits],
        "kinds": [[list(kind.owner), [list(one) for one in kind.xattrs]] for kind in parts.kinds],
    }


def from_json(fields: Any, files: Collection[str], folders: Sequence[str], source: str) -> TreeParts:
    """The parts in a JSON object, for a payload of these paths, with every field checked. Raises ConfigError."""
    try:
        parts = TreeParts(
            treerules.from_json(fields["rules"], source),
            tuple(LinkEntry(*_texts(row)) for row in fields["links"]),
            tuple(HardLink(*_texts(row)) for row in fields["hardlinks"]),
            tuple(Sparse(*_numbers(row)) for row in fields["sparse"]),
            _numbers([fields["top_time"]], -_FAR)[0],
            _sums(fields["file_times"]),
            _sums(fields["folder_times"]),
            _sums(fields["link_times"]),
            tuple((_texts([path])[0], _numbers([kind])[0]) for path, kind in fields["traits"]),
            tuple(Trait(_owner(*owner), _xattrs(rows)) for owner, rows in fields["kinds"]),
        )
        _check(parts, files, folders)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        problem = f"the manifest is damaged ({type(error).__name__}: {error})"
        raise ConfigError(source, problem, "deploy again to rewrite it") from None
    return parts


def _check(parts: TreeParts, files: Collection[str], folders: Sequence[str]) -> None:
    """What must fit together does. Raises ValueError."""
    for rows, times in ((files, parts.file_times), (folders, parts.folder_times), (parts.links, parts.link_times)):
        if len(times) != (len(rows) if parts.rules.times else 0):
            raise ValueError(f"{len(times)} times for {len(rows)} entries")
    for link in parts.links:
        if unsafe_target(link.target):
            raise ValueError(f"the target of the link {link.path!r} {unsafe_target(link.target)}")
    links = {link.path for link in parts.links}
    if not all(link.to in links or link.to in files for link in parts.hardlinks):
        raise ValueError("a further name of nothing in the payload")
    if any(one.file >= len(files) for one in parts.sparse) or any(kind >= len(parts.kinds) for _, kind in parts.traits):
        raise ValueError("a number of nothing in the payload")
    if parts.traits and not {path for path, _ in parts.traits} <= {"", *files, *folders, *parts.leaves}:
        raise ValueError("an owner of nothing in the payload")
    leaves = chain(files, (link.path for link in parts.hardlinks))
    wrong = treelinks.faults(dict(parts.links), leaves, folders) if parts.rules.links == KEEP else []
    if wrong:
        raise ValueError(treelinks.told(wrong, follow=False)[0])


def _steps(times: Sequence[int]) -> List[int]:
    return [time - before for before, time in zip([0, *times], times)]


def _sums(steps: Any) -> Sequence[int]:
    return array("q", accumulate(_checked(steps, -2 * _FAR))) or ()


def _numbers(values: Any, least: int = 0) -> List[int]:
    return list(_checked(values, least))


def _checked(values: Any, least: int) -> Any:
    if values and (set(map(type, values)) != {int} or min(values) < least):
        raise ValueError(f"a number below {least}, or none")
    return values


def _texts(values: Any) -> List[str]:
    if any(type(value) is not str for value in values):
        raise TypeError("something where a text belongs")
    return list(values)


def _owner(uid: Any, gid: Any, user: Any, group: Any) -> Owner:
    (uid, gid), (user, group) = _numbers([uid, gid]), _texts([user, group])
    return Owner(uid, gid, user, group)


def _xattrs(rows: Any) -> Tuple[Tuple[str, str], ...]:
    for _, value in rows:
        binascii.a2b_base64(value)
    return tuple((name, value) for name, value in map(_texts, rows))
