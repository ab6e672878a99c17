"""The two views: --limit picks hosts and leaves PeerInfo alone, --local brings everything to this machine."""

from __future__ import annotations

import pytest

from deploy.core.inventory import InventoryError, limited, localized, parse_inventory
from peer.core.config import PeerRow

FLEET = parse_inventory(
    """
swarm: {name: demo, payload: {generate: 1MiB}}
defaults: {user: fleet, jump: me@bastion, destination: /srv, python: python3.12, rate: 100}
hosts:
  alpha: {address: 10.0.0.1}
  beta: {port: 2222}
  node[01-06]:
  web1:
  web2:
groups: {low: ["node[01-03]"], webs: [web1, web2], both: [low, webs]}
seeds: [alpha]
"""
)
KNOWN = "known: alpha, beta, node[01-06], web[1-2], low, webs, both"
ALL = "alpha beta node01 node02 node03 node04 node05 node06 web1 web2"


@pytest.mark.parametrize(
    ("limit", "hosts"),
    [
        ("", ALL),
        ("  ", ALL),
        ("all", ALL),
        ("alpha", "alpha"),
        ("alpha,beta", "alpha beta"),
        ("beta,alpha", "alpha beta"),
        (" alpha , beta ,", "alpha beta"),
        ("alpha,alpha", "alpha"),
        ("low", "node01 node02 node03"),
        ("both", "node01 node02 node03 web1 web2"),
        ("node[02-04]", "node02 node03 node04"),
        ("node[01,03-04]", "node01 node03 node04"),
        ("alpha,node[01,03],beta", "alpha beta node01 node03"),
        ("web*", "web1 web2"),
        ("*1", "node01 web1"),
        ("node0?", "node01 node02 node03 node04 node05 node06"),
        ("*", ALL),
        ("web[1-2]", "web1 web2"),
        ("w*[1]", "web1"),
        ("webs,low,!node02", "node01 node03 web1 web2"),
        ("!node02,webs,low", "node01 node03 web1 web2"),
        ("!low", "alpha beta node04 node05 node06 web1 web2"),
        ("all,!alpha", "beta node01 node02 node03 node04 node05 node06 web1 web2"),
        ("! alpha,!node*", "beta web1 web2"),
        ("low,!node[02-09]*,!web1", "node01"),
        ("alpha,!beta", "alpha"),
    ],
)
def test_limit(limit: str, hosts: str) -> None:
    assert " ".join(host.name for host in limited(FLEET, limit).chosen_hosts) == hosts


@pytest.mark.parametrize(
    ("limit", "error"),
    [
        ("gamma", f"no host or group is called 'gamma'; {KNOWN}"),
        ("alhpa", "no host or group is called 'alhpa'; did you mean 'alpha'?"),
        ("web", "no host or group is called 'web'; did you mean 'webs'?"),
        ("node[05-08]", f"no hosts are called 'node[07-08]'; {KNOWN}"),
        ("node7", "no host or group is called 'node7'; did you mean 'node06'?"),
        ("!alhpa", "no host or group is called 'alhpa'; did you mean 'alpha'?"),
        ("x*", f"no host or group matches 'x*'; {KNOWN}"),
        ("!", "'!' has no name; write the host after it: !alpha"),
        ("alpha,!alpha", "'alpha,!alpha' leaves no host; name at least one"),
        ("!all", "'!all' leaves no host; name at least one"),
        ("node[1", "'node[1' has an unmatched bracket; write a range like node[01-16]"),
        ("node[3-1]", "'[3-1]' is descending; write [1-3]"),
        ("node[a]", "'[a]' isn't a range; write numbers like [01-16] or [1-4,7]"),
    ],
)
def test_what_no_limit_is(limit: str, error: str) -> None:
    with pytest.raises(InventoryError) as caught:
        limited(FLEET, limit)
    assert str(caught.value) == f"--limit: {error}"
    assert caught.value.code == 2


ZONED = parse_inventory(
    """
swarm: {name: demo, payload: {generate: 1MiB}}
defaults: {zone: site/a}
hosts: {alpha: , beta: {zone: site/b}, "gamma[1-2]": {zone: other}}
groups: {b: [gamma1]}
seeds: [alpha]
"""
)


