"""The commands of an operator at the hosts of a lab, and what befalls these meanwhile."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Callable, List, NamedTuple, Optional, Sequence

from rigs import fabup
from rigs.errors import RigError
from rigs.peerprocess import CHECKOUT

_SECONDS = 240.0  # for one command: a host that is cut off is waited for

Process = subprocess.Popen


class Blow(NamedTuple):
    """What befalls a host, at a moment (seconds); it `lasts` for some, at most until the command's end."""

    kind: str
    host: str
    at: float
    lasts: float


class Ran(NamedTuple):
    """A command's exit code and all that it said."""

    code: int
    words: str


class Blows(NamedTuple):
    """How blows fall.

    `is_due`: whether one's moment has come, so many seconds after the command began; `look`: seconds between two looks.
    """

    is_due: Callable[[Blow, float], bool]
    deal: Callable[[Blow, "Process[bytes]"], object]
    heal: Callable[[Blow], object]
    look: float


class Operator:
    """An operator with an inventory in `folder`, its home too; `said`: the file of what the last command says."""

    def __init__(self, folder: Path, blows: Blows) -> None:
        self._folder = folder
        self._blows = blows
        self.said = folder / "said.txt"

    def run(self, *words: str, blows: Sequence[Blow] = ()) -> Ran:
        """Run `fab`, dealing the blows meanwhile and taking all of them back. Raises RigError where it doesn't end."""
        argv, place = fabup.command(CHECKOUT, self._folder, *words)
        with self.said.open("wb") as output:
            process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output, **place)
        try:
            self._strike(process, list(blows))
        finally:
            process.kill()
            process.wait()
            for blow in blows:
                self._blows.heal(blow)
        return Ran(process.returncode, self._words())

    def need(self, *words: str) -> None:
        """Run a command that has to go well. Raises RigError."""
        ran = self.run(*words)
        if ran.code:
            raise RigError(f"fab: exit code {ran.code}: {ran.words.strip()[-500:]}")

    def _strike(self, process: "Process[bytes]", left: List[Blow]) -> None:
        begun = time.monotonic()
        lasting: List[Blow] = []  # whose `lasts` is the moment at which they pass
        while process.poll() is None:
            now = time.monotonic() - begun
            if now > _SECONDS:
                raise RigError(f"a command took longer than {_SECONDS:.0f} s: {self._words()[-500:]}")
            for blow in [blow for blow in left if self._blows.is_due(blow, now)]:
                left.remove(blow)
                self._blows.deal(blow, process)
                lasting.append(blow._replace(lasts=now + blow.lasts))
            for blow in [blow for blow in lasting if blow.lasts <= now]:
                lasting.remove(blow)
                self._blows.heal(blow)
            time.sleep(self._blows.look)

    def _words(self) -> str:
        return self.said.read_text(errors="replace")


def count_wrong(play: Callable[[int], List[str]], rounds: int, seed: str, only: Optional[int]) -> int:
    """Play all rounds, or `only` one, and print what was wrong; how many went wrong."""
    wrong = 0
    for number in [only] if only else range(1, rounds + 1):
        found = play(number)
        wrong += bool(found)
        for line in found:
            print(f"round {number} of seed {seed}: {line}", flush=True)
    return wrong
