"""The `hosts` and `defaults` of the file -> one `Host` for each machine: ranges expanded, defaults filled in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deploy.core.inventory import names
from deploy.core.inventory.destinations import DestinationPart
from deploy.core.inventory.errors import Ledger, Path
from deploy.core.inventory.fields import HostPart, InventoryPart
from deploy.core.inventory.model import FIRST_PORT, LOCAL, Host, Rate, Releases
from deploy.core.inventory.ranges import expand, has_range

MAX_HOSTS = 10_000
SSH_WORKDIR = "~/.weft"
LOCAL_WORKDIR = "~/.weft/{host}"  # hosts that are one machine each need a folder of their own
_ON_HOST = ("workdir", "destination", "python")  # paths on the host, not on the operator's machine


def hosts_of(form: InventoryPart, ledger: Ledger, for_peers: Mapping[str, str]) -> tuple[Host, ...]:
    """All hosts in the order of the file; mistakes go to the ledger. `for_peers`: see `parse_inventory`."""
    hosts: dict[str, Host] = {}
    folders: dict[str, str] = {}  # names as case-insensitive file systems see them
    for pattern, part in form.hosts.items():
        path: Path = ("hosts", pattern)
        keys = _Keys(part, form.defaults, path)
        expanded = expand(pattern)
        addresses = {key: _in_step(keys, key, pattern, len(expanded), ledger) for key in ("address", "peer_address")}
        for place, name in enumerate(expanded):
            twin = folders.setdefault(name.casefold(), name)
            if twin != name:
                ledger.add(path, f"'{name}' and '{twin}' differ only in case; rename one of the two")
            if name in hosts:
                where = f"line {hosts[name].line}"
                ledger.add(
                    path,
                    f"'{name}' is at {where} already; keep it in one place, or make the range smaller",
                )
            else:
                chosen = {key: texts[place % len(texts)] for key, texts in addresses.items() if texts}
                hosts[name] = _host(name, keys, chosen, ledger, for_peers.get(name))
    if len(hosts) > MAX_HOSTS:
        ledger.add(("hosts",), f"{len(hosts)} hosts; at most {MAX_HOSTS} are possible")
    return tuple(hosts.values())


class _Keys:
    """A host's own keys over the defaults; keeps the line of each value."""

    def __init__(self, own: HostPart, defaults: HostPart, path: Path) -> None:
        self._own, self._defaults = own, defaults
        self.path = path

    def get(self, key: str) -> Any:
        return getattr(self._source(key), key)

    def where(self, key: str) -> Path:
        return ("defaults", key) if self._source(key) is self._defaults else (*self.path, key)

    def _source(self, key: str) -> HostPart:
        theirs = key in self._defaults.model_fields_set and key not in self._own.model_fields_set
        return self._defaults if theirs else self._own


def _in_step(keys: _Keys, key: str, pattern: str, count: int, ledger: Ledger) -> tuple[str, ...]:
    """The addresses that `key` names for `count` hosts: one for all, or one each; () if the key is left out."""
    text = keys.get(key)
    if text is None:
        return ()
    texts = expand(text)
    if len(texts) in (1, count):
        return texts
    of = f"{count} hosts" if has_range(pattern) else "one host"
    ledger.add(
        keys.where(key),
        f"'{text}' names {len(texts)} addresses for {of} ('{pattern}'); make both ranges alike",
    )
    return ()


def _host(name: str, keys: _Keys, addresses: dict[str, str], ledger: Ledger, for_peers: str | None) -> Host:
    local = keys.get("connection") == LOCAL
    place = keys.get("destination")
    own = "127.0.0.1" if local else name
    address = addresses.get("address", own).replace(names.HOST_MARK, name)
    rate, cap = keys.get("rate"), keys.get("cap")
    return Host(
        name=name,
        address=address,
        peer_address=addresses.get("peer_address", for_peers or address).replace(names.HOST_MARK, name),
        port=keys.get("port"),
        user=keys.get("user"),
        key=_path(name, keys, "key", ledger),
        known_hosts=_path(name, keys, "known_hosts", ledger),
        accept_new=keys.get("accept_new"),
        jump=tuple(names.jump(text) for text in keys.get("jump")),
        connection=keys.get("connection"),
        transport=keys.get("transport"),
        workdir=_path(name, keys, "workdir", ledger) or _filled(LOCAL_WORKDIR if local else SSH_WORKDIR, name),
        destination=_rooted(place.folder if place else None, name, keys, "destination", ledger),
        releases=_releases(place, name, keys, ledger),
        replace=keys.get("replace"),
        extras=keys.get("extras") == "keep",
        peer_port=keys.get("peer_port") or FIRST_PORT,
        rate=Rate(rate.up, rate.down) if rate else Rate(),
        cap=Rate(cap.up, cap.down) if cap else Rate(),
        relay=_relay(keys, ledger),
        zone=keys.get("zone") or "",
        python=keys.get("python"),
        line=ledger.line(keys.path),
    )


def _releases(place: DestinationPart | None, name: str, keys: _Keys, ledger: Ledger) -> Releases | None:
    root = _rooted(place.releases if place else None, name, keys, "destination", ledger)
    return None if place is None or root is None else Releases(root.rstrip("/") or "/", place.keep)


def _relay(keys: _Keys, ledger: Ledger) -> bool:
    if keys.get("relay") and keys.get("connection") == LOCAL:
        ledger.add(keys.where("relay"), "is for hosts that only SSH reaches, and this one is this machine; remove it")
    return bool(keys.get("relay"))


def _path(name: str, keys: _Keys, key: str, ledger: Ledger) -> str | None:
    return _rooted(keys.get(key), name, keys, key, ledger)


def _rooted(text: str | None, name: str, keys: _Keys, key: str, ledger: Ledger) -> str | None:
    """A path with the host's name filled in; over SSH a path must not depend on the folder of a login."""
    if text is not None and key in _ON_HOST and keys.get("connection") != LOCAL and not names.is_rooted(text):
        ledger.add(keys.where(key), f"'{text}' is relative; begin with '/' or '~/'")
    return None if text is None else _filled(text, name)


def _filled(text: str, name: str) -> str:
    return text.replace(names.HOST_MARK, name)
