"""Names for hosts, as groups, seeds and `--limit` use them: hosts, ranges and groups -> host names."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from deploy.core.inventory.errors import Ledger, Path, did_you_mean
from deploy.core.inventory.ranges import expand, fold, fold_list

if TYPE_CHECKING:
    from deploy.core.inventory.fields import InventoryPart  # with pydantic, which `--limit` does without

ALL = "all"  # this group always exists
ZONE = "zone:"  # begins what `--limit` calls a zone
MAX_NESTING = 50

Groups = Mapping[str, tuple[str, ...]]
_ITEM = re.compile(r"(?:\[[^\]]*\]|[^,])+")  # commas inside brackets belong to a range


class UnknownName(ValueError):
    """A name that no host and no group has; `str(error)` gives it, and a similar one."""


def groups_of(form: InventoryPart, hosts: Collection[str], ledger: Ledger) -> dict[str, tuple[str, ...]]:
    """Every group's host names in the order of the inventory; mistakes go to the ledger."""
    for name in form.groups:
        if name == ALL:
            ledger.add(("groups", name), "is the name of the group of all hosts; rename it")
        if name in hosts:
            ledger.add(("groups", name), "is also a host's name; rename one of the two")
    resolver = _Resolver(form, hosts, ledger)
    members = {name: resolver.members(name) for name in form.groups}
    return {name: tuple(host for host in hosts if host in found) for name, found in members.items()}


def named(items: Sequence[str], path: Path, hosts: Collection[str], groups: Groups, ledger: Ledger) -> tuple[str, ...]:
    """The host names that a list in the file (`seeds`) names, in the inventory's order."""
    found: set[str] = set()
    for place, item in enumerate(items):
        try:
            found |= lookup(item, hosts, groups)
        except UnknownName as error:
            ledger.add((*path, place), str(error))
    return tuple(name for name in hosts if name in found)


def lookup(item: str, hosts: Collection[str], groups: Groups) -> set[str]:
    """The host names that one name, range or group means. Raises UnknownName."""
    if item == ALL:
        return set(hosts)
    if item in groups:
        return set(groups[item])
    expanded = expand(item)
    unknown = [name for name in expanded if name not in hosts and name not in groups]
    if unknown:
        raise UnknownName(_no_such(unknown, hosts, groups))
    return {host for name in expanded for host in groups.get(name, (name,))}


def select(limit: str, hosts: Collection[str], groups: Groups) -> tuple[str, ...]:
    """The host names that `a,group,!b,node[01-04],web*` leaves, in the order of `hosts`.

    Names are added first, whatever their order; then `!` items are removed. If all items have `!`, they are removed
    from all hosts.
    Raises UnknownName and RangeError.
    """
    items = [item.strip() for item in _ITEM.findall(limit) if item.strip()]
    wanted = [item for item in items if not item.startswith("!")]
    unwanted = [item[1:].strip() for item in items if item.startswith("!")]
    chosen: set[str] = set().union(*(_matching(item, hosts, groups) for item in wanted)) if wanted else set(hosts)
    refused: set[str] = set().union(*(_matching(item, hosts, groups) for item in unwanted))
    left = chosen - refused
    return tuple(name for name in hosts if name in left)


def _matching(item: str, hosts: Collection[str], groups: Groups) -> set[str]:
    if not item:
        raise UnknownName("'!' has no name; write the host after it: !alpha")
    if "*" not in item and "?" not in item:
        return lookup(item, hosts, groups)
    patterns = expand(item)  # brackets are ranges here, so none is left for the glob
    zones = item.startswith(ZONE)
    named = [name for name in (*hosts, *groups) if name.startswith(ZONE) == zones]
    found = {name for name in named if any(fnmatchcase(name, pattern) for pattern in patterns)}
    if not found:
        raise UnknownName(f"no host or group matches '{item}'; {_known(hosts, groups)}")
    return {host for name in found for host in groups.get(name, (name,))}


class _Resolver:
    """Resolves each group once, so that nested groups stay cheap and a cycle is reported once."""

    def __init__(self, form: InventoryPart, hosts: Collection[str], ledger: Ledger) -> None:
        self._groups, self._hosts, self._ledger = form.groups, hosts, ledger
        self._done: dict[str, set[str]] = {}
        self._way: list[str] = []  # the groups that are being resolved, each inside the one before

    def members(self, group: str) -> set[str]:
        if group not in self._done:
            self._way.append(group)
            self._done[group] = set().union(*(self._item(group, *item) for item in enumerate(self._groups[group])))
            self._way.pop()
        return self._done[group]

    def _item(self, group: str, place: int, item: str) -> set[str]:
        path: Path = ("groups", group, place)
        names = (item,) if item in self._groups else expand(item)
        unknown = [name for name in names if name not in self._hosts and name not in self._groups and name != ALL]
        if unknown:
            self._ledger.add(path, _no_such(unknown, self._hosts, self._groups))
        return set().union(*(self._one(path, name) for name in names))

    def _one(self, path: Path, name: str) -> set[str]:
        if name in self._way:
            ring = " > ".join((*self._way[self._way.index(name) :], name))
            self._ledger.add(path, f"groups contain one another: {ring}; remove one of them")
            return set()
        if name in self._groups:
            if len(self._way) >= MAX_NESTING:
                self._ledger.add(path, f"groups are nested more than {MAX_NESTING} deep; name the hosts instead")
                return set()
            return self.members(name)
        return set(self._hosts) if name == ALL else {name}.intersection(self._hosts)


def _no_such(unknown: Sequence[str], hosts: Collection[str], groups: Collection[str]) -> str:
    if unknown[0].startswith(ZONE):
        return _no_such_zone(unknown[0][len(ZONE) :], [name[len(ZONE) :] for name in groups if name.startswith(ZONE)])
    groups = [name for name in groups if not name.startswith(ZONE)]
    guess = did_you_mean(unknown[0], (*hosts, *groups)) if len(unknown) == 1 else ""
    kind = "no host or group is called" if len(unknown) == 1 else "no hosts are called"
    return f"{kind} '{fold(unknown)}'" + (guess or f"; {_known(hosts, groups)}")


def _no_such_zone(unknown: str, zones: Sequence[str]) -> str:
    known = f"known: {', '.join(zones[:8])}" + (", ..." if len(zones) > 8 else "")
    other = did_you_mean(unknown, zones) or (f"; {known}" if zones else "; no host has the key 'zone'")
    return f"no zone is called '{unknown}'{other}"


def _known(hosts: Collection[str], groups: Collection[str]) -> str:
    texts = (*fold_list(hosts), *groups)
    return f"known: {', '.join(texts[:8])}" + (", ..." if len(texts) > 8 else "")
