"""Hosts that come later: with --limit and no seed among them, the seeds take part, and nobody else does."""

from __future__ import annotations

import pytest

from deploy.core.inventory import Inventory, joined, limited, parse_inventory

TEXT = """
swarm: {name: s, payload: {generate: 1MiB}}
defaults: {connection: local}
hosts: {"node[1-6]": }
seeds: [node2, node3]
"""


@pytest.fixture
def inventory() -> Inventory:
    return parse_inventory(TEXT, "inventory.yaml")


@pytest.mark.parametrize(
    ("limit", "hosts"),
    [
        ("node6", ["node2", "node3", "node6"]),
        ("node1,node[5-6]", ["node1", "node2", "node3", "node5", "node6"]),
    ],
)
def test_seeds_join_hosts_that_come_later(inventory: Inventory, limit: str, hosts: list[str]) -> None:
    small = joined(limited(inventory, limit))
    assert [host.name for host in small.chosen_hosts] == hosts
    assert [peer.host for peer in small.peers] == hosts
    assert [row.peer_id for row in small.rows] == [inventory.peers_on(host)[0].peer_id for host in hosts]


def test_peers_that_were_left_out_and_strangers_that_may_come() -> None:
    peers = "peers: [{id: 1, host: node1, seed: true}, {id: 2, host: node2}, {id: 3, host: node3, classic: true}]\n"
    inventory = parse_inventory(TEXT.replace("seeds: [node2, node3]\n", peers))
    assert limited(inventory, "node1").left_out == (2,)
    assert inventory.left_out == limited(inventory, "node[1-3]").left_out == ()
    classic = parse_inventory(TEXT.replace("{name: s,", "{name: s, profile: classic,"))
    assert limited(classic, "node2").left_out == ()


@pytest.mark.parametrize("limit", ["", "node2,node5", "node3"])
def test_a_selection_with_a_seed_stays_as_it_is(inventory: Inventory, limit: str) -> None:
    view = limited(inventory, limit)
    assert joined(view) == view
