"""The peers of a round as processes, by their place: started, killed, frozen and thawed; none survives the round."""

from __future__ import annotations

import signal
from typing import Dict, List, Optional, Set

from rigs.peerprocess import CHECKOUT
from rigs.procgroup import Child, ProcessGroup
from rigs.soaking.rounddirs import RoundDirs
from rigs.soaking.roundplan import peer_id

END_SECONDS = 10.0


class RoundPeers:
    """`killed`: places whose peer we killed and have not started again."""

    def __init__(self, dirs: RoundDirs) -> None:
        self._dirs = dirs
        self._group = ProcessGroup()
        self._lives: Dict[int, Child] = {}  # the last of each place
        self.killed: Set[int] = set()

    def start(self, place: int) -> None:
        """A peer's first life, or its next."""
        launch, words = self._dirs.machines[place].launch, self._dirs.words(place)
        name, argv = f"peer {peer_id(place)}", self._dirs.command(place)
        self._lives[place] = self._group.start(name, launch, argv, words, cwd=str(CHECKOUT))
        self.killed.discard(place)

    def running(self, place: int) -> bool:
        """Whether it was started and has not ended."""
        return place in self._lives and not self._lives[place].wait(0)

    def code(self, place: int) -> Optional[int]:
        """How its last life ended; None if it hasn't."""
        if place not in self._lives or self.running(place):
            return None
        return self._lives[place].code

    def kill(self, place: int) -> None:
        """End it now; frozen ones too."""
        self.signal(place, signal.SIGKILL)
        self._lives[place].wait(END_SECONDS)
        self.killed.add(place)

    def signal(self, place: int, number: int) -> None:
        """Send it a signal."""
        self._lives[place].signal(number)

    @property
    def alive(self) -> List[int]:
        """The places of those that run."""
        return [place for place in self._lives if self.running(place)]

    def end(self) -> None:
        """All that still run, frozen ones too."""
        self._group.stop((signal.SIGKILL,))
