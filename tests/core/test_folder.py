"""The names in a peer's working directory, and whom each speaks of."""

from __future__ import annotations

from typing import Callable, Optional

import pytest

from peer.core import folder


@pytest.mark.parametrize(
    "name, expected",
    [
        (folder.log, "log_peer_1002.log"),  # the classic protocol's own
        (folder.status, "status_1002.json"),
        (folder.trace, "trace_1002.jsonl"),
        (folder.lock, "lock_1002"),
        (folder.stderr, "stderr_1002.txt"),
        (folder.keys, "keys_1002"),
        (folder.payload, "peer_1002"),
    ],
)
def test_each_name_names_its_peer(name: Callable[[int], str], expected: str) -> None:
    assert name(1002) == expected
    assert folder.peer_of(expected) == 1002


@pytest.mark.parametrize(
    "name", [folder.COMMON, folder.PEER_INFO, folder.SWARM, "peer_", "peer_x", "xpeer_1", "peer.pyz"]
)
def test_other_names_are_nobodys(name: str) -> None:
    found: Optional[int] = folder.peer_of(name)
    assert found is None
