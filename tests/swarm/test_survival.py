"""Peers that die, are stopped, or are left alone: what they had is kept, and whoever can't go on says why."""

from __future__ import annotations

import re
import signal
from pathlib import Path
from typing import Callable, Dict, List

import pytest

from peer.edge import lock
from tests.helpers.swarmfolder import SwarmFolder, Wish
from tests.helpers.waiting import wait_for
from tests.swarm.process import PeerProcess, Starter, assert_all_well

MakeFolder = Callable[..., SwarmFolder]

# Long enough that a victim is found half-way, short enough for a test: thousands of small pieces.
LONG = Wish(peers=4, size=5_000_000, piece_size=4096, unchoking=0.2, optimistic=0.4)
UNLOGGED = 600  # pieces that a killed peer may have stored without having written their line: one batch of its owner


def kill_half_way(folder: SwarmFolder, victim: PeerProcess, number: int = signal.SIGKILL) -> List[int]:
    """Wait until the victim has some of the pieces, end it, and return which it had logged."""
    total = folder.manifest.piece_count
    wait_for(lambda: count_downloads(folder, victim.peer) > total // 10, "some pieces")
    victim.kill(number)
    had = folder.downloads(victim.peer)
    assert len(had) < total, "it was killed half-way"
    return had


def count_downloads(folder: SwarmFolder, peer: int) -> int:
    """How many pieces a peer has logged so far; quicker than parsing every line."""
    log = folder.root / f"log_peer_{peer}.log"
    return log.read_bytes().count(b"downloaded the piece") if log.exists() else 0


def assert_nothing_came_twice(folder: SwarmFolder, peer: int, first_life: List[int]) -> None:
    """Over both lives no piece was downloaded twice, and the second began where the first had ended."""
    total = folder.manifest.piece_count
    both = folder.downloads(peer)
    assert both[: len(first_life)] == first_life, "the log goes on after the first life's lines"
    assert len(both) == len(set(both)), "a piece was downloaded twice"
    assert total - UNLOGGED <= len(both) <= total
    owned = [entry.owned or 0 for entry in folder.entries(peer) if entry.kind == "piece"]
    assert owned == sorted(owned)
    assert owned[-1] == total


@pytest.mark.parametrize(
    "profile, victim", [("", 1002), ("", 1003), ("classic", 1003), ("fleet", 1002), ("fleet", 1003)]
)
def test_a_killed_leecher_goes_on_where_it_was(
    starter: Starter, swarm_folder: MakeFolder, profile: str, victim: int
) -> None:
    folder = swarm_folder(**LONG._replace(profile=profile, peers=3)._asdict())
    processes = starter.start_all(folder)
    had = kill_half_way(folder, processes[victim])
    processes[victim] = starter.start(folder, victim)
    assert_all_well(*processes.values())
    folder.assert_equal()
    assert_nothing_came_twice(folder, victim, had)
    for peer in set(folder.leechers) - {victim}:
        assert sorted(folder.downloads(peer)) == list(range(folder.manifest.piece_count))


def test_a_leecher_killed_again_and_again_ends_equal(starter: Starter, swarm_folder: MakeFolder) -> None:
    folder = swarm_folder(**LONG._replace(profile="fleet", tree=True, peers=3)._asdict())
    processes = starter.start_all(folder)
    for life in range(1, 4):
        wait_for(lambda: count_downloads(folder, 1003) >= 100 * life, "more pieces")  # noqa: B023
        processes[1003].kill()
        assert count_downloads(folder, 1003) < folder.manifest.piece_count, "it was killed half-way"
        processes[1003] = starter.start(folder, 1003)
    assert_all_well(*processes.values())
    folder.assert_equal()
    assert len(set(folder.downloads(1003))) == len(folder.downloads(1003))


@pytest.mark.parametrize("profile", ["", "fleet"], ids=["classic", "fleet"])
def test_a_whole_leecher_killed_while_it_serves_is_whole_again(
    starter: Starter, swarm_folder: MakeFolder, profile: str
) -> None:
    """It downloads nothing again, even where the swarm has no hashes."""
    folder = swarm_folder(peers=3, profile=profile)
    first = starter.start_all(folder, 1001, 1002)
    wait_for(lambda: folder.state(1002) == "seeding", "it to be whole")
    first[1002].kill()
    again = starter.start_listening(folder, 1002)
    wait_for(lambda: again.status.pieces == again.status.total, "it to have checked its copy")
    assert_all_well(starter.start(folder, 1003), first[1001], again)
    folder.assert_equal()
    assert sorted(folder.downloads(1002)) == list(range(folder.manifest.piece_count))


def test_a_killed_seed_goes_on(starter: Starter, swarm_folder: MakeFolder) -> None:
    folder = swarm_folder(**LONG._replace(profile="fleet", peers=3)._asdict())
    processes = starter.start_all(folder)
    wait_for(lambda: count_downloads(folder, 1003) > 100, "some pieces")
    processes[1001].kill()
    processes[1001] = starter.start(folder, 1001)
    assert_all_well(*processes.values())
    folder.assert_equal()


def test_a_stopped_peer_says_so_and_goes_on_later(starter: Starter, swarm_folder: MakeFolder) -> None:
    folder = swarm_folder(**LONG._replace(peers=3)._asdict())
    processes = starter.start_all(folder)
    had = kill_half_way(folder, processes[1003], signal.SIGTERM)
    stopped = processes[1003]
    assert stopped.code == 130
    assert (stopped.status.state, stopped.status.exit_code) == ("stopped", 130)
    assert stopped.status.reason == "stopped by a signal"
    assert lock.holder(str(folder.root), 1003) is None
    processes[1003] = starter.start(folder, 1003)
    assert_all_well(*(process for process in processes.values()), said={1003: "peer 1003: stopped by a signal\n"})
    folder.assert_equal()
    assert_nothing_came_twice(folder, 1003, had)


def test_a_second_process_for_the_same_peer_is_refused(starter: Starter, swarm_folder: MakeFolder) -> None:
    folder = swarm_folder(peers=2)
    first = starter.start_listening(folder, 1001)
    second = starter.start(folder, 1001)
    assert second.wait() == 1
    assert f"peer 1001 runs here already (pid {first.pid}); stop that one first" in second.stderr
    assert first.status.pid == first.pid, "the first one's status is untouched"
    assert first.code is None


# ---- nobody to get it from


def test_the_seed_dies_after_one_copy_is_out(starter: Starter, swarm_folder: MakeFolder) -> None:
    """The rest have it among themselves, or get it from one another."""
    folder = swarm_folder(peers=4, profile="fleet")
    starter.patience = 3.0
    early = starter.start_all(folder, 1001, 1002)
    wait_for(lambda: folder.state(1002) == "seeding", "one copy")
    early[1001].kill()
    late = starter.start_all(folder, 1003, 1004)
    for process in (early[1002], *late.values()):
        assert process.wait() == 0, process.account()
    folder.assert_equal(1002, 1003, 1004)


def test_the_seed_dies_before(starter: Starter, swarm_folder: MakeFolder) -> None:
    """Each that is left says what is missing, and whom it misses, and leaves with 3; what it had it keeps."""
    folder = swarm_folder(**LONG._replace(profile="fleet", peers=3)._asdict())
    starter.patience = 1.0
    processes = starter.start_all(folder)
    wait_for(lambda: count_downloads(folder, 1002) > 100, "some pieces")
    processes[1001].kill()
    for peer in (1002, 1003):
        assert processes[peer].wait() == 3, processes[peer].account()
        status = processes[peer].status
        assert (status.state, status.exit_code) == ("incomplete", 3)
        assert re.match(
            r"incomplete: \d+ of \d+ pieces missing, \d+ of them nowhere; .*1001 unreachable: ", status.reason
        )
        assert processes[peer].stderr.splitlines()[-1] == f"peer {peer}: {status.reason}"
    starter.patience = 30.0
    again = starter.start_all(folder)
    assert_all_well(*again.values(), said={peer: processes[peer].stderr for peer in (1002, 1003)})
    folder.assert_equal()
    for peer in (1002, 1003):
        assert len(set(folder.downloads(peer))) == len(folder.downloads(peer))


def test_alone_a_leecher_says_whom_it_misses(starter: Starter, swarm_folder: MakeFolder) -> None:
    folder = swarm_folder(peers=3)
    starter.patience = 1.5
    alone = starter.start(folder, 1003)
    wait_for(lambda: "1001 unreachable" in reason(folder, 1003), "the reason, while it still waits")
    assert alone.wait() == 3
    last = alone.stderr.splitlines()
    assert len(last) == 1
    assert "19 of 19 pieces missing, 19 of them nowhere; 1001 unreachable: 127.0.0.1:" in last[0]
    assert "connection refused" in last[0]


def reason(folder: SwarmFolder, peer: int) -> str:
    status = folder.status(peer)
    return status.reason if status else ""


def test_alone_a_seed_says_for_whom_it_waited(starter: Starter, swarm_folder: MakeFolder) -> None:
    """It has the payload, so its own work is done: 0, with the reason."""
    folder = swarm_folder(peers=2)
    starter.patience = 1.0
    seed = starter.start(folder, 1001)
    assert seed.wait() == 0
    assert seed.stderr == "peer 1001: waiting for 1002 (not connected yet)\n"
    assert seed.status.state == "done"


# ---- the payload changes under a seed


@pytest.mark.parametrize("profile", ["classic", "fleet"])
def test_a_seed_whose_payload_was_cut_says_so(starter: Starter, swarm_folder: MakeFolder, profile: str) -> None:
    folder = swarm_folder(peers=2, profile=profile)
    seed = starter.start_listening(folder, 1001)
    cut(folder.path_of(1001))
    starter.patience = 1.0
    leecher = starter.start(folder, 1002)
    assert seed.wait() == 1
    assert re.search(
        r"peer_1001/TheFile\.dat: it became shorter after this peer started; put the complete file back", seed.stderr
    )
    assert seed.status.reason in seed.stderr
    assert seed.status.state == "failed"
    assert leecher.wait() == 3
    assert not folder.path_of(1002).exists()


def cut(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(100_000)


@pytest.mark.parametrize("profile", ["classic", "fleet"])
def test_a_seed_whose_payload_was_changed_is_found_out(
    starter: Starter, swarm_folder: MakeFolder, profile: str
) -> None:
    """Its pieces no longer have the manifest's hashes: nobody takes them, and everybody says whose they were."""
    folder = swarm_folder(peers=2, profile=profile)
    folder.path_of(1001).write_bytes(bytes(folder.wish.size))
    starter.patience = 1.0
    processes: Dict[int, PeerProcess] = starter.start_all(folder)
    assert processes[1002].wait() == 3
    assert "from 1001 has the wrong hash; it was thrown away" in processes[1002].stderr
    assert processes[1002].status.pieces == 0
    assert processes[1001].wait() == 0
