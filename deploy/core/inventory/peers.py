"""The `peers` and `seeds` of the file -> the peers in PeerInfo order, each with its ID, port and role."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deploy.core.inventory.clashes import Ports, peer_machines
from deploy.core.inventory.errors import Ledger, Path, did_you_mean
from deploy.core.inventory.fields import InventoryPart, PeerPart
from deploy.core.inventory.model import FIRST_ID, Host, Peer

Parts = dict[Path, PeerPart]  # rows by their path: ("peers", 0), or their host if the file lists no peers


def peers_of(
    form: InventoryPart, hosts: Mapping[str, Host], seed_hosts: Sequence[str], ledger: Ledger
) -> tuple[Peer, ...]:
    """All peers; `seed_hosts` are the hosts that `seeds` names. Mistakes go to the ledger."""
    parts = _listed(form.peers, hosts, ledger) if form.peers else _one_each(hosts, seed_hosts)
    lines = {path: ledger.line(path) if form.peers else hosts[part.host].line for path, part in parts.items()}
    _check_ids(parts, lines, ledger)
    ports = _ports(parts, lines, hosts, ledger)
    seeds = _seeds(form, parts, seed_hosts, ledger)
    _check_classic(form, parts, ledger)
    return tuple(
        Peer(part.id, part.host, ports[path], path in seeds, lines[path], _is_classic(part), part.handshake == "ascii")
        for path, part in parts.items()
    )


def _is_classic(part: PeerPart) -> bool:
    return part.classic or part.handshake == "ascii"


def _check_classic(form: InventoryPart, parts: Parts, ledger: Ledger) -> None:
    for path, part in parts.items():
        if form.swarm.tls and _is_classic(part):
            key = "classic" if part.classic else "handshake"
            ledger.add((*path, key), "names a classic peer, which can't use TLS, but swarm.tls is true; remove one")


def _one_each(hosts: Mapping[str, Host], seed_hosts: Sequence[str]) -> Parts:
    """One peer for each host, in the order of hosts."""
    seeds = set(seed_hosts)
    return {
        ("hosts", name): PeerPart(id=peer_id, host=name, seed=name in seeds)
        for peer_id, name in enumerate(hosts, FIRST_ID)
    }


def _listed(rows: Sequence[PeerPart], hosts: Mapping[str, Host], ledger: Ledger) -> Parts:
    """The file's rows, without those of hosts that don't exist."""
    parts: Parts = {}
    for place, part in enumerate(rows):
        path: Path = ("peers", place)
        if part.host in hosts:
            parts[path] = part
        else:
            guess = did_you_mean(part.host, hosts) or "; add it to 'hosts'"
            ledger.add((*path, "host"), f"no host is called '{part.host}'{guess}")
    return parts


def _check_ids(parts: Parts, lines: Mapping[Path, int], ledger: Ledger) -> None:
    first: dict[int, Path] = {}
    for path, part in parts.items():
        twin = first.setdefault(part.id, path)
        if twin != path:
            ledger.add((*path, "id"), f"{part.id} is the ID of the peer at line {lines[twin]}; give each peer its own")


def _ports(parts: Parts, lines: Mapping[Path, int], hosts: Mapping[str, Host], ledger: Ledger) -> dict[Path, int]:
    """A port for every row: those in the file, then the lowest free ones from `peer_port` on."""
    ports = Ports()
    given: dict[Path, int] = {}
    for path, part in parts.items():
        if part.port is not None:
            given[path] = part.port
            other = ports.take(peer_machines(hosts[part.host]), part.port, lines[path])
            if other:
                problem = f"{part.port} is taken by the peer at line {other} on the same machine"
                ledger.add((*path, "port"), f"{problem}; give each its own, or leave both out")
    for path, part in parts.items():
        if part.port is None:
            host = hosts[part.host]
            given[path] = ports.next(peer_machines(host), host.peer_port, lines[path])
            if not given[path]:
                problem = f"no port from {host.peer_port} on is free for peer {part.id}"
                ledger.add(path, f"{problem}; lower the host's peer_port", lines[path])
    return given


def _seeds(form: InventoryPart, parts: Parts, seed_hosts: Sequence[str], ledger: Ledger) -> set[Path]:
    """The rows that start with the payload, from `seeds` and `seed:` together; they must not contradict."""
    said = {path for path, part in parts.items() if part.seed}
    if form.peers and form.seeds is not None:
        _check_said(said, parts, set(seed_hosts), ledger)
        rows = _rows_by_host(parts)
        for host in seed_hosts:
            said |= _implied(host, rows.get(host, []), parts, ledger)
    if not said and parts and not (form.seeds or any(part.seed for part in form.peers or ())):
        path: Path = ("peers",) if form.peers and form.seeds is None else ("seeds",)
        ledger.add(path, "no peer starts with the payload; write seeds: [HOST], or seed: true on a peer")
    return said


def _check_said(said: set[Path], parts: Parts, seed_hosts: set[str], ledger: Ledger) -> None:
    for path in said:
        if parts[path].host not in seed_hosts:
            problem = f"is true, but 'seeds' doesn't name '{parts[path].host}'"
            ledger.add((*path, "seed"), f"{problem}; add it there, or remove this")


def _implied(host: str, rows: Sequence[Path], parts: Parts, ledger: Ledger) -> set[Path]:
    """All peers without `seed: false` on each host in `seeds` that has no peer with `seed: true`."""
    if not rows:
        ledger.add(("seeds",), f"'{host}' has no peer in 'peers'; add one, or remove it from seeds")
    elif all(parts[path].seed is False for path in rows):
        problem = f"is false, but 'seeds' names '{host}'"
        ledger.add((*rows[0], "seed"), f"{problem}; remove one of the two")
    if any(parts[path].seed for path in rows):
        return set()
    return {path for path in rows if parts[path].seed is None}


def _rows_by_host(parts: Parts) -> dict[str, list[Path]]:
    rows: dict[str, list[Path]] = {}
    for path, part in parts.items():
        rows.setdefault(part.host, []).append(path)
    return rows
