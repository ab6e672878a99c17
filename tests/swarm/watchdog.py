"""Watches the peers of a running test: whoever waits for more than 5 seconds must have said in its status for what."""

from __future__ import annotations

import threading
from typing import Dict, List, Optional

from rigs.soaking.stallwatch import SILENT_SECONDS, Watchdog
from tests.swarm.process import PeerProcess, Starter

LOOK_SECONDS = 0.2


class Watcher:
    """A thread that reads the statuses of all that a starter has started, until `end`."""

    def __init__(self, starter: Starter, seconds: float = SILENT_SECONDS) -> None:
        self._starter = starter
        self._seconds = seconds
        self._dogs: Dict[str, Watchdog] = {}  # one for each working directory
        self._over = threading.Event()
        self.stalls: List[str] = []
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._thread.start()

    def end(self) -> List[str]:
        """Stop watching; the silent stalls that were seen."""
        self._over.set()
        self._thread.join()
        return self.stalls

    def _watch(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            for process in list(self._starter.started):
                stall = self._look(process)
                if stall and stall not in self.stalls:
                    self.stalls.append(stall)

    def _look(self, process: PeerProcess) -> Optional[str]:
        dog = self._dogs.setdefault(str(process.folder.root), Watchdog(self._seconds))
        try:
            told = process.folder.status(process.peer)
        except (OSError, ValueError):
            return None  # the test has removed or spoiled it
        return dog.see(told) if told and told.pid == process.pid else None
