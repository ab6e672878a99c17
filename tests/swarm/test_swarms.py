"""Whole swarms of real processes, in each profile: equal copies, exact logs, and everybody leaves by itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Callable, Dict, List

import pytest

from peer.core import eventlog
from peer.core.limits import Limits
from tests.helpers.swarmfolder import SwarmFolder
from tests.helpers.waiting import wait_for
from tests.swarm.process import PeerProcess, Starter, assert_all_well

MakeFolder = Callable[..., SwarmFolder]
MIB = 1024 * 1024


def assert_logs_are_exact(folder: SwarmFolder) -> None:
    """All lines parse, each piece was logged once a leecher, its count went up by one each time, the end came once."""
    total = folder.manifest.piece_count
    for peer in folder.ids:
        entries = folder.entries(peer)
        assert {entry.me for entry in entries} <= {peer}
        pieces = [entry for entry in entries if entry.kind == "piece"]
        complete = [entry for entry in entries if entry.kind == "complete"]
        if folder.row(peer).has_file:
            assert not pieces and not complete
            continue
        assert sorted(entry.piece or 0 for entry in pieces) == list(range(total))
        assert [entry.owned for entry in pieces] == list(range(1, total + 1))
        assert len(complete) == 1


def assert_everybody_met(folder: SwarmFolder) -> None:
    """Each dialled exactly those before it in PeerInfo.cfg, and was dialled by those behind."""
    for place, peer in enumerate(folder.ids):
        entries = folder.entries(peer)
        assert others(entries, "dialled") == folder.ids[:place]
        assert others(entries, "accepted") == folder.ids[place + 1 :]


def others(entries: "List[eventlog.Entry]", kind: str) -> List[int]:
    return sorted({entry.other for entry in entries if entry.kind == kind and entry.other is not None})


def kinds(folder: SwarmFolder) -> "set[str]":
    return {entry.kind for peer in folder.ids for entry in folder.entries(peer)}


def run_swarm(starter: Starter, folder: SwarmFolder) -> Dict[int, PeerProcess]:
    """All peers from their start to their end by themselves."""
    processes = starter.start_all(folder)
    assert_all_well(*processes.values())
    for peer, process in processes.items():
        status = process.status
        assert status.pieces == status.total == folder.manifest.piece_count
        downloaded = sum(folder.manifest.piece_length(index) for index in folder.downloads(peer))
        assert status.bytes_down >= downloaded, "the last status counts every byte"
    return processes


def test_classic_as_the_assignment_has_it(starter: Starter, swarm_folder: MakeFolder) -> None:
    """Five peers, 20 MiB in pieces of 16 KiB, two preferred neighbours, one and two seconds."""
    folder = swarm_folder(peers=5, size=20 * MIB, unchoking=1, optimistic=2)
    assert "\nUnchokingInterval 1\n" in (folder.root / "Common.cfg").read_text(), "as foreign peers write it"
    run_swarm(starter, folder)
    folder.assert_equal()
    assert_logs_are_exact(folder)
    assert_everybody_met(folder)
    assert kinds(folder) == set(eventlog.KINDS)


def test_classic_with_hashes(starter: Starter, swarm_folder: MakeFolder) -> None:
    folder = swarm_folder(peers=4, size=3 * MIB + 5, profile="classic", seeds=(0, 2))
    run_swarm(starter, folder)
    folder.assert_equal()
    assert_logs_are_exact(folder)
    assert_everybody_met(folder)


@pytest.mark.parametrize("tree", [False, True], ids=["file", "tree"])
def test_fleet(starter: Starter, swarm_folder: MakeFolder, tree: bool) -> None:
    folder = swarm_folder(peers=5, size=20 * MIB + 7, piece_size=64 * 1024, profile="fleet", tree=tree)
    processes = run_swarm(starter, folder)
    folder.assert_equal()
    assert_logs_are_exact(folder)
    assert_everybody_met(folder)
    for process in processes.values():
        assert {neighbour.profile for neighbour in process.status.neighbours} == {"fleet"}


def test_fleet_by_its_graph(starter: Starter, swarm_folder: MakeFolder) -> None:
    """More peers than anybody has neighbours: not everybody meets everybody, and yet all get everything."""
    folder = swarm_folder(peers=7, size=MIB, profile="fleet", limits=Limits(patience=30.0, degree=2), seeds=(3,))
    processes = run_swarm(starter, folder)
    folder.assert_equal()
    assert_logs_are_exact(folder)
    assert any(len(process.status.neighbours) < 6 for process in processes.values())


def test_fleet_and_classic_in_one_swarm(starter: Starter, swarm_folder: MakeFolder, tmp_path: Path) -> None:
    """Each pair speaks the best that both know; a fleet peer is polite to those that know only the classic rules."""
    fleet = swarm_folder(peers=5, size=2 * MIB + 100, profile="fleet")
    bare = fleet.twin(tmp_path / "swarm" / "bare", "")
    hashed = fleet.twin(tmp_path / "swarm" / "hashed", "classic")
    places = {1001: fleet, 1002: bare, 1003: fleet, 1004: hashed, 1005: fleet}
    processes = {peer: starter.start(folder, peer) for peer, folder in places.items()}
    assert_all_well(*processes.values())
    for peer, folder in places.items():
        folder.assert_equal(peer)
        assert len(folder.downloads(peer)) == (0 if peer == 1001 else fleet.manifest.piece_count)
    spoken = {neighbour.peer: neighbour.profile for neighbour in processes[1003].status.neighbours}
    assert spoken == {1001: "fleet", 1002: "classic", 1004: "classic", 1005: "fleet"}


@pytest.mark.parametrize("profile", ["", "fleet"], ids=["classic", "fleet"])
@pytest.mark.parametrize("size", [0, 1, 16_384, 5 * 16_384], ids=["empty", "one byte", "one piece", "exact multiple"])
def test_odd_sizes(starter: Starter, swarm_folder: MakeFolder, profile: str, size: int) -> None:
    folder = swarm_folder(peers=3, size=size, profile=profile, unchoking=0.1, optimistic=0.1)
    run_swarm(starter, folder)
    folder.assert_equal()
    assert_logs_are_exact(folder)


def test_peers_on_localhost_with_sloppy_configuration(starter: Starter, swarm_folder: MakeFolder) -> None:
    """CRLF, blank lines, trailing blanks, a byte-order mark, and names in place of addresses."""
    folder = swarm_folder(peers=3, host="localhost")
    for name in ("Common.cfg", "PeerInfo.cfg"):
        text = (folder.root / name).read_text()
        sloppy = "\ufeff\r\n" + text.replace("\n", " \t\r\n\r\n").replace(" ", "   ")
        (folder.root / name).write_bytes(sloppy.encode())
    run_swarm(starter, folder)
    folder.assert_equal()
    assert_everybody_met(folder)


@pytest.mark.parametrize("profile", ["", "classic", "fleet"], ids=["classic", "hashed", "fleet"])
def test_a_late_starter_gets_everything(starter: Starter, swarm_folder: MakeFolder, profile: str) -> None:
    """The others are whole by then and wait for it, because nobody else will serve it."""
    folder = swarm_folder(peers=4, profile=profile)
    late = folder.ids[-1]
    early = starter.start_all(folder, *folder.ids[:-1])
    wait_for(lambda: {folder.state(peer) for peer in early} == {"seeding"}, "the early ones to be whole")
    for peer, process in early.items():
        assert process.code is None, f"peer {peer} left while peer {late} had nothing"
    assert_all_well(starter.start(folder, late), *early.values())
    folder.assert_equal()
    assert_logs_are_exact(folder)


def test_the_first_may_start_last(starter: Starter, swarm_folder: MakeFolder) -> None:
    """Those listed behind dial again until it listens."""
    folder = swarm_folder(peers=3)
    behind = starter.start_all(folder, 1002, 1003)
    wait_for(lambda: knows_reason(folder, 1003, r"1001 unreachable: .*connection refused"), "the reason by name")
    assert_all_well(starter.start(folder, 1001), *behind.values())
    folder.assert_equal()


def knows_reason(folder: SwarmFolder, peer: int, pattern: str) -> bool:
    status = folder.status(peer)
    return bool(status and re.search(pattern, status.reason))


def test_of_a_new_version_only_pieces_with_new_blocks_are_fetched(starter: Starter, swarm_folder: MakeFolder) -> None:
    """A tree in which a file grew and another one was renamed."""
    folder = swarm_folder(peers=3, profile="fleet", tree=True, size=3_000_000, piece_size=65_536)
    run_swarm(starter, folder)
    first, second, *_ = sorted(path for path in folder.payload.rglob("*") if path.stat().st_size > 200_000)
    first.rename(first.with_name("zz"))
    second.write_bytes(second.read_bytes() + b"more")
    folder.renew()
    assert_all_well(*starter.start_all(folder).values())
    folder.assert_equal()
    for peer in folder.leechers:
        assert 0 < len(folder.downloads(peer)) <= 2


def test_a_second_run_keeps_what_is_there(starter: Starter, swarm_folder: MakeFolder) -> None:
    """With hashes nothing needs to be downloaded again; the log begins anew."""
    folder = swarm_folder(peers=3, profile="fleet", tree=True)
    run_swarm(starter, folder)
    again = starter.start_all(folder)
    assert_all_well(*again.values())
    folder.assert_equal()
    for peer in folder.leechers:
        assert folder.downloads(peer) == []
        assert [entry.kind for entry in folder.entries(peer) if entry.kind == "complete"] == []
