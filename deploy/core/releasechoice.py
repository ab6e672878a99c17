"""Which release is meant: the one that a payload becomes, the one to go back to; and the table of all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Protocol

from deploy.core.inventory import fold
from peer.core.errors import EXIT_FAILED, EXIT_USAGE, WeftError
from peer.core.sizes import format_size

HEADINGS = ("release", "payload", "size", "hosts", "current on")
_NONE = "-"


class Kept(Protocol):
    """One release on a host."""

    @property
    def name(self) -> str: ...
    @property
    def payload(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def proved(self) -> bool: ...


class Sent(Protocol):
    """A release that a seed gave to others."""

    @property
    def name(self) -> str: ...
    @property
    def key(self) -> str: ...


class Shelf(Protocol):
    """A host's releases, in the order in which they were brought, and the name of the current one, or ""."""

    @property
    def sent(self) -> Sent | None: ...
    @property
    def current(self) -> str: ...
    @property
    def releases(self) -> Sequence[Kept]: ...


Shelves = Mapping[str, Shelf]  # by host


class ReleaseError(WeftError):
    """No release can be meant."""

    code = EXIT_FAILED


class UnnamedError(ReleaseError):
    """The command line names no release, or several."""

    code = EXIT_USAGE


def name_for(shelves: Shelves, key: str, run: str) -> str:
    """The release that a payload of this key is already, on most hosts; else it becomes one, with the run's name.

    Raises ReleaseError where the run's name is that of a release of another payload.
    """
    every = [(one.name, one.key) for shelf in shelves.values() for one in shelf.releases]
    every += [(shelf.sent.name, shelf.sent.key) for shelf in shelves.values() if shelf.sent is not None]
    names = Counter(name for name, one in every if one == key)
    if names:
        return max(names, key=lambda name: (names[name], name))
    taken = [host for host, shelf in shelves.items() if any(one.name == run for one in shelf.releases)]
    if taken:
        raise ReleaseError(f"release {run} is on {fold(taken)}, with another payload; choose another name with --run")
    return run


def name_before(shelves: Shelves) -> str:
    """The release to go back to: on each host the one before the current one, or the current one already.

    The latter is where an earlier turn was lost. Raises ReleaseError where the hosts have no such release in common.
    """
    before = {host: _before(shelf) for host, shelf in shelves.items()}
    wanted = [
        name
        for name in dict.fromkeys(filter(None, before.values()))
        if all(name in (before[host], shelf.current) for host, shelf in shelves.items())
    ]
    if len(wanted) == 1:
        return wanted[0]
    lacking = [host for host, name in before.items() if not name]
    if len(lacking) == len(shelves):
        raise ReleaseError("no host has a release before the current one; `fab releases` shows what is where")
    if lacking:
        raise ReleaseError(
            f"{fold(lacking)}: there is no release before the current one; leave it out with --limit, or name a "
            "release with `fab activate`"
        )
    said = "; ".join(f"{fold(one for one in before if before[one] == name)} to {name}" for name in set(before.values()))
    raise ReleaseError(f"the hosts would go back to different releases: {said}; name one with `fab activate`")


def _before(shelf: Shelf) -> str:
    """The latest proved release that was brought before the current one; "" for none."""
    names = [one.name for one in shelf.releases if one.proved or one.name == shelf.current]
    place = names.index(shelf.current) if shelf.current in names else 0
    return names[place - 1] if place else ""


def rows(shelves: Shelves) -> list[tuple[str, ...]]:
    """The table: one row for each release, the latest last."""
    names: dict[str, Kept] = {}
    for shelf in shelves.values():
        for one in shelf.releases:
            if one.name not in names or one.proved:
                names[one.name] = one
    return [_row(name, names[name], shelves) for name in sorted(names, key=lambda name: _age(name, shelves))]


def _age(name: str, shelves: Shelves) -> tuple[int, str]:
    """Where a release comes in the hosts' orders."""
    places = [place for shelf in shelves.values() for place, one in enumerate(shelf.releases) if one.name == name]
    return max(places), name


def _row(name: str, kept: Kept, shelves: Shelves) -> tuple[str, ...]:
    proved = [host for host, shelf in shelves.items() if any(one.name == name and one.proved for one in shelf.releases)]
    begun = [host for host, shelf in shelves.items() if any(one.name == name for one in shelf.releases)]
    unproved = [host for host in begun if host not in proved]
    where = fold(proved) + (f" (not proved: {fold(unproved)})" if unproved else "")
    active = [host for host, shelf in shelves.items() if shelf.current == name]
    size = format_size(kept.size) if kept.proved else _NONE
    return name, kept.payload, size, where.strip() or _NONE, fold(active) or _NONE


def stayed_line(name: str, why: Sequence[str]) -> str:
    """Nothing was turned, because of these hosts."""
    others = f": not ready on {fold(why)}" if why else ""
    return f"`current` stays as it was on every host{others}; once that is right, `fab activate {name}` turns it"


def mixed_line(name: str, turned: Sequence[str], lost: Sequence[str]) -> str:
    """The turn was lost on some hosts: which, and the ways out."""
    there = f"`current` is {name} on {fold(turned)}" if turned else f"`current` may be {name}"
    way = f"`fab activate {name} --limit '{','.join(lost)}'` turns it there too, `fab rollback` goes back everywhere"
    return f"{there}, and may be the one before on {fold(lost)}; {way}"
