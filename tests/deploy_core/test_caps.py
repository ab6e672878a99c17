"""Caps: what an inventory says of each host, and what a command line asks for."""

from __future__ import annotations

import pytest

from deploy.core.caps import CapError, Wanted, caps_of, link_of, wanted
from deploy.core.inventory import InventoryError, Rate, localized, parse_inventory
from deploy.core.prediction import limit_seconds
from peer.core.budget import MBIT

TEXT = "swarm: {name: d, payload: {generate: 1MiB}, %s}\nhosts: {%s}\nseeds: [%s]\n"


@pytest.mark.parametrize(
    ("swarm", "hosts", "seeds", "of", "caps"),
    [
        ("", "a: , b: {cap: 20}", "a", "b", Rate(20, 20)),
        ("", "a: , b: {cap: {up: 20}}", "a", "b", Rate(20, None)),
        ("cap: 30", "a: , b: ", "a", "b", Rate(None, None)),
        ("cap: 30", "a: , b: , c: ", "'a', b", "b", Rate(15, None)),
        ("cap: 30", "a: {cap: {up: 10, down: 5}}, b: ", "a", "a", Rate(10, 5)),
    ],
)
def test_a_host_has_its_own_cap_and_a_seed_its_part_of_the_swarm_s(
    swarm: str, hosts: str, seeds: str, of: str, caps: Rate
) -> None:
    inventory = parse_inventory(TEXT % (swarm, hosts, seeds))
    assert caps_of(inventory, inventory.host(of)) == caps
    local = localized(inventory, "/tmp/x")
    assert caps_of(local, local.host(of)) == Rate()


def test_the_limit_counts_caps_in() -> None:
    inventory = parse_inventory(TEXT % ("cap: 50", "a: {rate: 100}, b: {rate: 100, cap: {down: 40}}", "a"))
    assert link_of(inventory, inventory.host("b")) == Rate(100, 40)
    limit = limit_seconds(inventory, 125 * 10**6)
    assert limit is not None
    assert (limit.seconds, limit.because) == (25.0, "the slowest download")


def test_the_limit_counts_what_this_machine_relays() -> None:
    hosts = "a: {rate: 100}, b: {relay: true, rate: 100}, c: {relay: true, rate: 100}"
    limit = limit_seconds(parse_inventory(TEXT % ("relay_cap: 20", hosts, "a")), 125 * 10**6)
    assert limit is not None
    assert (limit.seconds, limit.because) == (100.0, "what is relayed")


@pytest.mark.parametrize(
    ("swarm", "hosts", "told"),
    [
        ("", "a: {cap: 0}", "0 is no cap that a swarm can live on"),
        ("", "a: {cap: {up: 0.5}}", "write a number of at least 1"),
        ("", "a: {cap: {upp: 5}}", "did you mean 'up'"),
        ("cap: 1", "a: , b: ", "for 2 seeds together"),
    ],
)
def test_caps_that_can_t_be_are_mistakes(swarm: str, hosts: str, told: str) -> None:
    with pytest.raises(InventoryError) as caught:
        parse_inventory(TEXT % (swarm, hosts, "all"))
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("50", Wanted(50 * MBIT, 50 * MBIT)),
        ("none", Wanted(0, 0)),
        ("up=20", Wanted(20 * MBIT, None)),
        ("down=none, up=2.5", Wanted(2.5 * MBIT, 0)),
        ("relay=50", Wanted(relay=50 * MBIT)),
        ("up=20,relay=none", Wanted(up=20 * MBIT, relay=0)),
    ],
)
def test_a_command_line_asks_for_a_cap(text: str, meant: Wanted) -> None:
    assert wanted(text) == meant


@pytest.mark.parametrize(
    "text", ["", "0", "0.5", "fast", "up", "up=", "up=1,up=2", "sideways=5", "nan", "-3", "1e99", "relay=0.5"]
)
def test_what_is_no_cap_is_one_line(text: str) -> None:
    with pytest.raises(CapError) as caught:
        wanted(text)
    assert "\n" not in str(caught.value)
    assert caught.value.code == 2
