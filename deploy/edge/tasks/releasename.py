"""Names the release that the chain's payload is, before it is brought to a host that keeps releases."""

from __future__ import annotations

from collections.abc import Iterable

from deploy.agent.verbs import Keep, Kept, Release
from deploy.core.inventory import FromUrl, Generate, Inventory, Upload
from deploy.core.placement import A_RELEASE
from deploy.core.releasechoice import name_for
from deploy.edge.hosts.host import HostLink
from deploy.edge.tasks.chain import Chain
from peer.core.manifest import Manifest, auto_piece_size


def name_release(chain: Chain, hosts: Iterable[str], key: str) -> Release | None:
    """The release that a payload of this key is, or becomes; None where no host keeps any. Raises ReleaseError."""
    hosts = list(hosts)
    if all(chain.inventory.host(name).releases is None for name in hosts):
        return None
    with chain.doing("looking at releases"):
        kept = chain.ask(look, hosts, drop=True)
    return Release(name_for(kept, key, chain.run), key)


def release_name(chain: Chain) -> str:
    """Its name; another word where none is brought."""
    return chain.release.name if chain.release else A_RELEASE


def look(link: HostLink) -> Kept:
    """The releases of a host. Raises HostError."""
    return link.ask(Keep(link.host.releases.root if link.host.releases else ""))


def root_of(link: HostLink) -> str:
    """Where a host keeps its releases."""
    assert link.host.releases is not None
    return link.host.releases.root


def early_key(inventory: Inventory, upload: Manifest | None) -> str:
    """What the payload is known by before it is on a seed; "" where only the seed has it."""
    payload = inventory.swarm.payload
    if isinstance(payload, Generate):
        return f"{payload.name} {payload.size} {payload.seed}"
    if isinstance(payload, FromUrl):
        return f"{payload.name} {payload.sha256}"
    if isinstance(payload, Upload) and upload is not None:
        return key_of(upload)
    return ""


def key_of(manifest: Manifest) -> str:
    """The same of a payload whose manifest is known, in whatever pieces: they change with the number of peers."""
    uniform = manifest._replace(piece_size=auto_piece_size(manifest.size))
    return f"{manifest.name} {uniform.digest.hex()}"