@pytest.mark.parametrize(
    ("limit", "hosts"),
    [
        ("zone:site", "alpha beta"),
        ("zone:site/a", "alpha"),
        ("zone:site,!zone:site/a", "beta"),
        ("zone:other,beta", "beta gamma1 gamma2"),
        ("zone:site/*", "alpha beta"),
        ("*b", "gamma1"),  # a group; the zone site/b begins with zone:
    ],
)
def test_a_limit_may_name_zones(limit: str, hosts: str) -> None:
    assert " ".join(limited(ZONED, limit).selected) == hosts
    assert " ".join(limited(localized(ZONED, "/x"), limit).selected) == hosts


@pytest.mark.parametrize(
    ("limit", "error"),
    [
        ("zone:othr", "no zone is called 'othr'; did you mean 'other'?"),
        ("zone:x", "no zone is called 'x'; known: site, site/a, site/b, other"),
        ("zone:", "no zone is called ''; known: site, site/a, site/b, other"),
        ("alhpa", "no host or group is called 'alhpa'; did you mean 'alpha'?"),
    ],
)
def test_what_no_zone_is(limit: str, error: str) -> None:
    with pytest.raises(InventoryError) as caught:
        limited(ZONED, limit)
    assert str(caught.value) == f"--limit: {error}"
    assert caught.value.code == 2


def test_a_limit_to_a_zone_where_there_is_none() -> None:
    with pytest.raises(InventoryError, match="no zone is called 'a'; no host has the key 'zone'"):
        limited(FLEET, "zone:a")


def test_a_limit_leaves_the_swarm_as_it_is() -> None:
    view = limited(FLEET, "web2")
    assert view.rows == FLEET.rows
    assert view.seeds == FLEET.seeds
    assert view.tls == FLEET.tls
    assert [peer.peer_id for peer in view.chosen_peers] == [1010]


def test_limits_add_up() -> None:
    assert limited(limited(FLEET, "low"), "node0[2-5]").selected == ("node02", "node03")


def test_filter_gives_a_new_inventory() -> None:
    view = FLEET.filter(["web1", "alpha", "nobody"])
    assert view.selected == ("alpha", "web1")
    assert len(FLEET.selected) == 10


def test_a_limit_on_hosts_without_peers_says_so() -> None:
    inventory = parse_inventory(
        "swarm: {name: d, payload: {generate: 1}}\nhosts: {a: , b: }\npeers: [{id: 1, host: a, seed: true}]\n"
    )
    with pytest.raises(InventoryError, match="--limit: no peer is on b; name a host that has one"):
        limited(inventory, "b")


def test_local_brings_every_host_here() -> None:
    local = localized(FLEET, "/tmp/run", 7000)
    assert local.localized
    assert not local.tls
    assert local.rows[:2] == (
        PeerRow(1001, "127.0.0.1", 7000, True),
        PeerRow(1002, "127.0.0.1", 7001, False),
    )
    assert len({row.port for row in local.rows}) == 10
    for host in local.hosts:
        assert host.local
        assert host.address == host.peer_address == "127.0.0.1"
        assert host.workdir == f"/tmp/run/{host.name}"
        assert (host.jump, host.user, host.port, host.destination) == ((), None, None, None)
        assert host.python == "python3"


def test_local_keeps_ids_order_and_selection() -> None:
    local = localized(limited(FLEET, "low"), "/tmp/run/")
    assert [peer.peer_id for peer in local.peers] == [peer.peer_id for peer in FLEET.peers]
    assert local.selected == ("node01", "node02", "node03")
    assert local.host("alpha").workdir == "/tmp/run/alpha"
    assert local.swarm == FLEET.swarm


def test_limit_and_local_go_in_either_order() -> None:
    assert limited(localized(FLEET, "/x"), "webs") == localized(limited(FLEET, "webs"), "/x")


def test_tls_that_is_asked_for_stays_on_locally() -> None:
    inventory = parse_inventory("swarm: {name: d, payload: {generate: 1}, tls: true}\nhosts: {a: }\nseeds: [a]\n")
    assert localized(inventory, "/x").tls


def test_local_needs_enough_ports() -> None:
    assert localized(FLEET, "/x", 65526).rows[-1].port == 65535
    with pytest.raises(InventoryError, match="--local: 10 ports from 65527 on don't exist; begin lower"):
        localized(FLEET, "/x", 65527)
