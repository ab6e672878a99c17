"""The payload on the seeds: made, found or uploaded there, and the manifest that says what it is."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import peer
from deploy.agent import children, verbs
from deploy.agent.meter import Meter
from deploy.agent.wire import AgentError
from deploy.core.configfiles import cut
from deploy.core.inventory import FromUrl, Generate, Inventory, Peer, Upload, fold
from deploy.core.placement import placing
from deploy.core.plan import Steps, hosts_of, peers_of
from deploy.core.verdict import UNREACHABLE
from deploy.edge.hosts.errors import HostError
from deploy.edge.hosts.host import WORK_SECONDS, HostLink
from deploy.edge.pushed.bundle import Parcel, send
from deploy.edge.pushed.uploads import UploadError, upload_source
from deploy.edge.tasks.chain import RUNS, Chain, Halt
from deploy.edge.tasks.manifests import Shelf, ask_manifest
from deploy.edge.tasks.releasename import release_name
from peer.core import folder, treeparts, treerules
from peer.core.filetable import FileEntry
from peer.core.manifest import Manifest, other_modes
from peer.core.manifestjson import from_json
from peer.core.mark import BYTES
from peer.core.treerules import KEEP_ALL, SKIP, TreeRules

NO_SEED = "no seed has the payload, so there is nothing to bring to the others"


def make_payload(chain: Chain, seeds: Steps, upload: Manifest | None) -> Manifest:
    """Have the payload on the seeds that the steps name; its manifest. `upload`: see `upload_manifest`.

    Raises Halt where that fails on all of them, or where the seeds' payloads differ.
    """
    payload = chain.inventory.swarm.payload
    source = upload_source(chain.base, payload) if isinstance(payload, Upload) else None

    def on_host(link: HostLink) -> list[Manifest]:
        peers = [chain.inventory.peer(peer) for peer in peers_of(seeds, link.name)]
        return [_seed_manifest(link, chain, peer, source, upload) for peer in peers]

    with chain.doing(f"{_work(payload)}hashing {payload.name}"):
        answers = chain.ask(on_host, hosts_of(seeds), drop=True)
    found = {name: manifest for name, manifests in answers.items() for manifest in manifests}
    if not found:
        raise Halt(NO_SEED)
    if len({manifest.digest for manifest in found.values()}) > 1:
        raise Halt(f"the seeds' payloads differ{_in_what(found)}")
    return next(iter(found.values()))


def _work(payload: object) -> str:
    words = {Generate: "making and ", Upload: "uploading and ", FromUrl: "fetching and "}
    return words.get(type(payload), "")


def _in_what(found: Mapping[str, Manifest]) -> str:
    """How the seeds' payloads differ, and what to do; a login's umask may have given the same bytes other modes."""
    first = next(iter(found))
    other = next(name for name, manifest in found.items() if manifest.digest != found[first].digest)
    modes = other_modes(found[first], found[other])
    if modes is None:
        return f": {fold(found)}; make them equal, or name one seed"
    path, ours, theirs = modes
    said = f"{path} has {ours:03o} on {first} and {theirs:03o} on {other}"
    return f" in their modes only: {said}; give them the same with chmod, or name one seed"


def _seed_manifest(
    link: HostLink,
    chain: Chain,
    seed: Peer,
    source: Path | None,
    upload: Manifest | None,
) -> Manifest:
    """One seed's payload in its place; its manifest."""
    payload, aside = chain.inventory.swarm.payload, link.host.aside(chain.run)
    place = verbs.Place(*placing(chain.inventory, seed, release_name(chain)))
    link.ask(verbs.Prepare((place,), payload.name, release=chain.release))
    if isinstance(payload, Generate):
        cut = _piece_size(chain.inventory), treerules.to_json(payload.rules)
        link.ask(verbs.Generate(seed.peer_id, payload.name, payload.size, payload.seed, aside, *cut), WORK_SECONDS)
    if isinstance(payload, FromUrl):
        link.ask(verbs.Fetch(seed.peer_id, payload.name, payload.url, payload.sha256, aside), WORK_SECONDS)
    if source is not None and upload is not None:
        _upload(link, chain, seed, source, upload)
    rules = payload.rules if upload is None else _there(payload.rules)
    manifest = _manifest(link, chain, seed, rules, upload.block if upload else 0)
    if upload is None:
        return manifest
    if not holds(manifest, upload):
        raise HostError(f"{source} changed while it was uploaded", "run it again when nobody writes to it")
    return upload


