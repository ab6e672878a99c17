"""Text -> `Inventory`: reads the YAML, checks its form and its meaning, and names every mistake at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, cast

from pydantic import ValidationError

from deploy.core.inventory.clashes import check_machines
from deploy.core.inventory.errors import Ledger, Path, described
from deploy.core.inventory.fields import InventoryPart
from deploy.core.inventory.groups import groups_of, named
from deploy.core.inventory.hosts import hosts_of
from deploy.core.inventory.model import Inventory, Peer
from deploy.core.inventory.peers import peers_of
from deploy.core.inventory.ranges import fold
from deploy.core.inventory.swarms import swarm_of
from deploy.core.inventory.wording import complaints
from deploy.core.inventory.yamltext import read

NULL_MEANS_NOTHING = ("defaults", "groups", "seeds", "peers")  # their lines may all be commented out


def parse_inventory(text: str, source: str = "inventory.yaml") -> Inventory:
    """An inventory's text as an `Inventory` with all its hosts selected.

    `source` is the file's name for messages. Raises InventoryError, which names every mistake with its line.
    """
    document = read(text, source)
    ledger = Ledger(source, document.lines)
    ledger.extend(document.problems)
    form = _form(document.data, ledger)
    ledger.check()
    return _inventory(cast(InventoryPart, form), source, ledger)


def _form(data: Any, ledger: Ledger) -> InventoryPart | None:
    """The data as the form, or None with what is wrong in the ledger."""
    if not isinstance(data, dict):
        stands = described(data) if data is not None else "it is empty"
        belongs = "'swarm:' and 'hosts:' belong here" if data is None else "stands where 'swarm:' and 'hosts:' belong"
        ledger.add((), f"{stands}; {belongs}" if data is None else f"{stands} {belongs}")
        return None
    data = {key: value for key, value in data.items() if value is not None or key not in NULL_MEANS_NOTHING}
    empty = set(_nulls(data, ()))
    for path in empty:
        ledger.add(path, "nothing stands behind it; write a value, or leave the key out")
    try:
        return InventoryPart.model_validate(data)
    except ValidationError as error:
        for path, text in complaints(error):
            if not any(one[: len(path)] == path for one in empty):
                ledger.add(path, text)
        return None


def _nulls(value: Any, path: Path) -> Iterator[Path]:
    """Where a key has nothing behind it; a host may."""
    if value is None and not (len(path) == 2 and path[0] == "hosts"):
        yield path
    elif isinstance(value, dict):
        for key, below in value.items():
            yield from _nulls(below, (*path, key))
    elif isinstance(value, list):
        for place, below in enumerate(value):
            yield from _nulls(below, (*path, place))


def _inventory(form: InventoryPart, source: str, ledger: Ledger) -> Inventory:
    """What the form means. Raises InventoryError with all that contradicts itself in it."""
    swarm = swarm_of(form.swarm, ledger)
    hosts = {host.name: host for host in hosts_of(form, ledger)}
    groups = groups_of(form, hosts, ledger)
    seed_hosts = named(form.seeds or (), ("seeds",), hosts, groups, ledger)
    peers = peers_of(form, hosts, seed_hosts, ledger)
    check_machines(tuple(hosts.values()), peers, swarm.payload, ledger)
    ledger.check()
    return Inventory(
        swarm=swarm,
        hosts=tuple(hosts.values()),
        peers=peers,
        groups=groups,
        selected=tuple(hosts),
        notices=_notices(hosts, peers),
        source=source,
    )


def _notices(hosts: Iterable[str], peers: Iterable[Peer]) -> tuple[str, ...]:
    busy = {peer.host for peer in peers}
    idle = [name for name in hosts if name not in busy]
    if not idle:
        return ()
    problem = f"{fold(idle)}: no peer in 'peers' is there, so nothing is brought to it"
    return (f"{problem}; add one, or leave 'peers' out",)
