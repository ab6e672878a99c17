"""Old configurations become inventories that load, keep IDs, order, ports and seeds; or one line says why not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.core.inventory import Generate, inventory_text, parse_inventory, read_machines
from peer.core.config import PeerRow, parse_common
from peer.core.errors import ConfigError
from tools import import_machines

TWO = [
    {
        "machine_name": "Machine 1",
        "host": "192.168.1.101",
        "peers": [{"id": 1001, "port": 6008, "has_file": True}, {"id": 1003, "port": 6009, "has_file": False}],
    },
    {"machine_name": "lab", "host": "lab.example.com", "peers": [{"id": 1002, "port": 6008, "has_file": False}]},
]
COMMON = """NumberOfPreferredNeighbors 3
UnchokingInterval 5
OptimisticUnchokingInterval 15
FileName The File.dat
FileSize 10000232
PieceSize 32768
"""


def converted(text: str, source: str = "old") -> str:
    return inventory_text(read_machines(text, source), "imported", source)


def test_machines() -> None:
    text = converted(json.dumps(TWO), "machines.json")
    assert text == (
        "# Made from machines.json. Check user and payload, then run: fab check\n"
        "swarm:\n"
        "  name: imported\n"
        "  payload: {generate: 20MiB}  # or {path: /on/the/seed}, {upload: ./local}\n"
        "hosts:\n"
        '  Machine-1: {address: "192.168.1.101"}\n'
        "  lab: {address: lab.example.com}\n"
        "peers:  # in the order of PeerInfo.cfg\n"
        "  - {id: 1001, host: Machine-1, port: 6008, seed: true}\n"
        "  - {id: 1003, host: Machine-1, port: 6009}\n"
        "  - {id: 1002, host: lab, port: 6008}\n"
    )
    assert parse_inventory(text).rows == (
        PeerRow(1001, "192.168.1.101", 6008, True),
        PeerRow(1003, "192.168.1.101", 6009, False),
        PeerRow(1002, "lab.example.com", 6008, False),
    )


def test_peer_info_keeps_its_rows_in_order() -> None:
    text = "1001 lin114-00 6008 1\n1002 lin114-01 6008 0\r\n\n1003 lin114-00 6009 0\n"
    inventory = parse_inventory(converted(text))
    assert inventory.rows == (
        PeerRow(1001, "lin114-00", 6008, True),
        PeerRow(1002, "lin114-01", 6008, False),
        PeerRow(1003, "lin114-00", 6009, False),
    )
    assert [host.name for host in inventory.hosts] == ["lin114-00", "lin114-01"]


@pytest.mark.parametrize("here", ["localhost", "127.0.0.1", "::1"])
def test_a_swarm_on_one_machine_becomes_local(here: str) -> None:
    inventory = parse_inventory(converted(f"1 {here} 6008 1\n2 {here} 6009 0\n"))
    assert [host.local for host in inventory.hosts] == [True]
    assert [row.port for row in inventory.rows] == [6008, 6009]


def test_common_cfg_makes_it_classic() -> None:
    machines = read_machines("1 a 6008 1\n2 b 6008 0\n", "PeerInfo.cfg")
    inventory = parse_inventory(inventory_text(machines, "old", "PeerInfo.cfg", parse_common(COMMON)))
    assert inventory.swarm.payload == Generate(10000232, "The File.dat", 0)
    assert inventory.swarm.profile == "classic"
    assert inventory.swarm.piece_size == 32768
    assert tuple(inventory.swarm.rounds) == (3, 5.0, 15.0)


@pytest.mark.parametrize(
    ("names", "hosts", "made"),
    [
        (["a", "a"], ["10.0.0.1", "10.0.0.2"], ["a", "a-2"]),
        (["a", "A"], ["10.0.0.1", "10.0.0.2"], ["a", "A-2"]),
        (["no", "on"], ["10.0.0.1", "10.0.0.2"], ["no", "on"]),
        (["012", "1e3"], ["10.0.0.1", "10.0.0.2"], ["012", "1e3"]),
        (["-x-", "../.."], ["10.0.0.1", "10.0.0.2"], ["x", "host"]),
        (["é", "日本"], ["10.0.0.1", "10.0.0.2"], ["host", "host-2"]),
        (["a[1-2]", "b: c"], ["10.0.0.1", "10.0.0.2"], ["a-1-2", "b-c"]),
        (["", None], ["10.0.0.1", "2001:db8::1"], ["10.0.0.1", "2001-db8-1"]),
        (["x", "y"], ["10.0.0.1", "10.0.0.1"], ["x", "y"]),
    ],
)
def test_names_become_safe_and_distinct(names: list[str | None], hosts: list[str], made: list[str]) -> None:
    entries = [
        {"machine_name": name, "host": host, "peers": [{"id": 10 + place, "port": 6008 + place, "has_file": 1}]}
        for place, (name, host) in enumerate(zip(names, hosts))
    ]
    inventory = parse_inventory(converted(json.dumps(entries)))
    assert [host.name for host in inventory.hosts] == made
    assert [host.address for host in inventory.hosts] == hosts
    assert len({(host.address, host.workdir) for host in inventory.hosts}) == 2


SHAPE = (
    'it should be like [{"machine_name": "a", "host": "10.0.0.1", '
    '"peers": [{"id": 1001, "port": 6008, "has_file": true}]}]'
)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "old: it names no peer; add a line 'peerID host port hasFile' for each peer"),
        ("1001 a 6008\n", "old:1: 3 words where 4 belong; write 'peerID host port hasFile(1/0)'"),
        ("[", "old: not JSON (Expecting value: line 1 column 2 (char 1)); " + SHAPE),
        ("{}", "old: not a list of machines; " + SHAPE),
        ("[]", "old: not a list of machines; " + SHAPE),
        ("[1]", "old: machine 1: not an object; " + SHAPE),
        ("[{}]", "old: machine 1: host is missing; " + SHAPE),
        ('[{"host": 5}]', "old: machine 1: host is 5; " + SHAPE),
        ('[{"host": "a"}]', "old: machine 1: peers is missing; " + SHAPE),
        ('[{"host": "a", "peers": {}}]', "old: machine 1: peers is {}; " + SHAPE),
        ('[{"host": "a", "peers": [5]}]', "old: machine 1, peer 1: not an object; " + SHAPE),
        ('[{"host": "a", "peers": [{"id": 1}]}]', "old: machine 1, peer 1: port is missing; " + SHAPE),
        ('[{"host": "a", "peers": [{"id": 1.5}]}]', "old: machine 1, peer 1: id is 1.5; " + SHAPE),
        (
            '[{"host": "a", "peers": [{"id": 1, "port": 1, "has_file": "x"}]}]',
            "old: machine 1, peer 1: has_file is 'x'; write true or false",
        ),
        (
            '[{"host": "a", "peers": []}]',
            "old: it makes no inventory: seeds: no peer starts with the payload; "
            "write seeds: [HOST], or seed: true on a peer; fix it there",
        ),
        (
            "1 a 6008 0\n",
            "old: it makes no inventory: peers: no peer starts with the payload; "
            "write seeds: [HOST], or seed: true on a peer; fix it there",
        ),
        (
            "1 a 6008 1\n2 a 6008 0\n",
            "old: it makes no inventory: peers[1].port: 6008 is taken by the peer at line 8 on the same machine; "
            "give each its own, or leave both out; fix it there",
        ),
        (
            "1 localhost 6008 1\n2 10.0.0.1 6008 0\n",
            "old: it makes no inventory: hosts.localhost: the other hosts can't reach 127.0.0.1 on localhost; "
            "set peer_address to its address in their network; fix it there",
        ),
        (
            "1 a;b 6008 1\n",
            "old: it makes no inventory: hosts.a-b.address: 'a;b' isn't an address; "
            "write a host name, an IPv4 or an IPv6 address; fix it there",
        ),
    ],
)
def test_what_makes_no_inventory(text: str, error: str) -> None:
    with pytest.raises(ConfigError) as caught:
        converted(text)
    assert str(caught.value) == error


@settings(deadline=None)
@given(st.text(max_size=80) | st.text(alphabet='[{"host:,pers id}]01 a', max_size=60).map(lambda text: "[" + text))
def test_any_text_is_an_inventory_or_a_configuration_error(text: str) -> None:
    try:
        made = converted(text)
    except ConfigError as error:
        assert "\n" not in str(error)
    else:
        parse_inventory(made)


ENTRIES = st.lists(
    st.fixed_dictionaries(
        {
            "machine_name": st.text(max_size=12),
            "host": st.from_regex(r"10\.0\.0\.[1-9]|[a-z]{1,5}|2001:db8::[1-9]", fullmatch=True),
            "peers": st.lists(
                st.fixed_dictionaries(
                    {
                        "id": st.integers(1, 9),
                        "port": st.integers(6008, 6012),
                        "has_file": st.sampled_from([True, False, 0, 1, "0", "1"]),
                    }
                ),
                max_size=3,
            ),
        }
    ),
    max_size=4,
)


@settings(deadline=None)
@given(ENTRIES)
def test_what_is_made_says_the_same_as_the_old(entries: list[dict[str, object]]) -> None:
    try:
        inventory = parse_inventory(converted(json.dumps(entries)))
    except ConfigError:
        return
    machines = read_machines(json.dumps(entries), "old")
    assert [(row.peer_id, row.port, row.has_file) for row in inventory.rows] == [
        (row.peer_id, row.port, row.has_file) for row in machines.peers
    ]


def run(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    code = import_machines.main(arguments)
    out, err = capsys.readouterr()
    return code, out, err


def test_the_tool(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, out = tmp_path / "machines.json", tmp_path / "inventory.yaml"
    old.write_text(json.dumps(TWO), encoding="utf-8")
    (tmp_path / "Common.cfg").write_text(COMMON, encoding="utf-8")
    code, printed, _ = run([str(old), "--name", "mine"], capsys)
    assert code == 0
    assert parse_inventory(printed).swarm.name == "mine"
    assert run([str(old), "-o", str(out), "--common", str(tmp_path / "Common.cfg")], capsys) == (0, "", "")
    assert parse_inventory(out.read_text(encoding="utf-8")).swarm.profile == "classic"
    before = out.read_text(encoding="utf-8")
    code, _, error = run([str(old), "-o", str(out)], capsys)
    assert (code, error) == (2, f"import_machines: {out}: is there already; --force replaces it\n")
    assert out.read_text(encoding="utf-8") == before
    assert run([str(old), "-o", str(out), "--force"], capsys)[0] == 0
    assert parse_inventory(out.read_text(encoding="utf-8")).swarm.profile == "fleet"


def test_the_tools_errors_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = tmp_path / "none.json"
    assert run([str(missing)], capsys) == (1, "", f"import_machines: {missing}: No such file or directory\n")
    latin = tmp_path / "latin.cfg"
    latin.write_bytes(b"\xe9")
    assert run([str(latin)], capsys) == (2, "", f"import_machines: {latin}: not UTF-8; save it as UTF-8\n")
    bad = tmp_path / "bad.json"
    bad.write_text("[1]", encoding="utf-8")
    code, _, error = run([str(bad)], capsys)
    assert (code, error.count("\n")) == (2, 1)
    code, _, error = run([str(bad), "--name", "a b"], capsys)
    assert code == 2
