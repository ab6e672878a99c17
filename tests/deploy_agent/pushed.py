"""A small swarm pushed to one local host through its link, for tests of what the agent does with it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from deploy.agent import verbs
from deploy.edge.hosts.host import HostLink
from deploy.edge.pushed.bundle import parcel, send
from deploy.edge.pushed.zipapp import peer_zip
from deploy.edge.tasks.manifests import Shelf, ask_manifest
from peer.core import folder
from peer.core.config import Common, PeerRow
from peer.core.limits import Limits
from peer.core.manifest import Manifest
from peer.core.swarmfile import FLEET, SwarmFile, folder_texts
from tests.helpers.ports import free_ports

NAME = "file.dat"
SIZE = 300_000
NO_SHELF = Shelf(Path("nowhere"), None)


class Pushed(NamedTuple):
    """A swarm of a seed 1001 and a leecher 1002, both on one host."""

    manifest: Manifest
    ports: list[int]


def push(link: HostLink, run: str = "r1", patience: float = 60.0) -> Pushed:
    """Push code, payload and configuration, as `deploy` does."""
    send(link, [parcel(folder.CODE, peer_zip())])
    link.ask(verbs.Prepare((verbs.Place(1001), verbs.Place(1002)), NAME))
    link.ask(verbs.Generate(peer=1001, name=NAME, size=SIZE, seed=1))
    manifest = ask_manifest(link, verbs.Manifest(peer=1001, name=NAME, piece_size="65536"), NO_SHELF)
    ports = free_ports(2)
    rows = (PeerRow(1001, "127.0.0.1", ports[0], True), PeerRow(1002, "127.0.0.1", ports[1], False))
    swarm = SwarmFile("swarm", run, FLEET, manifest, Limits(patience=patience))
    texts = folder_texts(Common(2, 5, 10, NAME, SIZE, 65536), rows, swarm)
    send(link, [parcel(name, text.encode()) for name, text in texts.items()])
    return Pushed(manifest, ports)
