"""`plan --against HOSTS`: what `up` would change on these hosts, by hashing what they have; nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from deploy.agent import verbs
from deploy.core.change import Change, change
from deploy.core.inventory import Inventory, Peer, fold
from deploy.core.inventory.errors import InventoryError, Problem
from deploy.core.inventory.groups import select
from deploy.core.inventory.zoned import selectable
from deploy.core.placement import placing
from deploy.edge.hosts.host import HostLink
from deploy.edge.tasks.chain import Chain, Halt
from deploy.edge.tasks.manifests import ask_standing
from deploy.edge.tasks.payload import upload_manifest
from peer.core import treerules
from peer.core.manifest import Manifest
from peer.core.treerules import KEEP_ALL, SKIP

Found = tuple[verbs.Standing, "Manifest | None"]
_UNKNOWN = "so there is nothing to compare with"


def tell_changes(chain: Chain, words: str) -> None:
    """Print what would change on each host, peer by peer. Raises InventoryError, Halt."""
    receivers = list(_receivers(chain.inventory, words))
    new = _new_version(chain)
    hosts = list(dict.fromkeys(peer.host for peer in receivers))
    with chain.doing(f"hashing what {fold(hosts)} {'has' if len(hosts) == 1 else 'have'}"):
        answers = chain.ask(lambda link: _standing(link, chain.inventory, receivers, new), hosts)
    for peer in receivers:
        if peer.host in answers:
            found, old = answers[peer.host][peer.peer_id]
            _tell(chain, peer, found, change(old, new, found.foreign))


def _receivers(inventory: Inventory, words: str) -> Iterator[Peer]:
    """The peers without the payload on the hosts that the words name. Raises InventoryError where there is none."""
    try:
        names = list(select(words, {host.name: host for host in inventory.hosts}, selectable(inventory)))
    except ValueError as error:
        raise InventoryError("--against", [Problem(0, "", str(error))]) from None
    found = [peer for peer in inventory.peers if peer.host in names and not peer.seed]
    if not found:
        problem = (
            f"{fold(names)}: only seeds are there, which have the payload" if names else f"'{words}' names no host"
        )
        raise InventoryError("--against", [Problem(0, "", f"{problem}; name a host that gets it")])
    yield from found


def _new_version(chain: Chain) -> Manifest:
    """The manifest of the payload as it is now, on this machine or on the first seed that answers. Raises Halt."""
    upload = upload_manifest(chain)
    if upload is not None:
        return upload
    inventory = chain.inventory
    for seed in inventory.seeds:
        with chain.doing(f"hashing {inventory.swarm.payload.name} on {seed.host}"):
            answers = chain.ask(partial(_ask, inventory=inventory, peer=seed, new=None), [seed.host])
        for found, manifest in answers.values():
            if manifest is not None:
                return manifest
            chain.screen.note(f"{seed.host}: nothing is at {found.path} yet")
    raise Halt(f"no seed has the payload, {_UNKNOWN}")


def _standing(link: HostLink, inventory: Inventory, receivers: list[Peer], new: Manifest) -> dict[int, Found]:
    return {peer.peer_id: _ask(link, inventory, peer, new) for peer in receivers if peer.host == link.name}


def _ask(link: HostLink, inventory: Inventory, peer: Peer, new: Manifest | None) -> Found:
    """What is at a peer's final path; with the blocks of the `new` version, so that both can be compared."""
    payload = inventory.swarm.payload
    rules = payload.rules if new is None else payload.rules._replace(links=KEEP_ALL, special=SKIP, exclude=())
    piece_size = str(new.piece_size if new else inventory.swarm.piece_size or "auto")
    place = verbs.Place(*placing(inventory, peer))
    request = verbs.Look(place, payload.name, piece_size, new.block if new else 0, treerules.to_json(rules))
    return ask_standing(link, request)


def _tell(chain: Chain, peer: Peer, found: verbs.Standing, told: Change) -> None:
    fields = {**told._asdict(), "renamed": [list(pair) for pair in told.renamed]}
    chain.record("change", host=peer.host, peer=peer.peer_id, path=found.path, **fields)
    if told.lines and not told.is_first:
        chain.screen.print("\n".join(told.lines))
    chain.screen.say(f"{peer.host}: {found.path}: {told.sentence}", None)
