"""Where the symbolic links of a tree lead, by the tree's own names: inside, outside, nowhere or round and round."""

from __future__ import annotations

from typing import Container, Iterable, List, Mapping, Set, Tuple

from peer.core.listing import listed, quoted
from peer.core.tuples import NamedTuple

OUTSIDE, DANGLING, ROUND = "leads out of the tree", "points to nothing in the payload", "leads round in a circle"
FOLLOWED_REMEDY = "write `links: keep-all` to keep all links as they are, or `exclude` these"
REMEDY = (
    "write `links: follow` to copy what they point to, `links: keep-all` to keep them as they are, or `exclude` them"
)
_MOST_HOPS = 40  # that Linux follows
_SHOWN = 20


class Fault(NamedTuple):
    """A link that a copy of the tree can't have the same meaning with, and why."""

    path: str
    target: str
    reason: str

    def __str__(self) -> str:
        return f"{quoted(self.path)} -> {quoted(self.target)} ({self.reason})"


def faults(links: Mapping[str, str], files: Iterable[str], folders: Iterable[str]) -> List[Fault]:
    """The links (path -> target) that don't stay inside the tree of these files and folders, in their order."""
    if not links:
        return []
    names = set(files)
    above = (path.rpartition("/")[0] for path in (*names, *links))
    inside = _with_parents((*folders, *above))
    found = (Fault(path, target, _reason(path, links, names, inside)) for path, target in links.items())
    return [fault for fault in found if fault.reason]


def told(found: List[Fault], follow: bool) -> Tuple[str, str]:
    """The faults of a tree as a line, where links were to be followed or kept, and the ways out."""
    many = "link" if len(found) == 1 else "links"
    done, remedy = ("followed", FOLLOWED_REMEDY) if follow else ("kept", REMEDY)
    return f"{len(found)} {many} can't be {done}: {listed([str(one) for one in found], _SHOWN)}", remedy


def _reason(path: str, links: Mapping[str, str], files: Container[str], folders: Container[str]) -> str:
    """Why a link doesn't lead to something in the tree; "" if it does. Walks as the kernel does, name by name."""
    *at, name = path.split("/")  # the names of the folders that we are in, and of what is next
    left = [name]  # the last one is next
    hops = 0
    while left:
        name = left.pop()
        here = "/".join([*at, name])
        if name == ".." and at:
            at.pop()
        elif here in links:
            hops += 1
            if hops > _MOST_HOPS:
                return ROUND
            if links[here].startswith("/"):
                return OUTSIDE
            left += _parts(links[here])
        elif here in folders:
            at.append(name)
        elif name == "..":
            return OUTSIDE
        else:
            return "" if here in files and not left else DANGLING
    return ""


def _parts(target: str) -> List[str]:
    """The names in a link's target, the first one last."""
    return [part for part in reversed(target.split("/")) if part not in ("", ".")]


def _with_parents(paths: Iterable[str]) -> Set[str]:
    found: Set[str] = set()
    for path in paths:
        while path and path not in found:
            found.add(path)
            path = path.rpartition("/")[0]
    return found
