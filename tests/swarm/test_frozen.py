"""Real peers that freeze in the middle: the others finish without them, and they themselves later on."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from typing import Callable, Iterator, List

import pytest

from tests.helpers.swarmfolder import SwarmFolder, Wish
from tests.helpers.waiting import wait_for
from tests.swarm.process import PeerProcess, Starter, assert_all_well

MakeFolder = Callable[..., SwarmFolder]

# Thousands of small pieces, so that somebody can be frozen half-way.
LONG = Wish(peers=4, size=5_000_000, piece_size=4096, unchoking=0.2, optimistic=0.4)
PROFILES = pytest.mark.parametrize("profile", ["", "fleet"], ids=["classic", "fleet"])


@contextmanager
def frozen(process: PeerProcess) -> Iterator[None]:
    """SIGSTOP, and SIGCONT at the end of the block: its connections stay open, and it does nothing."""
    os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process.pid, signal.SIGCONT)


def has_sent(folder: SwarmFolder, giver: int, *takers: int) -> bool:
    """Whether one of these has taken some pieces from another."""
    logs = (folder.lines(taker) for taker in takers)
    return any(sum(f" from {giver}." in line for line in lines) >= 20 for lines in logs)


def wait_whole(folder: SwarmFolder, *peers: int) -> None:
    """Until they have the payload under its final name; to leave, they may wait for the frozen one to hang up."""
    wait_for(lambda: all(folder.path_of(peer).exists() for peer in peers), f"{peers} to be whole")


@PROFILES
def test_what_a_frozen_source_was_asked_for_comes_from_another(
    starter: Starter, swarm_folder: MakeFolder, profile: str
) -> None:
    """One of two seeds freezes with requests open: the leechers are whole before it goes on."""
    folder = swarm_folder(**LONG._replace(profile=profile, seeds=(0, 1))._asdict())
    processes = starter.start_all(folder)
    busy = wait_for(lambda: [seed for seed in (1001, 1002) if has_sent(folder, seed, 1003, 1004)], "pieces from a seed")
    with frozen(processes[busy[0]]):
        lacked = unfinished(folder, 1003, 1004)
        wait_whole(folder, 1003, 1004)
    assert lacked, "it froze half-way"
    assert_all_well(*processes.values())
    folder.assert_equal()


@PROFILES
def test_a_frozen_leecher_keeps_nobody_waiting_and_finishes_when_it_goes_on(
    starter: Starter, swarm_folder: MakeFolder, profile: str
) -> None:
    """The others are whole while it stands still, say that they wait for it, and serve it afterwards."""
    folder = swarm_folder(**LONG._replace(profile=profile, peers=3)._asdict())
    processes = starter.start_all(folder)
    wait_for(lambda: has_sent(folder, 1001, 1002), "pieces from the seed")
    with frozen(processes[1002]):
        assert unfinished(folder, 1002), "it froze half-way"
        wait_whole(folder, 1003)
        for peer in (1001, 1003):
            wait_for(lambda: "waiting for 1002 (" in reason(folder, peer), f"the reason why {peer} stays")  # noqa: B023
    for process in processes.values():
        assert process.wait() == 0, process.account()
        told = [line for line in process.stderr.splitlines() if "tolerated: 1002 " not in line]
        assert told == [], "nothing but that it asked for nothing"
    folder.assert_equal()
    assert len(folder.downloads(1002)) == folder.manifest.piece_count


def unfinished(folder: SwarmFolder, *peers: int) -> List[int]:
    return [peer for peer in peers if len(folder.downloads(peer)) < folder.manifest.piece_count]


def reason(folder: SwarmFolder, peer: int) -> str:
    status = folder.status(peer)
    return status.reason if status else ""
