"""The agent's script is packed once, however many hosts ask for it simultaneously."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from deploy.edge.hosts import agentsource
from tests.helpers.waiting import DEADLINE, wait_for


def test_two_hosts_at_the_same_time_pack_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agentsource, "kept", lambda _, make: make())
    agentsource._script.cache_clear()
    begun: list[int] = []
    go_on = threading.Event()
    sources = agentsource.sources

    def slow(entry: str) -> dict[str, str]:
        begun.append(threading.get_ident())
        go_on.wait(DEADLINE)
        return sources(entry)

    monkeypatch.setattr(agentsource, "sources", slow)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(agentsource.script)
        wait_for(lambda: begun, "the first to begin")
        second = pool.submit(agentsource.script)
        wait_for(lambda: len(begun) > 1 or second.running(), "the second to ask")
        go_on.set()
        assert first.result(DEADLINE) == second.result(DEADLINE)
    assert len(begun) == 1
