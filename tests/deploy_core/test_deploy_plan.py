"""The plan as data: order, wording and selection; and the texts that are pushed, read back by their own readers."""

from __future__ import annotations

import hashlib

import pytest

from deploy.core.inventory import Inventory, limited, localized, parse_inventory
from deploy.core.plan import (
    PHASES,
    Facts,
    facts_of,
    final_path,
    format_steps,
    piece_size_of,
    steps,
    swarm_folder,
    texts,
)
from peer.core.config import Common, parse_common, parse_peer_info
from peer.core.manifest import FileEntry, Manifest
from peer.core.swarmfile import parse_swarm

BODY = """
hosts:
  beta: {address: 10.0.0.2, jump: me@bastion, destination: /srv/models}
  alpha: {address: 10.0.0.1}
seeds: [alpha]
peers:
  - {id: 1003, host: beta}
  - {id: 1001, host: alpha, seed: true}
  - {id: 1002, host: alpha}
"""


def swarm_with(payload: str, more: str = "") -> Inventory:
    return parse_inventory(f"swarm: {{name: demo, payload: {payload}{more}}}\n{BODY}")


MADE = swarm_with("{generate: 20MiB}")
FOUND = swarm_with("{path: /data/model}")
UPLOADED = swarm_with("{upload: ./build.tar}")


def lines(inventory: Inventory, *phases: str) -> list[str]:
    return [" | ".join(str(part) for part in step) for step in steps(inventory, phases)]


def test_check() -> None:
    assert lines(MADE, "check") == [
        "check | beta | None | log in through me@bastion; python3, room for 20 MiB in ~/.weft, clock, port 6008 free",
        "check | alpha | None | log in; python3, room for 20 MiB in ~/.weft, clock, port 6008, 6009 free",
        "check | beta | None | reach the other hosts' peer ports",
        "check | alpha | None | reach the other hosts' peer ports",
    ]


@pytest.mark.parametrize(
    ("inventory", "first"),
    [
        (
            MADE,
            "make TheFile.dat (20 MiB, 320 pieces of 64 KiB) at ~/.weft/demo/peer_1001/TheFile.dat, hash it",
        ),
        (FOUND, "find /data/model, hash it"),
        (UPLOADED, "upload ./build.tar to ~/.weft/demo/peer_1001/build.tar, hash it"),
    ],
)
def test_deploy_has_the_payload_before_it_pushes(inventory: Inventory, first: str) -> None:
    assert lines(inventory, "deploy") == [
        f"deploy | alpha | 1001 | {first}",
        "deploy | beta | None | push code, configuration and each peer's keys to ~/.weft/demo, unless they are there",
        "deploy | alpha | None | push code, configuration and each peer's keys to ~/.weft/demo, unless they are there",
    ]


def test_no_keys_without_tls() -> None:
    made = lines(swarm_with("{generate: 1MiB}", ", tls: false"), "deploy")
    assert made[-1] == "deploy | alpha | None | push code, configuration to ~/.weft/demo, unless they are there"


def test_start_is_in_peerinfo_order_and_stop_the_other_way_round() -> None:
    assert [step.peer for step in steps(MADE, ["start"])] == [1003, 1001, 1002]
    assert [step.peer for step in steps(MADE, ["start"])] == [row.peer_id for row in MADE.rows]
    assert [step.peer for step in steps(MADE, ["stop"])] == [1002, 1001, 1003]
    assert lines(MADE, "start")[:2] == [
        "start | beta | 1003 | start a peer without the payload, wait until 10.0.0.2 port 6008 listens",
        "start | alpha | 1001 | start the seed, wait until 10.0.0.1 port 6008 listens",
    ]


def test_the_other_phases() -> None:
    assert lines(FOUND, "logs", "status", "collect-logs", "verify", "clean") == [
        "logs | beta | None | follow peer 1003 until done",
        "logs | alpha | None | follow 2 peers until done",
        "status | beta | None | ask peer 1003",
        "status | alpha | None | ask 2 peers",
        "collect-logs | beta | None | fetch logs and status of peer 1003",
        "collect-logs | alpha | None | fetch logs and status of 2 peers",
        "verify | beta | 1003 | hash /srv/models/model, compare with the manifest",
        "verify | alpha | 1001 | hash /data/model, compare with the manifest",
        "verify | alpha | 1002 | hash ~/.weft/demo/peer_1002/model, compare with the manifest",
        "clean | beta | None | stop, then remove ~/.weft/demo; /srv/models keeps its copy",
        "clean | alpha | None | stop, then remove ~/.weft/demo",
    ]


def test_up_stands_for_four_phases() -> None:
    assert steps(MADE, ["up"]) == steps(MADE, ["deploy", "start", "logs", "verify"])
    assert steps(MADE, ["check", "up"]) == steps(MADE, ["check", "deploy", "start", "logs", "verify"])
    assert steps(MADE, []) == ()


@pytest.mark.parametrize("phase", PHASES)
def test_only_selected_hosts_have_steps(phase: str) -> None:
    view = limited(MADE, "beta")
    assert {step.host for step in steps(view, [phase])} == {"beta"}
    assert {step.phase for step in steps(view, [phase])} == {phase}
    assert {step.host for step in steps(MADE, [phase])} == {"alpha", "beta"}


