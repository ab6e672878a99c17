"""What a correct inventory means: every default, range, seed, port and path, as tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.core.inventory import (
    Generate,
    Inventory,
    InventoryError,
    Jump,
    OnSeed,
    Rate,
    Rounds,
    Upload,
    parse_inventory,
)
from peer.core.config import PeerRow
from peer.core.limits import Limits
from peer.core.swarmfile import CLASSIC, FLEET

SWARM = "swarm: {name: demo, payload: {generate: 20MiB}}\n"


def load(body: str, swarm: str = SWARM) -> Inventory:
    return parse_inventory(swarm + body)


def one_host(keys: str, defaults: str = "") -> Inventory:
    return load(f"defaults: {{{defaults}}}\nhosts:\n  a: {{{keys}}}\nseeds: [a]\n")


def test_the_example_of_the_design() -> None:
    inventory = parse_inventory(
        """
swarm:
  name: demo
  payload: {generate: 20MiB, name: TheFile.dat}   # or {path: /data/model} on the seed
  piece_size: auto
defaults: {user: fleet, workdir: ~/.weft}
hosts:
  alpha: {address: 192.168.1.101}
  beta: {address: 192.168.1.102, jump: me@bastion}
  node[01-16]: {}
seeds: [alpha]
peers:
  - {id: 1001, host: alpha, port: 6008, seed: true}
  - {id: 1002, host: beta, port: 6008}
  - {id: 1003, host: beta, port: 6009}
