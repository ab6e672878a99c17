"""The peers of a round as processes: started, killed, frozen and thawed; none survives the round."""

from __future__ import annotations

import signal
import subprocess
import time
from typing import Any, Dict, List, Optional

from rigs.peerprocess import CHECKOUT
from rigs.soaking.rounddir import Camp

END_SECONDS = 10.0


class Cast:
    """`killed`: places whose peer we killed and have not started again."""

    def __init__(self, camp: Camp) -> None:
        self._camp = camp
        self._processes: "Dict[int, subprocess.Popen[Any]]" = {}
        self.killed: Dict[int, bool] = {}

    def start(self, place: int) -> None:
        """A peer's first life, or its next."""
        launch = self._camp.stands[place].launch
        with open(self._camp.words(place), "ab") as words:
            self._processes[place] = launch(
                self._camp.command(place), stdin=subprocess.DEVNULL, stdout=words, stderr=words, cwd=str(CHECKOUT)
            )
        self.killed.pop(place, None)

    def running(self, place: int) -> bool:
        process = self._processes.get(place)
        return process is not None and process.poll() is None

    def code(self, place: int) -> Optional[int]:
        """How its last life ended; None if it hasn't."""
        process = self._processes.get(place)
        return process.poll() if process else None

    def kill(self, place: int) -> None:
        self._processes[place].kill()
        self._processes[place].wait(END_SECONDS)
        self.killed[place] = True

    def signal(self, place: int, number: int) -> None:
        self._processes[place].send_signal(number)

    @property
    def alive(self) -> List[int]:
        return [place for place in self._processes if self.running(place)]

    def end(self) -> None:
        """All that still run, frozen ones too."""
        for number in (signal.SIGCONT, signal.SIGKILL):
            for place in self.alive:
                self.signal(place, number)
        deadline = time.monotonic() + END_SECONDS
        for process in self._processes.values():
            process.wait(max(0.1, deadline - time.monotonic()))
