"""Reads the byte counters of lab hosts' interfaces again and again, beside whatever runs."""

from __future__ import annotations

import threading
import time
from typing import Iterable, List, Sequence

from netlab.labhost import Host
from netlab.network import LINK
from rigs.benchmark import capsjudge
from rigs.benchmark.capsjudge import Sample
from rigs.benchmark.linkwatch import bytes_of
from rigs.errors import RigError

SAMPLE = 0.02  # seconds
PROMPT = 0.002  # seconds: a count that took longer to read belongs to no moment
_FLOW_SECONDS = 60.0


class LinkCounter:
    """What the hosts have SENT, RECEIVED, or both, all together, from the beginning of a `with` block to its end."""

    def __init__(self, hosts: Iterable[Host], *fields: int) -> None:
        self._paths = [f"/proc/{host.pid}/net/dev" for host in hosts]
        self._fields = fields
        self._samples: List[Sample] = []  # the thread adds to them
        self._first = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> LinkCounter:
        self._samples.append(self._sample(0.0))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def samples(self) -> Sequence[Sample]:
        """Those until now."""
        return self._samples[self._first :]

    def forget(self) -> float:
        """Begin again, with the last sample; its moment."""
        self._first = len(self._samples) - 1
        return self._samples[self._first].at

    def wait_flow(self, cap: float) -> float:
        """Wait until a payload flows, capped at so many Mbit/s; since when. Raises RigError if it doesn't come."""
        deadline = time.monotonic() + _FLOW_SECONDS
        while time.monotonic() < deadline:
            begun = capsjudge.begin(self.samples, cap)
            if begun < deadline:
                return begun
            self._over.wait(SAMPLE)
        raise RigError(f"nothing flows within {_FLOW_SECONDS:g} s")

    def _run(self) -> None:
        due = time.monotonic()
        while not self._over.wait(max(0.0, due - time.monotonic())):
            self._samples.append(self._sample(due))
            due = max(due, self._samples[-1].at) + SAMPLE

    def _sample(self, due: float) -> Sample:
        woken = time.monotonic()
        while True:
            before, count, after = time.monotonic(), sum(map(self._read, self._paths)), time.monotonic()
            if after - before <= PROMPT:
                return Sample(before, count, woken - due if due else 0.0)

    def _read(self, path: str) -> int:
        with open(path) as file:
            return bytes_of(file.read(), LINK, *self._fields)
