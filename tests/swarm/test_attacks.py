"""A listening peer under attack by all at once: its swarm goes on, memory is bounded, and it says why it shut whom."""

from __future__ import annotations

import datetime
import re
import signal
import sys
import time
from pathlib import Path
from random import Random
from typing import Callable, Dict, Iterator

import pytest

from deploy.edge.pushed.authority import make_keys
from peer.core.limits import Limits
from peer.edge.listener import MOST_PENDING
from tests.helpers.swarmfolder import SwarmFolder, Wish
from tests.helpers.waiting import wait_for
from tests.swarm import attackers
from tests.swarm.attackers import Attack
from tests.swarm.process import PeerProcess, Starter
from tests.swarm.test_tls_swarm import context_of, hand_out, keys_of

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory and threads are read from /proc"),
    pytest.mark.timeout(240),
]

MakeFolder = Callable[..., SwarmFolder]
REAL = (1001, 1002, 1003)
GHOSTS = (1004, 1005, 1006, 1007)  # peers of PeerInfo.cfg in whose name attackers speak, one each
MOST_MIB = 64  # resident, of a peer under attack: SECURITY.md tells it
WISH = Wish(peers=7, size=12_000_000, piece_size=65_536, unchoking=0.2, optimistic=0.4, limits=Limits(patience=60.0))


def memory_mib(process: PeerProcess) -> float:
    """The most resident memory that a process has had; 0 of one that has ended."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found.group(1)) / 1024 if found else 0.0


def threads_of(process: PeerProcess) -> int:
    """How many threads a living process has."""
    return len(list(Path(f"/proc/{process.pid}/task").iterdir()))


def files_of(process: PeerProcess) -> int:
    """How many files a living process has open."""
    return len(list(Path(f"/proc/{process.pid}/fd").iterdir()))


@pytest.fixture
def attack_on() -> Iterator[Callable[[int], Attack]]:
    made = []

    def make(port: int) -> Attack:
        made.append(Attack(port))
        return made[-1]

    yield make
    for attack in made:
        attack.stop()
    assert [attack.complaints for attack in made] == [[] for _ in made]


class Gauge:
    """The most that the attacked peer has needed so far."""

    def __init__(self, process: PeerProcess) -> None:
        self._process = process
        self.threads, self.memory = 0, 0.0

    def look(self) -> None:
        """Measure, while it lives."""
        if self._process.code is None:
            self.threads = max(self.threads, threads_of(self._process))
            self.memory = max(self.memory, memory_mib(self._process))


def run_under_attack(
    starter: Starter, folder: SwarmFolder, attack: Attack, seed: PeerProcess
) -> Dict[int, PeerProcess]:
    """Leechers come while the seed is under attack; returns when all copies are whole."""
    gauge, begin = Gauge(seed), time.monotonic()

    def all_whole() -> bool:
        gauge.look()
        return all(folder.state(peer) in ("seeding", "done") for peer in REAL)

    wait_for(lambda: attack.rounds["crowd"] > 30 and min(attack.rounds.values()) > 0, "the attack to be under way")
    peers = {1001: seed, **{peer: starter.start(folder, peer) for peer in REAL[1:]}}
    wait_for(all_whole, "all copies, under attack", 180.0)
    print(f"{time.monotonic() - begin:.1f} s, {gauge.memory:.1f} MiB, {gauge.threads} threads, {attack.rounds}")
    folder.assert_equal(*REAL)
    assert gauge.threads < 2 * MOST_PENDING, "one a stranger, and some that are just ending"
    assert 0 < gauge.memory < MOST_MIB
    return peers


def assert_calm_again(peers: Dict[int, PeerProcess]) -> None:
    """Nothing of the attack stays: threads and files are given back, and TERM is answered."""
    for process in peers.values():
        wait_for(lambda: threads_of(process) < 20 and files_of(process) < 40, "calm")  # noqa: B023
        assert process.kill(signal.SIGTERM) == 130


def refused(process: PeerProcess) -> Dict[str, int]:
    """How many were refused, by what was wrong, over all lines about it."""
    found: Dict[str, int] = {}
    for kinds in re.findall(r"refused \d+ callers \((.*?)\); the last was 127\.0\.0\.1: ", process.stderr):
        for count, kind in re.findall(r"(\d+) ([^,]+)", kinds):
            found[kind] = found.get(kind, 0) + int(count)
    return found


@pytest.mark.parametrize("profile", ["fleet", "classic"])
def test_a_swarm_goes_on_under_attack(
    starter: Starter, swarm_folder: MakeFolder, attack_on: Callable[[int], Attack], profile: str
) -> None:
    """Without keys, where attackers may speak in the name of peers that haven't come."""
    folder = swarm_folder(**WISH._replace(profile=profile)._asdict())
    starter.patience = 120.0
    seed = starter.start_listening(folder, 1001)
    attack = attack_on(folder.row(1001).port)
    pieces = folder.manifest.piece_count
    attack.begin("crowd", attackers.crowd)
    attack.begin("drip", attackers.drip)
    attack.begin("noise", attackers.noise(Random(1)))
    attack.begin("half", attackers.once(attackers.half_a_handshake))
    attack.begin("huge", attackers.greeted(GHOSTS[0], attackers.huge))
    attack.begin("all", attackers.greeted(GHOSTS[1], attackers.everything_at_once(pieces)))
    attack.begin("deaf", attackers.greeted(GHOSTS[2], attackers.never_reads(pieces)))
    attack.begin("again", attackers.again_and_again(GHOSTS[3]))
    peers = run_under_attack(starter, folder, attack, seed)
    wait_for(
        lambda: trouble(folder, GHOSTS[0]) == "protocol error: a piece message of 4294967295 bytes",
        "a reason",
    )
    wait_for(lambda: f" requests for {pieces} pieces" in dropped(seed, GHOSTS[1]), "another")
    attack.stop()
    assert_calm_again(peers)
    assert refused(seed).keys() >= {"made room for others", "sent something else"}
    assert seed.stderr.count("refused") < 10, "one line a minute, and one at the end"


def dropped(process: PeerProcess, peer: int) -> str:
    """What was said when a peer was dropped."""
    return "\n".join(line for line in process.stderr.splitlines() if f"dropped {peer}: " in line)


def trouble(folder: SwarmFolder, peer: int) -> str:
    status = folder.status(1001)
    assert status
    return next((n.trouble for n in status.neighbours if n.peer == peer), "")


def test_a_swarm_with_keys_goes_on_under_attack(
    starter: Starter, swarm_folder: MakeFolder, attack_on: Callable[[int], Attack], tmp_path: Path
) -> None:
    """Nobody without a key of this swarm gets as far as a handshake."""
    folder = swarm_folder(**WISH._replace(profile="fleet", peers=3)._asdict())
    hand_out(folder, keys_of(folder))
    foreign = make_keys([1002], datetime.datetime.now(datetime.timezone.utc))[1002]
    starter.patience = 120.0
    seed = starter.start_listening(folder, 1001)
    attack = attack_on(folder.row(1001).port)
    attack.begin("crowd", attackers.crowd)
    attack.begin("drip", attackers.drip)
    attack.begin("noise", attackers.noise(Random(2)))
    attack.begin("foreign", attackers.greeted(1002, attackers.huge, context_of(foreign, tmp_path)))
    attack.begin("plain", attackers.greeted(1002, attackers.huge))
    peers = run_under_attack(starter, folder, attack, seed)
    attack.stop()
    assert refused(seed).get("had no key of this swarm", 0) > 0
    assert seed.stderr.count("\n") < 10
    for process in peers.values():
        assert process.wait() == 0, process.account()
