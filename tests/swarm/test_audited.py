"""Classic swarms as a class looks at them: the audit of ours, and of ours with foreign makes, and the board."""

from __future__ import annotations

import subprocess
import sys
from typing import Callable

from tests.audit.simulated import broken
from tests.helpers.swarmfolder import SwarmFolder, Wish
from tests.swarm.foreign import ForeignPeer, Payload
from tests.swarm.habits import Habits
from tests.swarm.process import Starter, assert_all_well
from tools import auditfolder
from tools.auditing.judging import judge
from tools.auditing.rule import KEPT, UNSEEN


def test_our_peers_keep_every_rule(starter: Starter, swarm_folder: Callable[..., SwarmFolder]) -> None:
    folder = swarm_folder(**Wish(peers=5, size=2_000_000, unchoking=0.2, optimistic=0.4)._asdict())
    assert_all_well(*starter.start_all(folder).values())
    results = judge(auditfolder.load(str(folder.root)))
    assert broken(results) == []
    assert "files" not in [one.rule.name for one in results if one.state == UNSEEN]


def test_foreign_peers_without_logs_are_no_trouble(starter: Starter, swarm_folder: Callable[..., SwarmFolder]) -> None:
    folder = swarm_folder(**Wish(peers=4, size=200_000, unchoking=0.2, optimistic=0.4)._asdict())
    payload = Payload(folder.payload.read_bytes(), folder.wish.piece_size)
    foreign = [
        ForeignPeer(peer, folder.row(peer).port, payload, how, False)
        for peer, how in ((1003, Habits(repeats=True)), (1004, Habits(chokes_before="answers")))
    ]
    try:
        ours = starter.start_all(folder, 1001, 1002)
        foreign[0].listen()
        for one in foreign:
            for other in range(1001, one.me):
                one.dial(other, folder.row(other).port)
        assert [one.wait() for one in ours.values()] == [0, 0]
    finally:
        for one in foreign:
            one.close()
    results = {one.rule.name: one for one in judge(auditfolder.load(str(folder.root)))}
    missing = [finding.file for finding in results["logs"].findings]
    assert missing == ["log_peer_1003.log", "log_peer_1004.log"]
    assert {one.state for one in results.values() if one.rule.name in ("texts", "stamps", "once", "complete")} == {KEPT}
    told = [finding.found for finding in results["haves"].findings]
    assert told and all("'have' message from 1003" in text for text in told), "it says everything twice"


def test_watch_shows_what_became_of_every_peer(starter: Starter, swarm_folder: Callable[..., SwarmFolder]) -> None:
    folder = swarm_folder(**Wish(peers=2, size=50_000, unchoking=0.2, optimistic=0.4)._asdict())
    assert_all_well(*starter.start_all(folder).values())
    command = [sys.executable, "-m", "peer", "watch", str(folder.root)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    lines = [f"peer {peer}: done, 4 of 4 pieces (100%)" for peer in folder.ids]
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [*lines, "2 of 2 peers are done"]
    (folder.root / "PeerInfo.cfg").unlink()
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "PeerInfo.cfg" in done.stderr
