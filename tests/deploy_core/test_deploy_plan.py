"""The plan as data: facts, columns and paths; and the texts that are pushed, read back by their own readers."""

from __future__ import annotations

import hashlib

import pytest

from deploy.core.configfiles import config_texts, cut, piece_size_of, swarm_folder
from deploy.core.inventory import Inventory, limited, localized, parse_inventory
from deploy.core.placement import final_path
from deploy.core.plan import Facts, Step, facts_of, format_steps, hosts_of, peers_of
from peer.core.config import Common, parse_common, parse_peer_info
from peer.core.filetable import FileEntry, FileTable
from peer.core.manifest import Manifest
from peer.core.swarmfile import parse_swarm

BODY = """
hosts:
  beta: {address: 10.0.0.2, jump: me@bastion, destination: /srv/models}
  alpha: {address: 10.0.0.1}
seeds: [alpha]
peers:
  - {id: 1003, host: beta}
  - {id: 1001, host: alpha, seed: true}
  - {id: 1002, host: alpha}
"""


def swarm_with(payload: str, more: str = "") -> Inventory:
    return parse_inventory(f"swarm: {{name: demo, payload: {payload}{more}}}\n{BODY}")


MADE = swarm_with("{generate: 20MiB}")
FOUND = swarm_with("{path: /data/model}")
UPLOADED = swarm_with("{upload: ./build.tar}")


@pytest.mark.parametrize(
    ("inventory", "size", "facts"),
    [
        (MADE, None, Facts("TheFile.dat", 20971520, 131072, 160)),
        (MADE, 5, Facts("TheFile.dat", 20971520, 131072, 160)),
        (FOUND, None, Facts("model", None, None, None)),
        (FOUND, 65537, Facts("model", 65537, 65536, 2)),
        (UPLOADED, 0, Facts("build.tar", 0, 65536, 0)),
        (swarm_with("{path: /x}", ", piece_size: 1MiB"), None, Facts("x", None, 1048576, None)),
        (swarm_with("{generate: 10000232}", ", piece_size: 32768"), None, Facts("TheFile.dat", 10000232, 32768, 306)),
    ],
)
def test_facts(inventory: Inventory, size: int | None, facts: Facts) -> None:
    assert facts_of(inventory, size) == facts


def test_facts_in_words() -> None:
    assert str(facts_of(MADE)) == "TheFile.dat (20 MiB, 160 pieces of 128 KiB)"
    assert str(facts_of(FOUND)) == "model (its size is known on the seed)"


STEPS = (
    Step("deploy", "alpha", 1001, "find /data/model, hash it"),
    Step("deploy", "beta", None, "push code"),
    Step("collect-logs", "alpha", 1002, "fetch logs"),
)


def test_steps_in_columns() -> None:
    assert format_steps(STEPS) == (
        "deploy        alpha  1001  find /data/model, hash it",
        "deploy        beta         push code",
        "collect-logs  alpha  1002  fetch logs",
    )
    assert format_steps(()) == ()


def test_whom_the_steps_name() -> None:
    assert hosts_of(STEPS) == ["alpha", "beta"]
    assert peers_of(STEPS) == [1001, 1002]
    assert peers_of(STEPS, "alpha") == [1001, 1002]
    assert peers_of(STEPS, "beta") == []


def test_folders_and_final_paths() -> None:
    assert swarm_folder(MADE, "alpha") == "~/.weft/demo"
    assert swarm_folder(localized(MADE, "/x"), "alpha") == "/x/alpha/demo"
    assert [final_path(MADE, peer) for peer in MADE.peers] == [
        "/srv/models/TheFile.dat",
        "~/.weft/demo/peer_1001/TheFile.dat",
        "~/.weft/demo/peer_1002/TheFile.dat",
    ]
    with pytest.raises(KeyError):
        swarm_folder(MADE, "zeta")


def manifest(size: int, piece_size: int) -> Manifest:
    blocks = b"".join(hashlib.sha256(bytes([index % 256])).digest() for index in range(-(-size // piece_size)))
    files = FileTable.of([FileEntry("TheFile.dat", size, 0o644)])
    return Manifest("TheFile.dat", False, piece_size, piece_size, files, (), blocks)


def test_pushed_texts_say_what_the_inventory_says() -> None:
    inventory = swarm_with(
        "{generate: 100000}",
        ", piece_size: 32768, preferred: 3, unchoking: 1, optimistic: 2.5, patience: 30, degree: 8, uploads: 2",
    )
    pushed = config_texts(inventory, manifest(100_000, 32768), "run-1")
    assert sorted(pushed) == ["Common.cfg", "PeerInfo.cfg", "swarm.json"]
    assert parse_common(pushed["Common.cfg"]) == Common(3, 1.0, 2.5, "TheFile.dat", 100_000, 32768)
    assert parse_peer_info(pushed["PeerInfo.cfg"]) == inventory.rows
    assert pushed["PeerInfo.cfg"].splitlines() == [
        "1003 10.0.0.2 6008 0",
        "1001 10.0.0.1 6008 1",
        "1002 10.0.0.1 6009 0",
    ]
    swarm = parse_swarm(pushed["swarm.json"])
    assert (swarm.name, swarm.run, swarm.profile, swarm.tls) == ("demo", "run-1", "fleet", True)
    assert tuple(swarm.limits[:3]) == (30.0, 8, 2)
    assert swarm.manifest == manifest(100_000, 32768)


def test_a_limited_deploy_pushes_the_whole_swarms_peerinfo() -> None:
    view = limited(MADE, "beta")
    pushed = config_texts(view, manifest(10, 65536), "r")
    assert parse_peer_info(pushed["PeerInfo.cfg"]) == MADE.rows


@pytest.mark.parametrize(
    ("more", "size", "piece_size"),
    [("", 1, 65536), ("", 2**40, 16 * 2**20), (", piece_size: 5KiB", 2**40, 5120)],
)
def test_piece_size(more: str, size: int, piece_size: int) -> None:
    assert piece_size_of(swarm_with("{path: /x}", more), size) == piece_size


def swarm_of(peers: int) -> Inventory:
    hosts = f"node[11-{10 + peers}]: {{address: '10.0.0.[11-{10 + peers}]'}}"
    return parse_inventory(f"swarm: {{name: demo, payload: {{path: /x}}}}\nhosts:\n  {hosts}\nseeds: [node11]\n")


def test_a_swarm_that_grows_gets_other_pieces_of_the_same_blocks() -> None:
    found = manifest(2**26, 2**16)._replace(piece_size=2**18)
    few, many = (cut(swarm_of(peers), found) for peers in (8, 9))
    assert (few.piece_size, many.piece_size) == (2**17, 2**18)
    assert few == found._replace(piece_size=2**17)
    assert many == found


def test_pieces_stay_where_blocks_are_larger() -> None:
    found = manifest(2**26, 2**18)
    assert cut(swarm_of(8), found) is found
