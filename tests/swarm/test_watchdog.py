"""The watchdog of these tests can bark: a peer that waits and doesn't say for what is found."""

from __future__ import annotations

import re
from typing import Callable

from tests.helpers.swarmfolder import SwarmFolder
from tests.helpers.waiting import wait_for
from tests.swarm.process import Starter
from tests.swarm.watchdog import Watcher

MakeFolder = Callable[..., SwarmFolder]

MUTE = """\
import sys
from peer.core.leaving import Leaving
from peer.edge.commands import main
Leaving.reason = lambda self: ""
sys.exit(main(sys.argv[1:]))
"""


def test_a_peer_that_waits_without_a_word_is_found(starter: Starter, swarm_folder: MakeFolder) -> None:
    """With a shorter limit than that of all tests, or this one would fail for it."""
    folder = swarm_folder(peers=2)
    starter.program = ["-c", MUTE]
    starter.start(folder, 1002)
    watcher = Watcher(starter, seconds=1.0)
    try:
        wait_for(lambda: watcher.stalls, "the watchdog to bark")
    finally:
        watcher.end()
    starter.end()
    said = r"peer 1002 has 0 of 19 pieces, got no byte for \d+\.\d s, and its status gives no reason"
    assert re.match(said, watcher.stalls[0]), watcher.stalls[0]


def test_a_peer_that_waits_and_says_for_what_is_not(starter: Starter, swarm_folder: MakeFolder) -> None:
    folder = swarm_folder(peers=2)
    starter.patience = 4.0
    alone = starter.start(folder, 1002)
    watcher = Watcher(starter, seconds=1.6)  # a status is silent for a second, and then up to half a second old
    try:
        assert alone.wait() == 3
    finally:
        watcher.end()
    assert watcher.stalls == []
