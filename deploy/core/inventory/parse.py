"""Text -> `Inventory`: reads the YAML, checks its form and its meaning, and names every mistake."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from pydantic import ValidationError

from deploy.core.inventory.clashes import check_machines
from deploy.core.inventory.errors import Ledger, Path, described
from deploy.core.inventory.fields import InventoryPart
from deploy.core.inventory.groups import groups_of, named
from deploy.core.inventory.hosts import hosts_of
from deploy.core.inventory.listed import Listed, places_of, ranges_over, with_listed
from deploy.core.inventory.model import FromUrl, Host, Inventory, Peer, Swarm
from deploy.core.inventory.peers import peers_of
from deploy.core.inventory.ranges import fold
from deploy.core.inventory.swarms import swarm_of
from deploy.core.inventory.wording import complaints
from deploy.core.inventory.yamltext import Document, read
from deploy.core.inventory.zoned import zone_rates
from peer.core.budget import LEAST_MBIT

NULL_MEANS_NOTHING = ("defaults", "groups", "zones", "seeds", "peers")  # their lines may all be commented out


def parse_inventory(
    text: str,
    source: str = "inventory.yaml",
    listed: Listed | None = None,
    for_peers: Mapping[str, str] | None = None,
) -> Inventory:
    """An inventory's text as an `Inventory` with all its hosts selected.

    `source` is the file's name for messages; `listed`: what the lists say that the inventory or the command line names;
    `for_peers`: addresses by the names of hosts without a peer_address. Raises InventoryError, which names every
    mistake with its line.
    """
    return parse_document(read(text, source), source, listed, for_peers)


def parse_document(
    document: Document, source: str, listed: Listed | None = None, for_peers: Mapping[str, str] | None = None
) -> Inventory:
    """The same of a document that was read already: of a thousand hosts that takes two seconds."""
    lines, ranges = dict(document.lines), ranges_over(document.data, listed)
    for pattern, names in ranges.items():
        for name in names:
            lines.setdefault(("hosts", name), document.lines[("hosts", pattern)])
    ledger = Ledger(source, lines, places_of(listed))
    ledger.extend(document.problems)
    form = _form(with_listed(document.data, listed, ranges), ledger)
    ledger.check()
    return _inventory(cast(InventoryPart, form), source, ledger, for_peers or {})


def _form(data: Any, ledger: Ledger) -> InventoryPart | None:
    """The data as the form, or None with the mistakes in the ledger."""
    if not isinstance(data, dict):
        found = "is empty" if data is None else f"is {described(data)}, not a mapping"
        ledger.add((), f"the inventory {found}; write 'swarm:' and 'hosts:'")
        return None
    data = {key: value for key, value in data.items() if value is not None or key not in NULL_MEANS_NOTHING}
    empty = set(_nulls(data, ()))
    for path in empty:
        ledger.add(path, "has no value; write one, or leave the key out")
    try:
        return InventoryPart.model_validate(data)
    except ValidationError as error:
        for path, text in complaints(error):
            if not any(one[: len(path)] == path for one in empty):
                ledger.add(path, text)
        return None


def _nulls(value: Any, path: Path) -> Iterator[Path]:
    """The paths of keys without a value; a host needs none."""
    if value is None and not (len(path) == 2 and path[0] == "hosts"):
        yield path
    elif isinstance(value, dict):
        for key, below in value.items():
            yield from _nulls(below, (*path, key))
    elif isinstance(value, list):
        for place, below in enumerate(value):
            yield from _nulls(below, (*path, place))


def _inventory(form: InventoryPart, source: str, ledger: Ledger, for_peers: Mapping[str, str]) -> Inventory:
    """The form's meaning. Raises InventoryError with all contradictions in it."""
    swarm = swarm_of(form.swarm, ledger)
    hosts = {host.name: host for host in hosts_of(form, ledger, for_peers)}
    groups = groups_of(form, hosts, ledger)
    seed_hosts = named(form.seeds or (), ("seeds",), hosts, groups, ledger)
    peers = peers_of(form, hosts, seed_hosts, ledger)
    if isinstance(swarm.payload, FromUrl):
        peers = _one_seed(peers)
        if not swarm.payload.sha256 and any(host.releases for host in hosts.values()):
            ledger.add(("swarm", "payload"), "becomes a release, which is known by its hash; add sha256")
    _check_cap(swarm, peers, ledger)
    _check_relays(swarm, hosts, peers, ledger)
    if swarm.then is not None and not any(host.releases for host in hosts.values()):
        ledger.add(
            ("swarm", "then"), "follows a turn, and no host keeps releases; write destination: {releases: /srv/app}"
        )
    check_machines(tuple(hosts.values()), peers, swarm.payload, ledger)
    rates = zone_rates(form.zones, hosts.values(), ledger)
    ledger.check()
    return Inventory(
        swarm=swarm,
        hosts=tuple(hosts.values()),
        peers=peers,
        groups=groups,
        selected=tuple(hosts),
        notices=_notices(hosts, peers),
        source=source,
        zone_rates=rates,
    )


def _check_cap(swarm: Swarm, peers: Iterable[Peer], ledger: Ledger) -> None:
    """The seeds share `swarm.cap`, and each has to live on its part."""
    seeds = {peer.host for peer in peers if peer.seed}
    if swarm.cap is not None and swarm.cap < LEAST_MBIT * len(seeds):
        problem = f"is {swarm.cap:g}, for {len(seeds)} seeds together; a swarm can't live on that"
        ledger.add(("swarm", "cap"), f"{problem}; write at least {LEAST_MBIT * len(seeds):g}")


def _check_relays(swarm: Swarm, hosts: Mapping[str, Host], peers: Iterable[Peer], ledger: Ledger) -> None:
    """A relay joins a host to others, and its cap needs one."""
    busy = {peer.host for peer in peers}
    relayed = [host for name, host in hosts.items() if host.relay and name in busy]
    if relayed and len(busy) == 1:
        ledger.add(
            ("hosts", relayed[0].name, "relay"), "is true, and no other host has a peer; remove it", relayed[0].line
        )
    if swarm.relay_cap is not None and not relayed:
        ledger.add(("swarm", "relay_cap"), "caps what is relayed, and no host with a peer has relay: true; remove it")


def _one_seed(peers: tuple[Peer, ...]) -> tuple[Peer, ...]:
    """What comes from elsewhere is fetched once: the other seeds have it from the first, as all others."""
    seeds = [peer.peer_id for peer in peers if peer.seed]
    return tuple(peer._replace(seed=peer.peer_id in seeds[:1]) for peer in peers)


def _notices(hosts: Iterable[str], peers: Iterable[Peer]) -> tuple[str, ...]:
    busy = {peer.host for peer in peers}
    idle = [name for name in hosts if name not in busy]
    if not idle:
        return ()
    problem = f"{fold(idle)}: no peer in 'peers' runs on it, so it won't get the payload"
    return (f"{problem}; add one, or leave 'peers' out",)
