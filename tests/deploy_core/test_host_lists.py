"""Lists of hosts in other tools' forms: text -> hosts, keys and groups; a line that isn't understood is named."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.core.hostlists.kinds import kind_of, read_list, split_kind
from deploy.core.hostlists.sshhosts import included
from deploy.core.inventory import InventoryError, parse_inventory
from deploy.core.inventory.listed import Listed, joined_lists

INI = """\
# comment
; comment
lone ansible_host=10.0.0.9 http_port=80
[web]
web[01:03] ansible_port=2200
www ansible_host=10.0.0.7 ansible_connection=ssh   # the old one
[db]
db-[a:b].example.com
db1:2222 ansible_ssh_private_key_file='~/.ssh/my key'
[site:children]
web
db
[site:vars]
ansible_user=site
ansible_python_interpreter=/usr/bin/python3.11
[web:vars]
ansible_user="web"
[all:vars]
ansible_user=everyone
ansible_ssh_common_args='-J jump@bastion:2022'
"""
INI_HOSTS = {
    "lone": {"address": "10.0.0.9", "user": "everyone", "jump": ("jump@bastion:2022",)},
    **{
        name: {"port": 2200, "user": "web", "python": "/usr/bin/python3.11", "jump": ("jump@bastion:2022",)}
        for name in ("web01", "web02", "web03")
    },
    "www": {
        "address": "10.0.0.7",
        "user": "web",
        "python": "/usr/bin/python3.11",
        "jump": ("jump@bastion:2022",),
    },
    **{
        name: {"user": "site", "python": "/usr/bin/python3.11", "jump": ("jump@bastion:2022",)}
        for name in ("db-a.example.com", "db-b.example.com")
    },
    "db1": {
        "port": 2222,
        "user": "site",
        "key": "~/.ssh/my key",
        "python": "/usr/bin/python3.11",
        "jump": ("jump@bastion:2022",),
    },
}
IP6_HOSTS = {
    "2001-db8-1": {"address": "2001:db8::1", "port": 22},
    "2001-db8-2": {"address": "2001:db8::2"},
}
GROUPS = {
    "web": ("web01", "web02", "web03", "www"),
    "db": ("db-a.example.com", "db-b.example.com", "db1"),
    "site": ("web01", "web02", "web03", "www", "db-a.example.com", "db-b.example.com", "db1"),
}
YAML = """\
all:
  hosts:
    lone: {ansible_host: 10.0.0.9, http_port: 80}
  vars:
    ansible_user: everyone
    ansible_ssh_common_args: -o ProxyJump=jump@bastion:2022
  children:
    site:
      vars: {ansible_user: site, ansible_python_interpreter: /usr/bin/python3.11}
      children:
        web:
          vars: {ansible_user: web}
          hosts:
            web[01:03]: {ansible_port: 2200}
            www:
              ansible_host: 10.0.0.7
        db:
          hosts:
            db-[a:b].example.com:
            db1: {ansible_port: 2222, ansible_ssh_private_key_file: ~/.ssh/my key}
"""
JSON = """\
{"_meta": {"hostvars": {"a": {"ansible_host": "10.0.0.1", "ansible_port": 2200, "x": [1]}, "b": {}}},
 "all": {"children": ["ungrouped", "web"]}, "web": {"hosts": ["a", "b"]}}
