"""The page of a run that is going on: fed by the screen, served to watchers, and ended with the report."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from deploy.core.inventory import Inventory
from deploy.core.progress import Line, Progress
from deploy.core.runreport.liverun import LiveRun
from deploy.core.webpage import embedded, page, policy
from deploy.edge.web.liveserver import LiveServer
from deploy.edge.web.pageparts import page_parts

_EVERY = 0.5  # seconds between two states
_SHARE = 0.05  # of the time that making states may take
_GOODBYE = 3.0  # seconds that watchers have to take the report


class LivePage:
    """The main thread owns it; the server's threads read the text that it made last. `run`: the run's name."""

    def __init__(self, inventory: Inventory, run: Callable[[], str]) -> None:
        self._live = LiveRun(inventory)
        self._run = run
        self._begun = time.monotonic()
        self._due = 0.0
        self._data: Mapping[str, Any] = self._live.data("", 0.0)
        self._server = LiveServer(self._page)
        self._put()

    @property
    def address(self) -> str:
        """What to open in a browser."""
        return self._server.address

    def tick(self, progress: Progress, lines: Sequence[Line]) -> None:
        """The swarm as the console shows it."""
        self._live.tick(progress, lines)
        self._renew()

    def work(self, text: str) -> None:
        """What is done now, while there is no swarm to look at."""
        self._live.doing = text
        self._renew()

    def end(self, report: Mapping[str, Any]) -> None:
        """The run is over, and has a report. Returns when watchers have it, or soon after."""
        self._data = report
        self._server.feed.put(embedded(self._data).encode(), over=True)
        self._server.end(_GOODBYE)

    def fail(self, code: int, failures: Sequence[Mapping[str, Any]]) -> None:
        """The run is over without a report: the same with its last state, and what failed."""
        last = self._live.data(self._run(), self._seconds)
        words = {"live": False, "exit_code": code, "sentence": "the run ended without a verdict"}
        self.end({**last, **words, "failures": failures})

    def _renew(self) -> None:
        """Make a new state if the last one is old enough: the more there is to tell, the seldomer."""
        now = time.monotonic()
        if now < self._due:
            return
        self._data = self._live.data(self._run(), self._seconds)
        self._put()
        self._due = now + max(_EVERY, (time.monotonic() - now) / _SHARE)

    def _put(self) -> None:
        self._server.feed.put(embedded(self._data).encode())

    @property
    def _seconds(self) -> float:
        return time.monotonic() - self._begun

    def _page(self) -> "tuple[str, str]":
        parts, live = page_parts(), bool(self._data["live"])
        return page(self._data, parts, live), policy(parts, live)
