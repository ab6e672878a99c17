"""docs/inventory.md: its examples load, every key stands in its tables, its traps do what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deploy.core.hostlists.kinds import read_list
from deploy.core.inventory import InventoryError, limited, parse_inventory
from deploy.core.inventory.fields import HostPart, PayloadPart, PeerPart, SwarmPart, ZonePart

TEXT = (Path(__file__).parents[2] / "docs" / "inventory.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
SWARM = "swarm: {name: d, payload: {generate: 1MiB}}\n"


def test_the_whole_in_one_look_loads() -> None:
    (whole,) = [example for example in EXAMPLES if example.startswith("swarm:")]
    inventory = parse_inventory(whole)
    assert len(inventory.hosts) == 18
    assert inventory.rows[2].host == "192.168.1.102"
    assert limited(inventory, "lab,!node03").selected == tuple(f"node0{n}" for n in (1, 2, 4, 5, 6, 7, 8))


@pytest.mark.parametrize("start", ["hosts:", "groups:", "peers:", "zones:"])
def test_the_parts_load_as_they_stand(start: str) -> None:
    (part,) = [example for example in EXAMPLES if example.startswith(start)]
    rest = {
        "hosts:": "seeds: [alpha]\n",
        "groups:": 'hosts: {alpha: , "node[01-08]": }\nseeds: [home]\n',
        "peers:": "hosts: {alpha: , beta: }\n",
        "zones:": "hosts: {alpha: {zone: site/rack-a}, beta: {zone: other}}\nseeds: [alpha]\n",
    }[start]
    inventory = parse_inventory(SWARM + part + rest)
    if start == "peers:":
        assert [peer.port for peer in inventory.peers] == [6008, 6008, 6009]


def test_an_inventory_may_name_lists_as_it_is_shown() -> None:
    (part,) = [example for example in EXAMPLES if "from:" in example]
    listed = read_list("[web]\nweb[1:3]\n", "hosts.ini")
    inventory = parse_inventory(SWARM + part + "seeds: [web2]\n", listed=listed)
    assert [host.destination for host in inventory.hosts] == ["/srv/models", None, None]


@pytest.mark.parametrize("part", [SwarmPart, PayloadPart, HostPart, PeerPart, ZonePart])
def test_every_key_stands_in_a_table(part: type[SwarmPart]) -> None:
    listed = set(re.findall(r"^\| `([a-z0-9_]+)` \|", TEXT, re.MULTILINE)) | {"name", "seed"}
    assert set(part.model_fields) <= listed


@pytest.mark.parametrize(
    ("hosts", "told"),
    [
        ("a: {accept_new: no}", "write false"),
        ("a: {port: 022}", "write 22"),
        ("a: {port: 22:22}", "write one number"),
        ("a: {user: 1001}", "quote it"),
        ("a: {port: 1, port: 2}", "is at line 2 already"),
        ("a: &x {port: 1}, b: {<<: *x}", "put shared keys under 'defaults'"),
        ("a: {address: 10.0.0.1:22}", "the port under 'port'"),
        ("a: {address: '[::1]'}", "has brackets"),
        ("a: {connection: local}, b: ", "set peer_address"),
        ("a: {address: x}, b: {address: x}", "write workdir: ~/.weft/{host}"),
        ("a: , b[1-2]: ", "must be quoted"),
    ],
)
def test_the_traps_are_errors_with_the_remedy_told(hosts: str, told: str) -> None:
    with pytest.raises(InventoryError) as caught:
        parse_inventory(f"{SWARM}hosts: {{{hosts}}}\nseeds: [a]\n")
    assert told in str(caught.value)
    assert len(str(caught.value).split("\n")) == 1