def holds(found: Manifest, wanted: Manifest) -> bool:
    """Whether all that is wanted is there, with its modes; what somebody else has put into a tree may lie beside it."""
    same = (found.tree, found.root_mode) == (wanted.tree, wanted.root_mode)
    links = set(wanted.parts.links) <= set(found.parts.links)
    links = links and set(wanted.parts.hardlinks) <= set(found.parts.hardlinks)
    return same and links and _files(wanted) <= _files(found) and set(wanted.folders) <= set(found.folders)


def _files(manifest: Manifest) -> set[tuple[FileEntry, str]]:
    return set(zip(manifest.files, manifest.file_ids))


def _upload(link: HostLink, chain: Chain, seed: Peer, source: Path, wanted: Manifest) -> None:
    """Send the payload to a seed, unless it has it."""
    if _is_there(link, chain, seed, wanted):
        return
    aside = link.host.aside(chain.run)
    above = f"{folder.payload(seed.peer_id)}/"
    top = above + wanted.name
    below = f"{top}/" if wanted.tree else above
    parcels = [
        Parcel(
            below + file.path,
            file.mode,
            file.size,
            wanted.file_id(number),
            source=_local(source, file.path) if wanted.tree else source,
        )
        for number, file in enumerate(wanted.files)
    ]
    folders = [(below + inner.path, inner.mode) for inner in wanted.folders]
    if wanted.tree:
        folders.append((top, wanted.root_mode))
    send(link, parcels, folders, aside, f"uploading {wanted.name}", wanted.block, treeparts.to_json(wanted.parts))


def _local(source: Path, path: str) -> Path:
    """A file of the upload on this machine: names are the same bytes whatever the locale."""
    return source / os.fsdecode(path.encode("utf-8", "surrogateescape"))


def _is_there(link: HostLink, chain: Chain, seed: Peer, wanted: Manifest) -> bool:
    try:
        return holds(_manifest(link, chain, seed, _there(wanted.parts.rules), wanted.block), wanted)
    except HostError as error:
        if error.state == UNREACHABLE:
            raise
        return False  # nothing of that name there, or something odd that goes now


def _there(rules: TreeRules) -> TreeRules:
    """The rules for a tree that was uploaded: its links are right, and what somebody put beside it is no fault."""
    return rules._replace(links=KEEP_ALL, special=SKIP)


def _manifest(link: HostLink, chain: Chain, seed: Peer, rules: TreeRules, block: int = 0) -> Manifest:
    """The manifest on a seed; with the blocks of another one (in bytes) its files can be compared with that one's."""
    name, piece_size = chain.inventory.swarm.payload.name, _piece_size(chain.inventory)
    request = verbs.Manifest(seed.peer_id, name, piece_size, block, treerules.to_json(rules))
    shelf = Shelf(Path(RUNS), chain.folder if chain.run else None)
    return cut(chain.inventory, ask_manifest(link, request, shelf))


def found_on_seed(chain: Chain) -> Manifest | None:
    """The manifest of the payload that a chosen seed has; None where none can be asked, or has it."""
    payload = chain.inventory.swarm.payload
    for seed in [one for one in chain.inventory.chosen_peers if one.seed and one.host not in chain.down]:
        with chain.doing(f"hashing {payload.name}"):
            found, _ = chain.try_on(partial(_manifest, chain=chain, seed=seed, rules=payload.rules), [seed.host])
        if found:
            return found[seed.host]
    return None


def upload_manifest(chain: Chain) -> Manifest | None:
    """What is to be uploaded, hashed on this machine; None where nothing is. Raises UploadError."""
    payload = chain.inventory.swarm.payload
    if not isinstance(payload, Upload):
        return None
    source = upload_source(chain.base, payload)
    chain.screen.note(f"hashing {source}")
    command = [sys.executable, "-X", "utf8", "-m", "peer", "manifest", str(source), "--progress"]
    command += ["--name", payload.name, "--piece-size", _piece_size(chain.inventory)]
    command += ["--rules", json.dumps(treerules.to_json(payload.rules))]
    with chain.showing(0) as look:
        meter = Meter("hashing", lambda mark: look([], {"": mark}))
        meter.begin(f"hashing {source.name}", chain.facts.size or 0, BYTES)
        try:
            ended = children.run(command, str(Path(peer.__file__).parent.parent), meter)
        except AgentError as error:
            raise UploadError(f"payload: {error}: {error.remedy}") from None
    if ended.code:
        raise UploadError(f"payload: {ended.last_words}")
    return cut(chain.inventory, from_json(json.loads(ended.out), str(source)))


def _piece_size(inventory: Inventory) -> str:
    return str(inventory.swarm.piece_size or "auto")
