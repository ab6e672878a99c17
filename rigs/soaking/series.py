"""One call of the soak: round after round, a line for each, what is wrong kept on disk, and the sum at the end."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, List, NamedTuple, Optional, Union

from rigs.benchmark.workfolder import MEMORY_DISK
from rigs.peerprocess import compile_peer
from rigs.soaking import roundplan
from rigs.soaking.errors import SoakError
from rigs.soaking.machines import LabGround, LocalGround, remove
from rigs.soaking.roundplan import MOST_PEERS, Round
from rigs.soaking.roundrun import Play, Played

ROOM = roundplan.MOST * (MOST_PEERS + 2) + 64 * roundplan.MIB  # bytes that a round may need
PAYLOAD = "payload"


class Wish(NamedTuple):
    """What was asked for. `only`: one round's number; `seconds`: begin no further round after so many; 0: no matter."""

    seed: str
    rounds: int
    only: Optional[int] = None
    seconds: float = 0.0
    local: bool = False
    keep: Path = Path("soak")
    work: Optional[Path] = None
    deadline: float = 120.0


class Campaign:
    """Runs what was asked for and counts. `wrong`: how many rounds had a wrong outcome."""

    def __init__(self, wish: Wish) -> None:
        self._wish = wish
        self._faults: "Counter[str]" = Counter()
        self._rounds = 0
        self.wrong = 0

    def run(self) -> None:
        """All rounds. Raises SoakError, LabError."""
        compile_peer()
        begun = time.monotonic()
        with work_folder(self._wish.work, ROOM) as folder, _ground(self._wish.local, folder) as ground:
            for number in self._numbers():
                if self._wish.seconds and time.monotonic() - begun > self._wish.seconds:
                    break
                swarm = roundplan.draw(self._wish.seed, number, self._wish.local)
                print(f"{number}: {roundplan.describe(swarm)}", flush=True)
                play = Play(swarm, ground, folder / PAYLOAD, self._wish.deadline)
                self._count(play, play.run())
                remove(folder / PAYLOAD) if swarm.tree else (folder / PAYLOAD).unlink()
        print(self._sum(time.monotonic() - begun), flush=True)

    def _numbers(self) -> List[int]:
        return [self._wish.only] if self._wish.only is not None else list(range(1, self._wish.rounds + 1))

    def _count(self, play: Play, played: Played) -> None:
        self._rounds += 1
        self._faults.update(played.done)
        if not played.wrong:
            print("".join([f"   right, {played.seconds:.1f} s", *(f"; {said}" for said in played.words)]), flush=True)
            return
        self.wrong += 1
        for line in played.wrong:
            print(f"   WRONG: {line}", flush=True)
        print(f"   kept in {self._keep(play, played)}; again: {self._again(play.swarm)}", flush=True)

    def _again(self, swarm: Round) -> str:
        local = " --local" if self._wish.local else ""
        return f"python rigs/soak.py --seed {self._wish.seed} --round {swarm.number}{local}"

    def _keep(self, play: Play, played: Played) -> Path:
        """Everything that the peers left, and what was done to them."""
        place = self._wish.keep / f"{self._wish.seed}-{play.swarm.number}"
        remove(place)
        for stand, row in zip(play.camp.stands, play.camp.rows):
            shutil.copytree(stand.folder, place / str(row.peer_id), ignore=shutil.ignore_patterns("keys_*"))
        lines = [roundplan.describe(play.swarm), *played.diary, *played.wrong]
        (place / "round.txt").write_text("\n".join(lines) + "\n")
        return place

    def _sum(self, seconds: float) -> str:
        befell = ", ".join(f"{count} {kind}" for kind, count in sorted(self._faults.items()))
        rounds = "1 round" if self._rounds == 1 else f"{self._rounds} rounds"
        return f"{rounds} of seed {self._wish.seed} in {seconds:.0f} s, {self.wrong} wrong; faults: {befell or 'none'}"


def _ground(local: bool, folder: Path) -> Union[LabGround, LocalGround]:
    return LocalGround(folder) if local else LabGround(folder)


@contextmanager
def work_folder(wanted: Optional[Path], need: int) -> Iterator[Path]:
    """A new folder, in memory where there is room, gone afterwards. Raises SoakError."""
    parent = wanted or next((path for path in (MEMORY_DISK,) if _free(path) > 2 * need), Path(tempfile.gettempdir()))
    if _free(parent) < need:
        raise SoakError(f"{parent}: no room for {need} bytes: name another folder with --work")
    folder = Path(tempfile.mkdtemp(prefix="weft-soak-", dir=parent))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        remove(folder)


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free if os.access(folder, os.W_OK) else 0
