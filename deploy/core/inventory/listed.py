"""Hosts that are listed elsewhere: what the readers of `deploy.core.hostlists` give, and how an inventory takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Union

FROM = "from"  # the key among `hosts` that names lists
Key = Union[str, int, "tuple[str, ...]"]


class ListedHost(NamedTuple):
    """One entry. `name`: a host's name, or a range of them; `keys`: what is known of it, by the inventory's keys."""

    name: str
    keys: Mapping[str, Key] = {}
    line: int = 0


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


def with_listed(data: Any, listed: Listed | None) -> Any:
    """The inventory's data with the listed hosts and groups in it; what it says itself comes first, key by key."""
    if listed is None or not isinstance(data, dict) or not isinstance(data.get("hosts") or {}, dict):
        return data
    own = dict(data.get("hosts") or {})
    if named_lists(data):
        del own[FROM]
    hosts = {host.name: _plain(host.keys) for host in listed.hosts}
    for name, keys in own.items():
        hosts[name] = {**hosts[name], **(keys or {})} if name in hosts and isinstance(keys or {}, dict) else keys
    groups = {name: list(members) for name, members in listed.groups.items()}
    own_groups = data.get("groups") or {}
    merged = {**data, "hosts": hosts}
    if groups and isinstance(own_groups, dict):
        merged["groups"] = {**groups, **own_groups}
    return merged


def _plain(keys: Mapping[str, Key]) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in keys.items()}
