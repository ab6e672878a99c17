"""Old configurations -> inventory text: a JSON of machines with their peers, or a classic PeerInfo.cfg."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from deploy.core.inventory.errors import InventoryError
from deploy.core.inventory.names import is_loopback
from deploy.core.inventory.parse import parse_inventory
from deploy.core.inventory.yamlscalar import scalar
from peer.core.config import Common, PeerRow, parse_peer_info
from peer.core.errors import ConfigError

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+", re.ASCII)
_SHAPE = '[{"machine_name": "a", "host": "10.0.0.1", "peers": [{"id": 1001, "port": 6008, "has_file": true}]}]'


class Machines(NamedTuple):
    """The contents of an old configuration: each machine's name and address, and the peers, whose `host` is a name."""

    addresses: dict[str, str]
    peers: tuple[PeerRow, ...]


def read_machines(text: str, source: str) -> Machines:
    """The machines in a JSON text or a PeerInfo.cfg, which differ in their first character. Raises ConfigError."""
    if text.lstrip("\ufeff \t\r\n")[:1] in ("[", "{"):
        return _of_json(text.lstrip("\ufeff"), source)
    return _of_rows(parse_peer_info(text, source))


def inventory_text(machines: Machines, name: str, source: str, common: Common | None = None) -> str:
    """The text of an inventory.yaml that `parse_inventory` accepts. Raises ConfigError if it wouldn't.

    With `common` (Common.cfg) the swarm stays classic, and a new file of the same size is generated.
    """
    lines = [f"# Made from {_printable(source)}. Check user and payload, then run: fab check", "swarm:"]
    lines += [f"  {line}" for line in _swarm_lines(name, common)]
    lines += ["hosts:", *(f"  {_host_line(name, machines.addresses)}" for name in machines.addresses)]
    lines += ["peers:  # in the order of PeerInfo.cfg", *(f"  - {_peer_line(row)}" for row in machines.peers)]
    text = "\n".join(lines) + "\n"
    try:
        parse_inventory(text, "inventory.yaml")
    except InventoryError as error:
        first = error.problems[0]
        raise ConfigError(source, f"it makes no inventory: {first.key}: {first.text}", "fix it there") from None
    return text


def _of_json(text: str, source: str) -> Machines:
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(source, f"not JSON ({error})", f"it should be like {_SHAPE}") from None
    if not isinstance(entries, list) or not entries:
        raise ConfigError(source, "not a list of machines", f"it should be like {_SHAPE}")
    addresses: dict[str, str] = {}
    rows: list[PeerRow] = []
    for place, entry in enumerate(entries):
        where = f"{source}: machine {place + 1}"
        host = _field(entry, "host", str, where)
        name = _free_name(str(entry.get("machine_name") or host), addresses)
        addresses[name] = host
        peers = _field(entry, "peers", list, where)
        rows += [_row(peer, name, f"{where}, peer {at + 1}") for at, peer in enumerate(peers)]
    return Machines(addresses, tuple(rows))


def _row(peer: Any, name: str, where: str) -> PeerRow:
    has_file = peer.get("has_file", False) if isinstance(peer, dict) else False
    if has_file not in (True, False, "0", "1"):  # 0 and 1 are equal to False and True
        raise ConfigError(where, f"has_file is {has_file!r}", "write true or false")
    return PeerRow(_field(peer, "id", int, where), name, _field(peer, "port", int, where), has_file in (True, "1"))


def _field(entry: Any, key: str, kind: type, where: str) -> Any:
    if not isinstance(entry, dict):
        raise ConfigError(where, "not an object", f"it should be like {_SHAPE}")
    value = entry.get(key)
    if type(value) is str and kind is int and value.isascii() and value.isdigit() and len(value) < 12:
        return int(value)
    if type(value) is not kind:
        problem = f"{key} is missing" if key not in entry else f"{key} is {value!r}"
        raise ConfigError(where, problem, f"it should be like {_SHAPE}")
    return value


def _of_rows(rows: Sequence[PeerRow]) -> Machines:
    """One machine for each address in the rows."""
    names: dict[str, str] = {}
    addresses: dict[str, str] = {}
    for row in rows:
        if row.host not in names:
            names[row.host] = _free_name(row.host, addresses)
            addresses[names[row.host]] = row.host
    return Machines(addresses, tuple(row._replace(host=names[row.host]) for row in rows))


def _free_name(text: str, taken: Iterable[str]) -> str:
    """A name for a host that is still free, made of the safe characters in `text`."""
    safe = _UNSAFE.sub("-", text).strip("-.")[:90] or "host"
    used = {name.casefold() for name in taken}
    name, count = safe, 1
    while name.casefold() in used:
        count += 1
        name = f"{safe}-{count}"
    return name


def _swarm_lines(name: str, common: Common | None) -> list[str]:
    if common is None:
        return [f"name: {scalar(name)}", "payload: {generate: 20MiB}  # or {path: /on/the/seed}, {upload: ./local}"]
    return [
        f"name: {scalar(name)}",
        f"payload: {{generate: {common.file_size}, name: {scalar(common.file_name)}}}",
        f"piece_size: {common.piece_size}",
        "profile: classic",
        f"preferred: {common.preferred}",
        f"unchoking: {common.unchoking:g}",
        f"optimistic: {common.optimistic:g}",
    ]


def _host_line(name: str, addresses: dict[str, str]) -> str:
    address = addresses[name]
    if is_loopback(address):
        return f"{scalar(name)}: {{connection: local}}"
    keys = [] if address == name else [f"address: {scalar(address)}"]
    if list(addresses.values()).count(address) > 1:  # one machine under several names: a folder for each
        keys.append(f"workdir: {scalar('~/.weft/' + name)}")
    return f"{scalar(name)}: {{{', '.join(keys)}}}"


def _peer_line(row: PeerRow) -> str:
    seed = ", seed: true" if row.has_file else ""
    return f"{{id: {row.peer_id}, host: {scalar(row.host)}, port: {row.port}{seed}}}"


def _printable(text: str) -> str:
    return text if text.isprintable() else ascii(text)