"""
SSH_CONFIG = """\
Include ~/.ssh/more/*
Host alpha beta
  HostName %h.example.com
  User me
host=gamma
  HostName 10.0.0.3
Host *.example.com !x
Match host delta
  HostName 10.0.0.4
Host *
  HostName %h.lan
Host delta
"""


def found(text: str, source: str = "hosts", kind: str = "") -> dict[str, dict[str, Any]]:
    return {host.name: dict(host.keys) for host in read_list(text, source, kind).hosts}


@pytest.mark.parametrize(
    ("source", "text", "kind"),
    [
        ("hosts.txt", "a\nb[1-3]\n", "list"),
        ("hosts", "[2001:db8::1]:22\n", "list"),
        ("hosts", "a\n[web]\nb\n", "ansible"),
        ("hosts", "web[01:16].example.com\n", "ansible"),
        ("hosts", "[2001:1:2:3:4:5:6:7]\n", "list"),
        ("hosts", "a ansible_host=10.0.0.1\n", "ansible"),
        ("hosts.yml", "a:\n", "ansible"),
        ("hosts", '{"all": {}}', "ansible"),
        ("config", "# x\n\nhost a\n", "ssh_config"),
        ("config", "Include x\n", "ssh_config"),
        ("nodes", "NodeName=n1 Arch=x86_64\n", "slurm"),
        ("hostfile", "a slots=4\n", "mpi"),
        ("hostfile", "a max-slots = 4\n", "mpi"),
    ],
)
def test_the_kind_of_a_list_is_told_by_its_text(source: str, text: str, kind: str) -> None:
    assert kind_of(text, source) == kind


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("hosts.txt", ("", "hosts.txt")),
        ("mpi:hosts.txt", ("mpi", "hosts.txt")),
        ("slurm:", ("slurm", "")),
        ("slurm:n[1-4],gpu1", ("slurm", "n[1-4],gpu1")),
        ("c:hosts", ("", "c:hosts")),
    ],
)
def test_a_kind_may_be_said(word: str, parts: tuple[str, str]) -> None:
    assert split_kind(word) == parts


@pytest.mark.parametrize(
    ("kind", "text", "hosts"),
    [
        ("list", "a # one\n\n  me@b:22\nn[1-2],c\n", {"a": {}, "b": {"user": "me", "port": 22}, "n[1-2]": {}, "c": {}}),
        ("list", "2001:db8::1\n", {"2001-db8-1": {"address": "2001:db8::1"}}),
        ("list", "a\na\nme@n[1-3]\nme@n2\nme@n[3-4]\n", {"a": {}, "n[1-3]": {"user": "me"}, "n4": {"user": "me"}}),
        (
            "list",
            "ssh://me@a:22/srv\nssh://b\nscp://c/~/x\nssh://[2001:db8::1]:2200/\n",
            {
                "a": {"user": "me", "port": 22, "destination": "/srv"},
                "b": {},
                "c": {"destination": "~/x"},
                "2001-db8-1": {"address": "2001:db8::1", "port": 2200},
            },
        ),
        ("slurm", "n[01-03,7],gpu1\n", {"n[01-03,7]": {}, "gpu1": {}}),
        ("slurm", "n1\nn2\nn1\n", {"n1": {}, "n2": {}}),
        (
            "slurm",
            "NodeName=n1 Arch=x86_64\n   NodeAddr=10.0.0.1 NodeHostName=n1\n\nNodeName=n2 NodeAddr=n2 Version=22\n",
            {"n1": {"address": "10.0.0.1"}, "n2": {}},
        ),
        (
            "slurm",
            "NodeName=DEFAULT CPUs=4\nNodeName=n[1-2] NodeAddr=10.0.0.[1-2]\nNodeName=m1 CPUs=2\nPartitionName=p\n",
            {"n[1-2]": {"address": "10.0.0.[1-2]"}, "m1": {}},
        ),
        ("mpi", "a slots=4 max_slots=8\nb:4\na slots=2\nme@c\n", {"a": {}, "b": {}, "c": {"user": "me"}}),
        ("mpi", "a:8 user=bob binding=user:0\nb\n", {"a": {"user": "bob"}, "b": {}}),
        (
            "ssh_config",
            SSH_CONFIG,
            {
                "alpha": {"peer_address": "alpha.example.com"},
                "beta": {"peer_address": "beta.example.com"},
                "gamma": {"peer_address": "10.0.0.3"},
                "delta": {"peer_address": "delta.lan"},
            },
        ),
        (
            "ssh_config",
            "Host web web.lan 10.0.0.1\n HostName 10.0.0.1\nHost a b\n User me\nHost ::5\n User me\n",
            {"web": {"peer_address": "10.0.0.1"}, "a": {}, "b": {}, "5": {"address": "::5"}},
        ),
        ("ansible", INI, INI_HOSTS),
        ("ansible", YAML, INI_HOSTS),
        ("ansible", JSON, {"a": {"address": "10.0.0.1", "port": 2200}, "b": {}}),
        ("ansible", "a ansible_connection=local\nb\n[x]\nb\n", {"a": {"connection": "local"}, "b": {}}),
        ("ansible", "h[1:10:4] ansible_python_interpreter=auto\n", {"h1": {}, "h5": {}, "h9": {}}),
        (
            "ansible",
            "a ansible_ssh_common_args='-o ProxyCommand=\"ssh -q -W %h:%p -p 2022 me@b\"'\n",
            {"a": {"jump": ("me@b:2022",)}},
        ),
        ("ansible", "a ansible_ssh_common_args='-o ProxyJump=b,c'\n", {"a": {"jump": ("b", "c")}}),
        ("ansible", "a\na:22\nb:22\nb\n", {"a": {}, "b": {"port": 22}}),  # as Ansible does
        ("ansible", "\ufeff[web]\r\na\r\n", {"a": {}}),
        ("ansible", "[2001:db8::1]:22\n2001:db8::2\n", IP6_HOSTS),
        (
            "ansible",
            "---\nall: {hosts: {'2001:db8::1': {ansible_port: 22, x: !vault y}, '2001:db8::2': }}\n",
            IP6_HOSTS,
        ),
        (
            "ansible",
            '{"_meta": {"hostvars": {"2001:db8::1": {"ansible_port": 22}}},'
            ' "w": {"hosts": ["2001:db8::1", "2001:db8::2"]}}',
            IP6_HOSTS,
        ),
    ],
)
def test_a_list_is_read(kind: str, text: str, hosts: dict[str, dict[str, Any]]) -> None:
    read = found(text, kind=kind)
    assert {name: dict(sorted(keys.items())) for name, keys in read.items()} == {
        name: dict(sorted(keys.items())) for name, keys in hosts.items()
    }


def test_groups_of_ansible_are_groups() -> None:
    assert dict(read_list(INI, "x").groups) == GROUPS
    assert dict(read_list(YAML, "x.yml").groups) == GROUPS
    assert dict(read_list(JSON, "x").groups) == {"web": ("a", "b")}


def test_includes_are_told() -> None:
    assert included(SSH_CONFIG) == ["~/.ssh/more/*"]


@pytest.mark.parametrize(
    ("kind", "text", "line"),
    [
        ("list", "a\nb slots=4\n", "h:2: 'b slots=4' holds several words; write one host a line"),
        ("list", "a\nme@a\n", "h:2: 'a' is at line 1 already, and differs; keep one of them"),
        ("list", "node01:4\n", "h:1: 'node01:4' has no port of SSH; a list for MPI is named mpi:h"),
        ("list", "http://a\n", "h:1: 'http://a' isn't a host; write HOST, USER@HOST or ssh://USER@HOST:PORT"),
        ("list", "ssh://a:x/y\n", "h:1: 'a:x': the folder after ':' must begin with / or ~/"),
        ("ansible", "b\n[b]\nb\nc\n", "h:2: 'b' is a group and one of several hosts; rename one of the two"),
        ("ansible", "[a:children]\nb\n[a:vars]\nx=1\n", "h:2: no group is called 'b'; write a section [b] with its"),
        ("list", "web[01:16]\n", "h:1: '[01:16]' isn't a range; write numbers like [01-16] or [1-4,7]"),
        ("slurm", "n[1-\n", "h:1: 'n[1-' has an unmatched bracket; write a range like node[01-16]"),
        ("mpi", "a slots=x\n", "h:1: 'slots=x' is none of slots=COUNT, max_slots=COUNT and user=NAME"),
        ("mpi", "a\nb cores\n", "h:2: 'cores' is none of slots=COUNT, max_slots=COUNT and user=NAME"),
        ("ssh_config", 'Host "a\n', "h:1: a quote isn't closed"),
        ("ansible", "[web\na\n", "h:1: '[web' can't be a name; use up to 100 letters"),
        ("ansible", "[web:hosts]\n", "h:1: '[web:hosts]' is none of [GROUP], [GROUP:children] and [GROUP:vars]"),
        ("ansible", "[a]\nb c\n", "h:2: 'c' isn't a variable; write NAME=VALUE, and one host a line"),
        ("ansible", "[a:vars]\nb\n", "h:2: 'b' isn't a variable; write NAME=VALUE"),
        ("ansible", "a x='y\n", "h:1: a quote isn't closed"),
        ("ansible", "a ansible_port=x\n", "h:1: a: ansible_port: 'x' isn't a port; write a number from 1 to 65535"),
        ("ansible", "a\n[all:vars]\nansible_user={{ me }}\n", "h:3: a: ansible_user is a template; write its value"),
        ("ansible", "a ansible_password=x\n", "h:1: a: ansible_password: passwords aren't supported; use a key"),
        ("ansible", "a ansible_connection=winrm\n", "h:1: a: ansible_connection: 'winrm' isn't SSH; leave this host"),
        ("ansible", "a ansible_ssh_common_args='-C'\n", "h:1: a: ansible_ssh_common_args: '-C': only a jump is"),
        ("ansible", "a ansible_ssh_common_args='-o User=x'\n", "h:1: a: ansible_ssh_common_args: 'User=x': only a"),
        ("ansible", "a[1:99999999]\n", "h:1: 'a[1:99999999]' makes too many names; at most 10000 are possible"),
        ("ansible", "[a:children]\nb\n[b:children]\na\n", "h:1: groups contain one another: a > b > a; remove one"),
        ("ansible", "---\nall: [a]\n", "h:2: all is a list, not a mapping; end each name with ':'"),
        ("ansible", "---\nall:\n  host: {a: }\n", "h:3: 'host' is none of hosts, children and vars"),
        ("ansible", "---\nplugin: aws_ec2\n", "h:2: it is for a plugin of Ansible: install ansible-inventory"),
        (
            "ansible",
            "---\nall: {hosts: {a: {ansible_user: !vault x}}}\n",
            "h:2: a: ansible_user is marked !vault, not a",
        ),
        ("ansible", "---\nall: {hosts: {a: {x: !other y}}}\n", "h:2: all.hosts.a.x: the tag '!other' isn't supported"),
        ("ansible", "---\na: {\n", "h:"),
        ("ansible", '{"a": ', "h:1: not JSON (Expecting value)"),
        ("ansible", '{"a": {"hosts": "b"}}', "h: a.hosts isn't a list of names"),
    ],
)
def test_what_is_not_understood_names_file_and_line(kind: str, text: str, line: str) -> None:
    with pytest.raises(InventoryError) as error:
        read_list(text, "h", kind)
    assert str(error.value).startswith(line), str(error.value)


INVENTORY = """\
swarm: {name: t, payload: {generate: 1KiB}}
defaults: {user: fleet}
hosts:
  from: hosts.ini
  www: {destination: /srv}
  store: {}
groups: {db: [store]}
seeds: [store]
"""


def test_an_inventory_takes_listed_hosts_and_its_own_words_come_first() -> None:
    inventory = parse_inventory(INVENTORY, listed=read_list(INI, "hosts.ini"))
    assert [host.name for host in inventory.hosts] == [*INI_HOSTS, "store"]
    www = inventory.host("www")
    assert (www.address, www.user, www.destination) == ("10.0.0.7", "web", "/srv")
    assert inventory.host("store").user == "fleet"
    assert inventory.groups["web"] == GROUPS["web"] and inventory.groups["db"] == ("store",)
    assert [str(jump) for jump in www.jump] == ["jump@bastion:2022"]


@pytest.mark.parametrize(
    ("hosts", "text", "found"),
    [
        ('"web[1-2]": {destination: /x}', "web1\nweb2\nweb3\n", {"web1": "/x", "web2": "/x", "web3": None}),
        ("web2: {destination: /x}", "web[1-3]\n", {"web1": None, "web2": "/x", "web3": None}),
        ('"web[2-3]": {destination: /x}', "web[1-2]\n", {"web1": None, "web2": "/x", "web3": "/x"}),
    ],
)
def test_ranges_of_the_inventory_and_of_a_list_are_of_single_hosts(
    hosts: str, text: str, found: dict[str, str | None]
) -> None:
    inventory = f"swarm: {{name: t, payload: {{path: /m}}}}\nhosts: {{from: l, {hosts}}}\nseeds: [web1]\n"
    read = parse_inventory(inventory, listed=read_list(text, "l"))
    assert {host.name: host.destination for host in read.hosts} == found


def test_an_address_advances_with_a_listed_range() -> None:
    text = "swarm: {name: t, payload: {path: /m}}\nhosts: {from: l}\nseeds: [n1]\n"
    read = parse_inventory(text, listed=read_list("NodeName=n[1-2] NodeAddr=10.0.0.[1-2]\n", "l"))
    assert [host.address for host in read.hosts] == ["10.0.0.1", "10.0.0.2"]


@pytest.mark.parametrize(
    ("hosts", "text", "line"),
    [
        (
            "from: h.ini",
            "[w]\na\nlocalhost ansible_connection=local\n",
            "h.ini:3: hosts.localhost: the other hosts can't",
        ),
        ("from: h.ini", "a\nb\nA\n", "h.ini:3: hosts.A: 'A' and 'a' differ only in case; rename one of the two"),
        ('from: h.ini, "b[1-2]": {adress: x}', "a\nb1\n", "inventory.yaml:2: hosts.b1.adress: unknown key; did you"),
    ],
)
def test_a_mistake_in_a_listed_host_names_the_list(hosts: str, text: str, line: str) -> None:
    with pytest.raises(InventoryError) as error:
        parse_inventory(
            f"swarm: {{name: t, payload: {{path: /m}}}}\nhosts: {{{hosts}}}\nseeds: [a]\n",
            listed=read_list(text, "h.ini"),
        )
    assert str(error.value).startswith(line), str(error.value)


def test_a_group_called_as_its_only_host_is_that_host() -> None:
    read = read_list("[web1]\nweb1\n[all:vars]\nansible_user=me\n[db]\nd1\n", "h")
    assert (dict(read.groups), read.hosts[0].keys) == ({"db": ("d1",)}, {"user": "me"})


def test_an_inventory_without_hosts_of_its_own_takes_those_of_a_list() -> None:
    text = "swarm: {name: t, payload: {generate: 1KiB}}\nseeds: [a]\n"
    assert [host.name for host in parse_inventory(text, listed=read_list("a\nn[1-2]\n", "l")).hosts] == [
        "a",
        "n1",
        "n2",
    ]


@pytest.mark.parametrize("value", ["{address: 10.0.0.1}", "", "[1]", "7"])
def test_a_host_may_still_be_called_from(value: str) -> None:
    text = f"swarm: {{name: t, payload: {{generate: 1KiB}}}}\nhosts:\n  from: {value}\nseeds: [from]\n"
    if value in ("[1]", "7"):
        with pytest.raises(InventoryError, match=r"hosts\.from: is "):
            parse_inventory(text, listed=Listed(()))
    else:
        assert [host.name for host in parse_inventory(text, listed=Listed(())).hosts] == ["from"]


def test_of_two_lists_the_later_one_counts() -> None:
    both = joined_lists([read_list("a\nme@b\n", "l"), read_list("you@b\n", "l"), read_list("[g]\na\n", "l")])
    assert [(host.name, dict(host.keys)) for host in both.hosts] == [("a", {}), ("b", {"user": "you"})]
    assert both.groups == {"g": ("a",)}
