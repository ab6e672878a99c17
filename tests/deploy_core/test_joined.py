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


@pytest.mark.parametrize("limit", ["", "node2,node5", "node3"])
def test_a_selection_with_a_seed_stays_as_it_is(inventory: Inventory, limit: str) -> None:
    view = limited(inventory, limit)
    assert joined(view) == view
