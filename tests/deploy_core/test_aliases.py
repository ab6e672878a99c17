"""Which hosts are listed by a name alone, and what their peers are told instead."""

from __future__ import annotations

from deploy.core.inventory import parse_inventory
from deploy.core.inventory.aliases import for_peers, named_alone

TEXT = """
swarm: {name: s, payload: {path: /m}}
hosts:
  web:
  db: {address: db.example.com}
  ip: {address: 10.0.0.1}
  far: {peer_address: 10.0.0.2}
  vm:
seeds: [far]
"""


def test_who_has_a_name_alone() -> None:
    assert [host.name for host in named_alone(parse_inventory(TEXT).hosts)] == ["web", "db", "vm"]


def test_what_peers_are_told() -> None:
    named = named_alone(parse_inventory(TEXT).hosts)
    told = for_peers(named, {"web": "192.0.2.1", "db": "db.example.com", "vm": "127.0.0.1"})
    assert told == {"web": "192.0.2.1"}
    hosts = parse_inventory(TEXT, for_peers=told).hosts
    assert [host.peer_address for host in hosts] == ["192.0.2.1", "db.example.com", "10.0.0.1", "10.0.0.2", "vm"]
    assert [host.address for host in hosts] == ["web", "db.example.com", "10.0.0.1", "far", "vm"]
