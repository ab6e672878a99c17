"""A real leecher gets SIGKILL at instants of chance, again and again: what its map says is so, and nothing comes twice.

KILL_INSTANTS=200 kills so often instead of a dozen times, KILL_SEED=7 at other instants.
"""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import Callable, Iterator, List, Set

import pytest

from peer.core import asking, piecemap
from peer.core.manifest import bare_manifest
from tests.helpers.swarmfolder import NAME, SwarmFolder, Wish
from tests.helpers.waiting import DEADLINE, wait_for
from tests.swarm.process import Starter
from tests.swarm.test_survival import count_downloads

KILLS = int(os.environ.get("KILL_INSTANTS", "0"))
SEED = int(os.environ.get("KILL_SEED", "1"))
SEEDER, VICTIM = 1001, 1002
BASE = Wish(size=7_000_000, piece_size=4096, unchoking=0.1, optimistic=0.2)
WISHES = [
    BASE._replace(profile="fleet"),
    BASE._replace(profile="classic"),
    BASE._replace(profile="fleet", tree=True),
    BASE,
]
MESSAGE_BYTES = 60  # of all messages about one piece but the piece: its header, request and haves
LIFE_BYTES = 20_000  # of a connection's handshake, bitfields and interest


class Victim:
    """One swarm of a seed and a leecher; the leecher is killed until it is through. `kills`: so far."""

    def __init__(self, starter: Starter, folder: SwarmFolder, rng: Random) -> None:
        self.folder = folder
        self.kills = 0
        self.half_way = 0  # kills that found it with some pieces, but not all
        self.ended = False  # it came to its own end
        self.lost: Set[int] = set()  # pieces that were taken from it while it was dead
        self._starter = starter
        self._rng = rng
        self._seed = starter.start_listening(folder, SEEDER)
        self._damaged = -1
        self._sent = 0  # by earlier lives of the seed, which leaves when all have all
        self._row = b"".join(path.read_bytes() for path in files_below(folder.payload))

    def live_and_die(self) -> None:
        """One life, ended at an instant of chance, unless it comes to its own end first."""
        victim = self._starter.start(self.folder, VICTIM)
        if self._rng.random() < 0.6:  # else it may be killed while it starts
            had = count_downloads(self.folder, VICTIM)
            self._await(lambda: count_downloads(self.folder, VICTIM) > had or victim.code is not None)
        time.sleep(self._rng.random() * 0.3)  # the instant
        if victim.code is None:
            victim.kill()
            self.kills += 1
        self.ended = self.folder.state(VICTIM) == "done"
        assert self.ended or victim.code == -signal.SIGKILL, victim.account()
        known = self.assert_map_is_true()
        self.half_way += 0 < len(known) < self.folder.manifest.piece_count

    def live_on(self) -> None:
        """A last life that nobody ends, if there is anything left to do."""
        if self.ended:
            return
        victim = self._starter.start(self.folder, VICTIM)
        self._await(lambda: victim.code is not None)
        assert victim.code == 0, victim.account()

    def _await(self, fact: Callable[[], bool]) -> None:
        """Wait; a seed that believed that all was over is started again."""

        def look() -> bool:
            if self._seed.code is not None:
                assert self._seed.code == 0, self._seed.account()
                self._count_sent()
                self._seed = self._starter.start(self.folder, SEEDER)
            return fact()

        wait_for(look, "the leecher", DEADLINE)

    def _count_sent(self) -> None:
        """What this life of the seed has sent, if it came so far as to say."""
        status = self._seed.status
        self._sent += status.bytes_up if status.pid == self._seed.pid else 0

    @property
    def _place(self) -> Path:
        return self.folder.path_of(VICTIM)

    @property
    def map_path(self) -> Path:
        return self._work / "map"

    @property
    def part_path(self) -> Path:
        return self._work / "new"

    @property
    def _work(self) -> Path:
        """Where the incomplete copy lies; nowhere before there is one."""
        return next(self._place.parent.glob(".weft-*/"), self._place.parent / "nowhere")

    @property
    def _map_inode(self) -> int:
        """Which file the map is: a peer that starts again writes it anew."""
        return self.map_path.stat().st_ino if self.map_path.exists() else 0

    def damaged(self, lost: Set[int]) -> None:
        """Something was taken from the dead one's disk."""
        self.lost |= lost
        self._damaged = self._map_inode

    def known(self) -> Set[int]:
        """The pieces that the map names."""
        wish, manifest = self.folder.wish, self.folder.manifest
        if not wish.profile:
            manifest = bare_manifest(NAME, wish.size, wish.piece_size)
        data = self.map_path.read_bytes() if self.map_path.exists() else b""
        return set(piecemap.parse(data, manifest.digest, manifest.piece_count))

    def assert_map_is_true(self) -> Set[int]:
        """Each piece that the dead one's map names has the right bytes on disk; a map that we damaged says nothing."""
        known = self.known() if self._damaged != self._map_inode else set()
        root = self.part_path if self.part_path.exists() else self._place
        held = b"".join(path.read_bytes() for path in files_below(root)) if known else b""
        size = self.folder.wish.piece_size
        for piece in known:
            begin, end = piece * size, (piece + 1) * size
            assert held[begin:end] == self._row[begin:end], f"piece {piece} isn't what the map says"
        return known

    def assert_ended_well(self) -> None:
        """Equal, and nothing came twice but what was taken from it, or was on its way when it died."""
        self.folder.assert_equal(VICTIM)
        downloads = self.folder.downloads(VICTIM)
        twice = {piece for piece, times in Counter(downloads).items() if times > 1}
        assert twice <= self.lost, f"downloaded twice: {sorted(twice - self.lost)}"
        if self._seed.code is None:  # it was started again while the leecher left
            self._seed.kill(signal.SIGTERM)
        self._count_sent()
        total, wish = self.folder.manifest.piece_count, self.folder.wish
        window = asking.MOST_WINDOW if wish.profile == "fleet" else 1
        lives = self.kills + 2
        flying = lives * ((window + 1) * wish.piece_size + LIFE_BYTES)
        again = len(self.lost) * wish.piece_size * lives
        assert self._sent <= wish.size + total * MESSAGE_BYTES + flying + again


