"""What `push` is told, and the inventory that it means; what is wrong with it is a line."""

from __future__ import annotations

import pytest

from deploy.core.hostlists.ansibleini import read_ini
from deploy.core.hostlists.plainlist import read_plain
from deploy.core.inventory import InventoryError, OnSeed, Upload
from deploy.core.pushtext import PushError, Wish, is_remote, push_inventory, swarm_name


def hosts_of(wish: Wish) -> list[tuple[str, str, object, object, object]]:
    inventory, _ = push_inventory(wish, "x.yaml")
    return [(one.name, one.address, one.user, one.port, one.destination) for one in inventory.hosts]


LIST = """
# our nodes
fleet@node[01-02]:2222
store:/data   # has a folder of its own
2001:db8::1
"""


@pytest.mark.parametrize(
    ("targets", "listed", "hosts"),
    [
        (["a:/srv"], "", [("a", "a", None, None, "/srv")]),
        (["me@a:/srv", "b:~/x y"], "", [("a", "a", "me", None, "/srv"), ("b", "b", None, None, "~/x y")]),
        (["n[1-2],c:/d"], "", [(name, name, None, None, "/d") for name in ("n1", "n2", "c")]),
        (["ssh://me@a:2222/srv"], "", [("a", "a", "me", 2222, "/srv")]),
        (["10.0.0.1:/d"], "", [("10.0.0.1", "10.0.0.1", None, None, "/d")]),
        (["me@[2001:db8::1]:/d"], "", [("2001-db8-1", "2001:db8::1", "me", None, "/d")]),
        (["/a", "/b"], "", [("here1", "127.0.0.1", None, None, "/a"), ("here2", "127.0.0.1", None, None, "/b")]),
        (
            [":/srv"],
            LIST,
            [
                ("node01", "node01", "fleet", 2222, "/srv"),
                ("node02", "node02", "fleet", 2222, "/srv"),
                ("store", "store", None, None, "/data"),
                ("2001-db8-1", "2001:db8::1", None, None, "/srv"),
            ],
        ),
    ],
)
def test_targets_are_hosts_with_a_folder(targets: list[str], listed: str, hosts: list[tuple[object, ...]]) -> None:
    wish = Wish("/home/me/model", targets, read_plain(listed, "hosts.txt"))
    assert hosts_of(wish) == hosts
    inventory, text = push_inventory(wish, "x.yaml")
    assert inventory.swarm.payload == Upload("/home/me/model", "model")
    assert inventory.swarm.name == "push-model"
    assert [peer.host for peer in inventory.seeds] == [hosts[0][0]]
    assert text.startswith("# Made by `weft push`.")


@pytest.mark.parametrize(
    ("targets", "hosts"),
    [
        (["a:/srv"], ["store", "a"]),
        (["store:/data", "a:/x"], ["store", "a"]),
        (["store,a:/data"], ["store", "a"]),
    ],
)
def test_a_seed_has_the_payload_and_keeps_it_where_it_is(targets: list[str], hosts: list[str]) -> None:
    inventory, _ = push_inventory(Wish(targets=targets, seed="me@store:/data/model"), "x.yaml")
    assert [host.name for host in inventory.hosts] == hosts
    assert inventory.swarm.payload == OnSeed("/data/model", "model")
    assert [(peer.host, inventory.host(peer.host).user) for peer in inventory.seeds] == [("store", "me")]


def test_a_seed_within_a_range_is_taken_out_of_it() -> None:
    inventory, text = push_inventory(Wish(targets=["n[1-4]:/d"], seed="n2:/d/m"), "x.yaml")
    assert [host.name for host in inventory.hosts] == ["n2", "n1", "n3", "n4"]
    assert '"n[1,3-4]"' in text


def test_a_name_of_ssh_config_has_the_address_that_it_stands_for() -> None:
    known = {"n1": "10.0.0.1", "n2": "n2", "vm": "127.0.0.1", "6": "10.9.9.9"}
    wish = Wish("/m", ["n[1-3]:/srv", "vm:/srv", "c[1-2]:/srv"], hostnames=known)
    inventory, text = push_inventory(wish, "x.yaml")
    addresses = {host.name: (host.address, host.peer_address) for host in inventory.hosts}
    assert addresses["n1"] == ("n1", "10.0.0.1") and addresses["n3"] == ("n3", "n3")
    assert addresses["vm"] == ("vm", "vm") and '"c[1-2]"' in text


@pytest.mark.parametrize(
    ("limit", "hosts"),
    [
        ("web", ["w1", "w2"]),
        ("!db", ["n1", "n2", "n3", "w1", "w2"]),
        ("n[2-3],db", ["n2", "n3", "d1"]),
        ("n?,!n3", ["n1", "n2"]),
    ],
)
def test_a_limit_is_of_targets_and_of_groups_in_the_list(limit: str, hosts: list[str]) -> None:
    listed = read_ini("localhost ansible_connection=local\n[web]\nw[1:2]\n[db]\nd1\n", "h")
    wish = Wish("/m", ["n[1-3]:/x", ":/y"], listed, limit=f"{limit},!localhost")
    inventory, _ = push_inventory(wish, "x.yaml")
    assert [host.name for host in inventory.hosts] == hosts
    assert [peer.host for peer in inventory.seeds] == hosts[:1]