def test_a_phase_that_does_not_exist() -> None:
    with pytest.raises(ValueError, match="no phase is called 'launch'; known: up, check, deploy"):
        steps(MADE, ["launch"])


def test_a_local_swarm_logs_in_nowhere() -> None:
    made = lines(localized(MADE, "/tmp/x"), "check")
    assert made[0] == "check | beta | None | python3, room for 20 MiB in /tmp/x/beta, clock, port 6008 free"


@pytest.mark.parametrize(
    ("inventory", "size", "facts"),
    [
        (MADE, None, Facts("TheFile.dat", 20971520, 65536, 320)),
        (MADE, 5, Facts("TheFile.dat", 20971520, 65536, 320)),
        (FOUND, None, Facts("model", None, None, None)),
        (FOUND, 65537, Facts("model", 65537, 65536, 2)),
        (UPLOADED, 0, Facts("build.tar", 0, 65536, 0)),
        (swarm_with("{path: /x}", ", piece_size: 1MiB"), None, Facts("x", None, 1048576, None)),
        (swarm_with("{generate: 10000232}", ", piece_size: 32768"), None, Facts("TheFile.dat", 10000232, 32768, 306)),
    ],
)
def test_facts(inventory: Inventory, size: int | None, facts: Facts) -> None:
    assert facts_of(inventory, size) == facts


def test_facts_in_words() -> None:
    assert str(facts_of(MADE)) == "TheFile.dat (20 MiB, 320 pieces of 64 KiB)"
    assert str(facts_of(FOUND)) == "model (its size is known on the seed)"


def test_measured_facts_are_shown() -> None:
    made = steps(FOUND, ["check"], facts_of(FOUND, 3 * 2**30))
    assert "room for 3 GiB in" in made[0].what


def test_steps_in_columns() -> None:
    assert format_steps(steps(limited(FOUND, "alpha"), ["deploy", "start"])) == (
        "deploy  alpha  1001  find /data/model, hash it",
        "deploy  alpha        push code, configuration and each peer's keys to ~/.weft/demo, unless they are there",
        "start   alpha  1001  start the seed, wait until 10.0.0.1 port 6008 listens",
        "start   alpha  1002  start a peer without the payload, wait until 10.0.0.1 port 6009 listens",
    )
    assert format_steps(()) == ()


def test_folders_and_final_paths() -> None:
    assert swarm_folder(MADE, "alpha") == "~/.weft/demo"
    assert swarm_folder(localized(MADE, "/x"), "alpha") == "/x/alpha/demo"
    assert [final_path(MADE, peer) for peer in MADE.peers] == [
        "/srv/models/TheFile.dat",
        "~/.weft/demo/peer_1001/TheFile.dat",
        "~/.weft/demo/peer_1002/TheFile.dat",
    ]
    with pytest.raises(KeyError):
        swarm_folder(MADE, "zeta")


def manifest(size: int, piece_size: int) -> Manifest:
    digest = hashlib.sha256(b"").hexdigest()
    pieces = tuple(hashlib.sha256(bytes([index])).digest() for index in range(-(-size // piece_size)))
    return Manifest("TheFile.dat", False, piece_size, (FileEntry("TheFile.dat", size, 0o644, digest),), (), pieces)


def test_pushed_texts_say_what_the_inventory_says() -> None:
    inventory = swarm_with(
        "{generate: 100000}",
        ", piece_size: 32768, preferred: 3, unchoking: 1, optimistic: 2.5, patience: 30, degree: 8, uploads: 2",
    )
    pushed = texts(inventory, "alpha", manifest(100_000, 32768), "run-1")
    assert sorted(pushed) == ["Common.cfg", "PeerInfo.cfg", "swarm.json"]
    assert parse_common(pushed["Common.cfg"]) == Common(3, 1.0, 2.5, "TheFile.dat", 100_000, 32768)
    assert parse_peer_info(pushed["PeerInfo.cfg"]) == inventory.rows
    assert pushed["PeerInfo.cfg"].splitlines() == [
        "1003 10.0.0.2 6008 0",
        "1001 10.0.0.1 6008 1",
        "1002 10.0.0.1 6009 0",
    ]
    swarm = parse_swarm(pushed["swarm.json"])
    assert (swarm.name, swarm.run, swarm.profile, swarm.tls) == ("demo", "run-1", "fleet", True)
    assert tuple(swarm.limits[:3]) == (30.0, 8, 2)
    assert swarm.manifest == manifest(100_000, 32768)


def test_a_limited_deploy_pushes_the_whole_swarms_peerinfo() -> None:
    view = limited(MADE, "beta")
    pushed = texts(view, "beta", manifest(10, 65536), "r")
    assert parse_peer_info(pushed["PeerInfo.cfg"]) == MADE.rows


def test_texts_for_an_unknown_host() -> None:
    with pytest.raises(KeyError):
        texts(MADE, "zeta", manifest(10, 65536), "r")


@pytest.mark.parametrize(
    ("more", "size", "piece_size"),
    [("", 1, 65536), ("", 2**40, 16 * 2**20), (", piece_size: 5KiB", 2**40, 5120)],
)
def test_piece_size(more: str, size: int, piece_size: int) -> None:
    assert piece_size_of(swarm_with("{path: /x}", more), size) == piece_size
