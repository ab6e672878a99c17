"""Notes what a host's link has sent, each 10 ms, while a run goes on."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import List, Optional, Tuple, Type

from netlab.labhost import Host
from netlab.network import LINK

SECONDS = 0.01
RECEIVED, SENT = 0, 8  # fields of /proc/net/dev, behind the interface's name

Sample = Tuple[float, int]  # steady clock; bytes sent so far


class LinkWatch:
    """Within the `with` block, `samples` grows."""

    def __init__(self, host: Host) -> None:
        self.samples: List[Sample] = []
        self._path = f"/proc/{host.pid}/net/dev"
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="link-watch", daemon=True)

    def _watch(self) -> None:
        due = time.monotonic()
        while not self._end.is_set():
            with open(self._path) as file:
                self.samples.append((time.monotonic(), sent_bytes(file.read(), LINK)))
            due = max(due + SECONDS, time.monotonic())
            self._end.wait(due - time.monotonic())

    def __enter__(self) -> "LinkWatch":
        self._thread.start()
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self._end.set()
        self._thread.join()


def sent_bytes(table: str, link: str) -> int:
    """What a link has sent by /proc/net/dev. Raises ValueError if it isn't there."""
    return bytes_of(table, link, SENT)


def bytes_of(table: str, link: str, *fields: int) -> int:
    """The sum of these fields of a link in /proc/net/dev. Raises ValueError if it isn't there."""
    for line in table.splitlines():
        name, colon, counts = line.partition(":")
        if colon and name.strip() == link:
            return sum(int(counts.split()[field]) for field in fields)
    raise ValueError(f"no link {link}")