def test_replace_holds_for_every_host() -> None:
    inventory, _ = push_inventory(Wish("/m", ["a,b:/srv"], replace=True, accept_new=True), "x.yaml")
    assert [(host.replace, host.accept_new) for host in inventory.hosts] == [(True, True), (True, True)]


def test_ports_of_this_machine_that_others_have_are_left_to_them() -> None:
    inventory, _ = push_inventory(Wish("/m", ["/a", "/b"], peer_port=6010), "x.yaml")
    assert [peer.port for peer in inventory.peers] == [6010, 6011]


@pytest.mark.parametrize(
    ("wish", "line"),
    [
        (Wish("/m"), "push: where to? weft push ./model USER@HOST:/folder, or ./folder on this machine"),
        (Wish("/m", ["a:"]), "push: 'a:' names no folder; write a:/folder"),
        (Wish("/m", ["a:srv"]), "push: 'a:srv': the folder after ':' must begin with / or ~/"),
        (Wish("/m", ["a:2222"]), "push: 'a:2222': the folder after ':' must begin with / or ~/"),
        (Wish("/m", ["a:~bob/x"]), "push: '~bob/x' names another user's home; write it out, or begin with '~/'"),
        (Wish("/m", ["a b:/x"]), "push: 'a b:/x' isn't a host; write HOST, USER@HOST or node[01-16]"),
        (Wish("/m", ["a:/x", "a:/y"]), "push: a is named twice; each host gets one copy, in one folder"),
        (Wish("/m", ["n[3-1]:/x"]), "push: '[3-1]' is descending; write [1-3]"),
        (Wish("/m", [":/x", ":/y"]), "push: ':/x' and ':/y' are both the folder for the list's hosts; write one"),
        (Wish("/m", [], read_plain("a", "l")), "push: a: into which folder? add it to its line, or for all: --to FILE"),
        (Wish("", ["a:/x"], seed="b,c:/m"), "push: 'b,c:/m' is several hosts; name one that has the payload"),
        (Wish("", ["a:/x"], seed="a:/y/m"), "push: a has the payload at /y/m, which stays there; leave it out of"),
        (Wish("", ["a:/x"], seed="a:/x/m"), "push: a has the payload already; name the hosts that are to get it"),
        (Wish("", ["a:/x"], seed="b"), "push: 'b' names no folder; write b:/folder"),
        (Wish("/m", ["a:/x", "/y"]), "push: hosts elsewhere can't fetch from folders of this machine without its"),
        (
            Wish("", ["/y"], seed="a:/m"),
            "push: '/y' is on this machine: with --seed, which has the payload, name HOST:",
        ),
        (Wish("", ["a:/x"], seed="./m"), "push: './m' is on this machine, and no host: weft push ./m TARGET"),
        (
            Wish("/m", [":/x"], read_ini("localhost ansible_connection=local\na\n", "h")),
            "push: localhost is this machine; leave it out with --limit '!localhost', or choose a group",
        ),
        (Wish("/m", ["a:/x"], limit="b"), "push: no host or group is called 'b'; known: a"),
        (Wish("/m", ["a:/x"], limit="!a"), "push: --limit: '!a' leaves no host; name at least one"),
        (Wish("/m", ["http://a/x"]), "push: 'http://a/x' isn't a host; write HOST, USER@HOST or ssh://USER@HOST:PORT"),
        (
            Wish("/m", ["2001:db8::1:/x"]),
            "push: '2001:db8::1:/x': the folder after ':' must begin with / or ~/; an IPv6",
        ),
        (Wish("/", ["a:/x"]), "push: swarm.payload.upload: '/' gives the payload no name; add 'name:'"),
    ],
)
def test_what_makes_no_inventory_is_a_line(wish: Wish, line: str) -> None:
    with pytest.raises(PushError) as error:
        push_inventory(wish, "x.yaml")
    assert str(error.value).startswith(line) and error.value.code == 2


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\nb c\n", "l:2: 'b c' holds several words; write one host a line"),
        ("a:99999\n", "l:1: 'a:99999' has the port '99999'; write a number from 1 to 65535"),
        ("\n\nmy host!\n", "l:3: 'my host!' holds several words; write one host a line"),
        ("x/y\n", "l:1: 'x/y' isn't a host; write HOST, USER@HOST or node[01-16]"),
    ],
)
def test_a_line_of_a_list_that_is_not_understood_is_named(text: str, line: str) -> None:
    with pytest.raises(InventoryError) as error:
        read_plain(text, "l")
    assert str(error.value) == line


@pytest.mark.parametrize(
    ("target", "remote"),
    [("a:/x", True), ("me@a:x", True), (":/x", True), ("./a", False), ("/a:b", False), ("~", False), (".", False)],
)
def test_a_colon_before_the_first_slash_names_a_host(target: str, remote: bool) -> None:
    assert is_remote(target) is remote


def test_a_bare_word_may_be_either() -> None:
    with pytest.raises(PushError, match=r"'node1' names no folder; write node1:/folder for a host, ./node1 for one"):
        is_remote("node1")


@pytest.mark.parametrize(
    ("payload", "name"), [("/a/my model!", "push-my-model-"), ("store:/data/m.tar/", "push-m.tar"), ("/é", "push--")]
)
def test_a_swarm_is_called_as_its_payload(payload: str, name: str) -> None:
    assert swarm_name(payload) == name
