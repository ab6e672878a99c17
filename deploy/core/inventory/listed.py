"""Hosts that are listed elsewhere: what the readers of `deploy.core.hostlists` give, and how an inventory takes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Union

from deploy.core.inventory.errors import Path, Place
from deploy.core.inventory.ranges import RangeError, expand, has_range

FROM = "from"  # the key among `hosts` that names lists
Key = Union[str, int, "tuple[str, ...]"]
_ADDRESSES = ("address", "peer_address")


class ListedHost(NamedTuple):
    """One entry. `name`: a host's name, or a range of them; `keys`: what is known of it, by the inventory's keys."""

    name: str
    keys: Mapping[str, Key] = {}
    line: int = 0
    source: str = ""  # the list


class Listed(NamedTuple):
    """A list that was read. `groups`: each group's host names."""

    hosts: tuple[ListedHost, ...]
    groups: Mapping[str, tuple[str, ...]] = {}


def named_lists(data: Any) -> tuple[str, ...]:
    """The lists that an inventory names: `hosts: {from: hosts.ini}`, or several of them."""
    hosts = data.get("hosts") if isinstance(data, dict) else None
    value = hosts.get(FROM) if isinstance(hosts, dict) else None
    values = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return tuple(values) if all(isinstance(one, str) for one in values) else ()


def joined_lists(lists: Sequence[Listed]) -> Listed:
    """Several lists as one; of a host in two of them the later one counts."""
    hosts = {host.name: host for one in lists for host in one.hosts}
    groups: dict[str, tuple[str, ...]] = {}
    for one in lists:
        for name, members in one.groups.items():
            groups[name] = tuple(dict.fromkeys((*groups.get(name, ()), *members)))
    return Listed(tuple(hosts.values()), groups)


def with_listed(data: Any, listed: Listed | None, ranges: Mapping[str, tuple[str, ...]]) -> Any:
    """The inventory's data with the listed hosts and groups in it; what it says itself comes first, key by key.

    `ranges`: see `ranges_over`.
    """
    if listed is None or not isinstance(data, dict) or not isinstance(data.get("hosts") or {}, dict):
        return data
    hosts = {host.name: _plain(host.keys) for host in _each(listed)}
    for name, keys in _own(data).items():
        for one in ranges.get(name, (name,)):
            hosts[one] = {**hosts[one], **(keys or {})} if one in hosts and isinstance(keys or {}, dict) else keys
    groups = {name: list(members) for name, members in listed.groups.items()}
    own_groups = data.get("groups") or {}
    merged = {**data, "hosts": hosts}
    if groups and isinstance(own_groups, dict):
        merged["groups"] = {**groups, **own_groups}
    return merged


def ranges_over(data: Any, listed: Listed | None) -> Mapping[str, tuple[str, ...]]:
    """The inventory's own ranges that say something of listed hosts, each with the names of its hosts."""
    if listed is None or not isinstance(data, dict) or not isinstance(data.get("hosts") or {}, dict):
        return {}
    known = {host.name for host in _each(listed)}
    found: dict[str, tuple[str, ...]] = {}
    for pattern, keys in _own(data).items():
        names = _names(pattern)
        if len(names) > 1 and not known.isdisjoint(names) and not _in_step(keys):
            found[pattern] = names
    return found


def places_of(listed: Listed | None) -> Mapping[Path, Place]:
    """Where each listed host is named."""
    return {("hosts", host.name): (host.source, host.line) for host in _each(listed)} if listed else {}


def _names(pattern: str) -> tuple[str, ...]:
    """What a range names; itself where it can't be read, which the form complains of."""
    try:
        return expand(pattern)
    except RangeError:
        return (pattern,)


def _own(data: Mapping[str, Any]) -> dict[str, Any]:
    """The hosts that the inventory itself names."""
    own = dict(data.get("hosts") or {})
    if named_lists(data):
        del own[FROM]
    return own


def _in_step(keys: Any) -> bool:
    """Whether an address advances with the range that has it."""
    return isinstance(keys, dict) and any(has_range(str(keys.get(key, ""))) for key in _ADDRESSES)


def _each(listed: Listed) -> Iterator[ListedHost]:
    """Each host by itself, with its own address out of a range of them."""
    for host in listed.hosts:
        names = expand(host.name)
        ranges = {key: expand(str(host.keys[key])) for key in _ADDRESSES if key in host.keys}
        if len(names) == 1 or any(len(texts) not in (1, len(names)) for texts in ranges.values()):
            yield host
            continue
        for place, name in enumerate(names):
            own = {key: texts[place % len(texts)] for key, texts in ranges.items()}
            yield host._replace(name=name, keys={**host.keys, **own})


def _plain(keys: Mapping[str, Key]) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in keys.items()}