def files_below(root: Path) -> List[Path]:
    """A payload's files in the manifest's order."""
    if not root.is_dir():
        return [root]
    found = {str(path.relative_to(root)): path for path in root.rglob("*") if path.is_file()}
    return [path for _, path in sorted(found.items())]


KillAgain = Callable[..., List[Victim]]


@pytest.fixture
def kill_again_and_again(starter: Starter, tmp_path: Path, swarm_folder: object) -> Iterator[KillAgain]:
    """Runs swarm after swarm, a wish after another, until there were enough kills."""
    assert swarm_folder, "it cleans up behind us"
    rng = Random(SEED)

    def run(wishes: List[Wish], kills: int, after_kill: Callable[[Victim, Random], None]) -> List[Victim]:
        victims: List[Victim] = []
        while sum(victim.kills for victim in victims) < kills or len(victims) < len(wishes):
            wish = wishes[len(victims) % len(wishes)]
            victim = Victim(starter, SwarmFolder(tmp_path / "swarm" / str(len(victims)), wish), rng)
            victims.append(victim)
            while sum(victim.kills for victim in victims) < kills and not victim.ended:
                victim.live_and_die()
                if not victim.ended:
                    after_kill(victim, rng)
            victim.live_on()
            victim.assert_ended_well()
        half_way = sum(victim.half_way for victim in victims)
        print(f"{sum(victim.kills for victim in victims)} kills in {len(victims)} swarms, {half_way} half-way")
        return victims

    yield run


@pytest.mark.timeout(120 + 5 * KILLS)
def test_killed_at_any_instant_it_calls_no_bad_piece_its_own_and_fetches_none_twice(
    kill_again_and_again: KillAgain,
) -> None:
    victims = kill_again_and_again(WISHES, KILLS or 12, leave_it)
    kills = sum(victim.kills for victim in victims)
    assert sum(victim.half_way for victim in victims) >= kills // 4, "else it proves little"


@pytest.mark.timeout(120 + 5 * KILLS)
def test_what_a_crash_cut_short_is_noticed(kill_again_and_again: KillAgain) -> None:
    """After each kill the end of the map is cut off, or of the part, or half a record is added."""
    wishes = [wish for wish in WISHES if not wish.tree]
    victims = kill_again_and_again(wishes, KILLS // 4 or 9, lambda victim, rng: victim.damaged(cut_short(victim, rng)))
    assert any(victim.lost for victim in victims), "something was cut off"


def leave_it(victim: Victim, rng: Random) -> None:
    """The crash was enough."""


def cut_short(victim: Victim, rng: Random) -> Set[int]:
    """Take some of what lies on disk away, as a machine that died while it wrote; the pieces that this costs."""
    lost: Set[int] = set()
    if victim.map_path.exists():
        before = victim.known()
        os.truncate(victim.map_path, max(0, victim.map_path.stat().st_size - rng.randrange(1, 200)))
        lost |= before - victim.known()
        if rng.random() < 0.5:
            with victim.map_path.open("ab") as file:
                file.write(rng.randbytes(rng.randrange(1, 16)))
    if victim.part_path.exists() and rng.random() < 0.5:
        size = victim.part_path.stat().st_size
        kept = rng.randrange(size // 2, size)
        os.truncate(victim.part_path, kept)
        lost |= set(range(kept // victim.folder.wish.piece_size, victim.folder.manifest.piece_count))
    return lost