"""
    )
    assert inventory.rows == (
        PeerRow(1001, "192.168.1.101", 6008, True),
        PeerRow(1002, "192.168.1.102", 6008, False),
        PeerRow(1003, "192.168.1.102", 6009, False),
    )
    assert [host.name for host in inventory.chosen_hosts] == ["alpha", "beta"]
    assert inventory.host("beta").jump == (Jump("bastion", "me"),)
    assert inventory.host("node16").user == "fleet"
    assert inventory.notices[0].startswith("node[01-16]: no peer in 'peers' runs on it")
    assert inventory.tls


def test_the_example_at_the_root_works_on_this_machine() -> None:
    text = (Path(__file__).parents[2] / "inventory.yaml").read_text(encoding="utf-8")
    inventory = parse_inventory(text)
    assert [peer.peer_id for peer in inventory.peers] == [1001, 1002, 1003, 1004, 1005]
    assert all(host.local for host in inventory.hosts)
    assert len({host.workdir for host in inventory.hosts}) == 5
    assert len({row.port for row in inventory.rows}) == 5
    assert not inventory.tls


@pytest.mark.parametrize(
    ("keys", "field", "value"),
    [
        ("", "address", "a"),
        ("", "peer_address", "a"),
        ("", "port", None),
        ("", "user", None),
        ("", "key", None),
        ("", "known_hosts", None),
        ("", "accept_new", False),
        ("", "jump", ()),
        ("", "connection", "ssh"),
        ("", "workdir", "~/.weft"),
        ("", "destination", None),
        ("", "peer_port", 6008),
        ("", "rate", Rate()),
        ("", "python", "python3"),
        ("", "line", 4),
        ("", "local", False),
        ("connection: local", "address", "127.0.0.1"),
        ("connection: local", "peer_address", "127.0.0.1"),
        ("connection: local", "workdir", "~/.weft/a"),
        ("connection: local", "local", True),
        ("connection: local, workdir: demo", "workdir", "demo"),
        ("connection: local, destination: ./x", "destination", "./x"),
        ("address: 10.0.0.1", "address", "10.0.0.1"),
        ("address: 10.0.0.1", "peer_address", "10.0.0.1"),
        ("address: 10.0.0.1, peer_address: 192.168.0.1", "peer_address", "192.168.0.1"),
        ("address: 10.0.0.1, peer_address: 192.168.0.1", "address", "10.0.0.1"),
        ("address: '2001:db8::1'", "address", "2001:db8::1"),
        ("address: fe80::1", "address", "fe80::1"),
        ("address: Host_1.example.com", "address", "Host_1.example.com"),
        ("address: '{host}.example.com'", "address", "a.example.com"),
        ("peer_address: '{host}-fast'", "peer_address", "a-fast"),
        ("address: 'x[3]'", "address", "x3"),
        ("port: 2222", "port", 2222),
        ("port: !!int 2222", "port", 2222),
        ("user: root", "user", "root"),
        ("user: 'DOM\\me'", "user", "DOM\\me"),
        ("user: me@realm", "user", "me@realm"),
        ('user: "1001"', "user", "1001"),
        ("user: no", "user", "no"),
        ("user: 012", "user", "012"),
        ("user: !!str 12", "user", "12"),
        ("key: ~/.ssh/id", "key", "~/.ssh/id"),
        ("key: 'keys/my \"key\" $(id)'", "key", 'keys/my "key" $(id)'),
        ("key: 'keys/{host}'", "key", "keys/a"),
        ("known_hosts: lab/known_hosts", "known_hosts", "lab/known_hosts"),
        ("accept_new: true", "accept_new", True),
        ("accept_new: True", "accept_new", True),
        ("accept_new: false", "accept_new", False),
        ("jump: bastion", "jump", (Jump("bastion"),)),
        ("jump: me@bastion", "jump", (Jump("bastion", "me"),)),
        ("jump: me@bastion:2222", "jump", (Jump("bastion", "me", 2222),)),
        ("jump: 'me@[2001:db8::1]:22'", "jump", (Jump("2001:db8::1", "me", 22),)),
        ("jump: '2001:db8::1'", "jump", (Jump("2001:db8::1"),)),
        ("jump: me@realm@bastion", "jump", (Jump("bastion", "me@realm"),)),
        ("jump: [one, 'me@two:2']", "jump", (Jump("one"), Jump("two", "me", 2))),
        ("jump: []", "jump", ()),
        ("connection: ssh", "connection", "ssh"),
        ("workdir: /srv/weft", "workdir", "/srv/weft"),
        ("workdir: '~'", "workdir", "~"),
        ("workdir: '/srv/{host}/x'", "workdir", "/srv/a/x"),
        ("workdir: '/srv/my \"files\"; rm -rf $HOME'", "workdir", '/srv/my "files"; rm -rf $HOME'),
        ("destination: /srv/models", "destination", "/srv/models"),
        ("destination: '~/{host}'", "destination", "~/a"),
        ("peer_port: 7000", "peer_port", 7000),
        ("rate: 100", "rate", Rate(100, 100)),
        ("rate: 2.5", "rate", Rate(2.5, 2.5)),
        ("rate: {up: 10}", "rate", Rate(10, None)),
        ("rate: {up: 10, down: 100}", "rate", Rate(10, 100)),
        ("rate: {}", "rate", Rate()),
        ("python: /usr/bin/python3.12", "python", "/usr/bin/python3.12"),
        ("python: ~/venv/bin/python", "python", "~/venv/bin/python"),
    ],
)
def test_a_key_of_a_host(keys: str, field: str, value: object) -> None:
    assert getattr(one_host(keys).host("a"), field) == value


@pytest.mark.parametrize(
    ("defaults", "keys", "field", "value"),
    [
        ("user: fleet", "", "user", "fleet"),
        ("user: fleet", "user: me", "user", "me"),
        ("port: 2222", "port: 22", "port", 22),
        ("accept_new: true", "", "accept_new", True),
        ("accept_new: true", "accept_new: false", "accept_new", False),
        ("jump: bastion", "", "jump", (Jump("bastion"),)),
        ("jump: bastion", "jump: []", "jump", ()),
        ("connection: local", "", "connection", "local"),
        ("connection: local", "connection: ssh", "connection", "ssh"),
        ("connection: local", "connection: ssh", "address", "a"),
        ("address: '{host}.lan'", "", "address", "a.lan"),
        ("address: '{host}.lan'", "address: x", "address", "x"),
        ("workdir: '/x/{host}'", "", "workdir", "/x/a"),
        ("peer_port: 7000", "", "peer_port", 7000),
        ("rate: 100", "rate: {up: 5}", "rate", Rate(5, None)),
        ("python: python3.11", "", "python", "python3.11"),
    ],
)
def test_defaults_hold_where_the_host_says_nothing(defaults: str, keys: str, field: str, value: object) -> None:
    assert getattr(one_host(keys, defaults).host("a"), field) == value


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        ("payload: {generate: 20MiB}", Generate(20 * 2**20, "TheFile.dat", 0)),
        ("payload: {generate: 20971520, name: x.bin, seed: 7}", Generate(20971520, "x.bin", 7)),
        ("payload: {generate: 0}", Generate(0, "TheFile.dat", 0)),
        ("payload: {generate: 1.5 GB}", Generate(1_500_000_000, "TheFile.dat", 0)),
        ("payload: {generate: '64k'}", Generate(65536, "TheFile.dat", 0)),
        ("payload: {path: /data/model}", OnSeed("/data/model", "model")),
        ("payload: {path: /data/model/}", OnSeed("/data/model/", "model")),
        ("payload: {path: ~/a b.tar, name: c d.tar}", OnSeed("~/a b.tar", "c d.tar")),
        ("payload: {path: /, name: root}", OnSeed("/", "root")),
        ("payload: {upload: ./build.tar}", Upload("./build.tar", "build.tar")),
        ("payload: {upload: build.tar, name: app.tar}", Upload("build.tar", "app.tar")),
        ('payload: {upload: "it\'s $(x)"}', Upload("it's $(x)", "it's $(x)")),
    ],
)
def test_payload(keys: str, value: object) -> None:
    inventory = load("hosts: {a: }\nseeds: [a]\n", f"swarm:\n  name: d\n  {keys}\n")
    assert inventory.swarm.payload == value


@pytest.mark.parametrize(
    ("key", "field", "value"),
    [
        ("", "piece_size", None),
        ("piece_size: auto", "piece_size", None),
        ("piece_size: 256KiB", "piece_size", 262144),
        ("piece_size: 16384", "piece_size", 16384),
        ("", "profile", FLEET),
        ("profile: classic", "profile", CLASSIC),
        ("", "rounds", Rounds(2, 5.0, 10.0)),
        ("preferred: 3", "rounds", Rounds(3, 5.0, 10.0)),
        ("unchoking: 1", "rounds", Rounds(2, 1.0, 10.0)),
        ("optimistic: 1.5", "rounds", Rounds(2, 5.0, 1.5)),
        ("", "limits", Limits()),
        ("patience: 30", "limits", Limits()._replace(patience=30.0)),
        ("degree: 12", "limits", Limits()._replace(degree=12)),
        ("uploads: 2", "limits", Limits()._replace(uploads=2)),
        ("", "tls", None),
        ("tls: auto", "tls", None),
        ("tls: true", "tls", True),
        ("tls: false", "tls", False),
    ],
)
def test_a_key_of_the_swarm(key: str, field: str, value: object) -> None:
    swarm = f"swarm:\n  name: d\n  payload: {{generate: 20MiB}}\n  {key}\n"
    assert getattr(load("hosts: {a: }\nseeds: [a]\n", swarm).swarm, field) == value


def test_classic_peers_and_their_handshakes() -> None:
    rows = "peers:\n  - {id: 1, host: a, seed: true}\n  - {id: 2, host: b, %s}\n"
    for words, ascii_only in (("classic: true", False), ("handshake: ascii", True)):
        inventory = load("hosts: {a: , b: }\n" + rows % words)
        assert [peer.classic for peer in inventory.peers] == [False, True]
        assert [peer.ascii for peer in inventory.peers] == [False, ascii_only]
        assert not inventory.tls, "a classic peer knows none"
        with pytest.raises(InventoryError, match=f"peers\\[1\\].{words.split(':')[0]}: names a classic peer"):
            load("hosts: {a: , b: }\n" + rows % words, "swarm: {name: d, payload: {generate: 1MiB}, tls: true}\n")


@pytest.mark.parametrize(
    ("swarm", "hosts", "tls"),
    [
        ("", "a: , b: ", True),
        ("", "a: {connection: local}, b: {connection: local}", False),
        ("", "a: {connection: local, address: 10.0.0.1}, b: {address: 10.0.0.2}", True),
        (", tls: false", "a: , b: ", False),
        (", tls: true", "a: {connection: local}, b: {connection: local}", True),
        (", profile: classic", "a: , b: ", False),
        (", profile: classic, tls: false", "a: , b: ", False),
    ],
)
def test_tls_is_on_where_ssh_is(swarm: str, hosts: str, tls: bool) -> None:
    head = f"swarm: {{name: d, payload: {{generate: 1MiB}}{swarm}}}\n"
    assert load(f"hosts: {{{hosts}}}\nseeds: [a]\n", head).tls is tls


@pytest.mark.parametrize(
    ("hosts", "names", "addresses"),
    [
        ("node[1-3]:", "node1 node2 node3", "node1 node2 node3"),
        ("node[01-03]: {address: '10.0.0.[1-3]'}", "node01 node02 node03", "10.0.0.1 10.0.0.2 10.0.0.3"),
        ("n[1,3,5-6]:", "n1 n3 n5 n6", "n1 n3 n5 n6"),
        ("r[1-2]n[1-2]:", "r1n1 r1n2 r2n1 r2n2", "r1n1 r1n2 r2n1 r2n2"),
        ("n[1-2]: {address: '{host}.lan'}", "n1 n2", "n1.lan n2.lan"),
        ("n[1-2]: {address: 'h[8-9].lan'}", "n1 n2", "h8.lan h9.lan"),
        (
            "n[1-2]: {address: 'bastion', port: 1, workdir: '/x/{host}', peer_address: '10.0.0.[1-2]'}",
            "n1 n2",
            "bastion bastion",
        ),
        ("no: {}\n  on: {}\n  012: {}", "no on 012", "no on 012"),
        ("192.168.1.1: {}\n  10.5: {address: x}", "192.168.1.1 10.5", "192.168.1.1 x"),
    ],
)
def test_ranges_of_hosts(hosts: str, names: str, addresses: str) -> None:
    first = names.split(maxsplit=1)[0]
    inventory = load(f'hosts:\n  {hosts}\nseeds: ["{first}"]\n')
    assert [host.name for host in inventory.hosts] == names.split()
    assert [host.address for host in inventory.hosts] == addresses.split()


@pytest.mark.parametrize(
    ("body", "peers"),
    [
        # IDs from 1001, ports from 6008, in the order of hosts
        ("hosts: {a: , b: }\nseeds: [a]", "1001:a:6008:s 1002:b:6008"),
        ("hosts: {a: , b: }\nseeds: [b]", "1001:a:6008 1002:b:6008:s"),
        ("hosts: {a: , b: }\nseeds: [all]", "1001:a:6008:s 1002:b:6008:s"),
        ("hosts: {a: , b: }\nseeds: [a]\npeers:", "1001:a:6008:s 1002:b:6008"),
        ("hosts: {a: , b: }\nseeds: [g]\ngroups: {g: [b]}", "1001:a:6008 1002:b:6008:s"),
        ("hosts: {'n[1-3]': }\nseeds: ['n[2-3]']", "1001:n1:6008 1002:n2:6008:s 1003:n3:6008:s"),
        # one machine, different ports
        ("defaults: {connection: local}\nhosts: {a: , b: }\nseeds: [a]", "1001:a:6008:s 1002:b:6009"),
        (
            "hosts: {a: {address: 127.0.0.1, port: 1}, b: {address: '::1', port: 2}}\nseeds: [a]",
            "1001:a:6008:s 1002:b:6009",
        ),
        (
            "hosts: {a: {address: x, user: u}, b: {address: X, user: v}}\nseeds: [a]",
            "1001:a:6008:s 1002:b:6009",
        ),
        (
            "hosts: {a: {connection: local, address: x}, b: {address: x}, c: {connection: local, address: y}}\n"
            "seeds: [a]",
            "1001:a:6008:s 1002:b:6009 1003:c:6009",
        ),
        ("hosts: {a: {peer_port: 7000}, b: }\nseeds: [a]", "1001:a:7000:s 1002:b:6008"),
        # the list's order is PeerInfo's, and ports that are said come before those that are found
        (
            "hosts: {a: , b: }\npeers: [{id: 3, host: b}, {id: 2, host: a, seed: true}]",
            "3:b:6008 2:a:6008:s",
        ),
        (
            "hosts: {a: }\npeers: [{id: 1, host: a}, {id: 2, host: a, port: 6008, seed: true}, {id: 3, host: a}]",
            "1:a:6009 2:a:6008:s 3:a:6010",
        ),
        # seeds and seed: in accord
        ("hosts: {a: }\nseeds: [a]\npeers: [{id: 1, host: a}, {id: 2, host: a}]", "1:a:6008:s 2:a:6009:s"),
        (
            "hosts: {a: }\nseeds: [a]\npeers: [{id: 1, host: a, seed: true}, {id: 2, host: a}]",
            "1:a:6008:s 2:a:6009",
        ),
        (
            "hosts: {a: }\nseeds: [a]\npeers: [{id: 1, host: a, seed: false}, {id: 2, host: a}]",
            "1:a:6008 2:a:6009:s",
        ),
        (
            "hosts: {a: , b: }\npeers: [{id: 1, host: a, seed: true}, {id: 2, host: b, seed: true}]",
            "1:a:6008:s 2:b:6008:s",
        ),
    ],
)
def test_peers(body: str, peers: str) -> None:
    found = [f"{p.peer_id}:{p.host}:{p.port}{':s' if p.seed else ''}" for p in load(body + "\n").peers]
    assert " ".join(found) == peers


def test_groups_hold_hosts_ranges_and_groups() -> None:
    inventory = load(
        "hosts: {a: , b: , 'n[1-4]': }\nseeds: [a]\n"
        "groups: {low: ['n[1-2]'], mix: [low, b], rest: ['n[3-4]', mix], everyone: [all], none: []}\n"
    )
    assert inventory.groups == {
        "low": ("n1", "n2"),
        "mix": ("b", "n1", "n2"),
        "rest": ("b", "n1", "n2", "n3", "n4"),
        "everyone": ("a", "b", "n1", "n2", "n3", "n4"),
        "none": (),
    }


def test_groups_that_name_one_another_twice_stay_cheap() -> None:
    chain = ", ".join(f"g{number}: [g{number + 1}, g{number + 1}]" for number in range(40))
    inventory = load(f"hosts: {{a: , b: }}\nseeds: [g0]\ngroups: {{{chain}, g40: [b]}}\n")
    assert inventory.groups["g0"] == ("b",)


def test_aliases_are_read_as_what_they_stand_for() -> None:
    inventory = load("hosts:\n  a: &keys {user: me, port: 2222}\n  b: *keys\nseeds: [a]\n")
    assert inventory.host("b").user == "me"
    assert inventory.host("b").port == 2222


def test_an_alias_bomb_is_refused() -> None:
    levels = "".join(f"  - &l{n + 1} [{', '.join([f'*l{n}'] * 10)}]\n" for n in range(9))
    with pytest.raises(Exception, match="nested too deep, or too big"):
        parse_inventory(f"x:\n  - &l0 [a]\n{levels}")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_line_ends_and_byte_order_mark(end: str) -> None:
    text = "\ufeff" + SWARM + "hosts:\n  a:\n  b:\nseeds: [a]\n"
    inventory = parse_inventory(text.replace("\n", end))
    assert [host.line for host in inventory.hosts] == [3, 4]


def test_a_destination_may_be_shared_where_only_one_peer_writes() -> None:
    swarm = "swarm: {name: d, payload: {path: /data/model}}\n"
    body = "hosts: {a: {destination: /srv}}\npeers: [{id: 1, host: a, seed: true}, {id: 2, host: a}]\n"
    assert load(body, swarm).host("a").destination == "/srv"


def test_hosts_without_peers_are_noticed_not_refused() -> None:
    body = "hosts: {a: , 'n[1-3]': }\npeers: [{id: 1, host: a, seed: true}]\n"
    inventory = load(body)
    assert inventory.notices == (
        "n[1-3]: no peer in 'peers' runs on it, so it won't get the payload; add one, or leave 'peers' out",
    )
    assert load("hosts: {a: }\nseeds: [a]\n").notices == ()


def test_looking_up_hosts_and_peers() -> None:
    inventory = load("hosts: {a: , b: }\nseeds: [a]\n")
    assert inventory.host_of(1002).name == "b"
    assert inventory.peer(1002).host == "b"
    assert [peer.peer_id for peer in inventory.peers_on("a")] == [1001]
    assert inventory.peers_on("zeta") == ()
    assert [peer.peer_id for peer in inventory.seeds] == [1001]
    for look in (lambda: inventory.host("zeta"), lambda: inventory.host_of(7), lambda: inventory.peer(7)):
        with pytest.raises(KeyError):
            look()


def test_a_thousand_hosts_are_read() -> None:
    inventory = load("hosts:\n  node[0001-1000]: {address: '{host}.lan'}\nseeds: [node0001]\n")
    assert len(inventory.rows) == 1000
    assert inventory.rows[-1] == PeerRow(2000, "node1000.lan", 6008, False)
