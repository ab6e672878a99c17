"""The auditor on real peers: ours keep every rule, and the logs of foreign makes get useful words."""

from __future__ import annotations

from typing import Callable

from tests.audit.simulated import broken
from tests.helpers.swarmfolder import SwarmFolder, Wish
from tests.swarm.process import Starter, assert_all_well
from tools import auditfolder
from tools.auditing.judging import judge
from tools.auditing.rule import UNSEEN


def test_our_peers_keep_every_rule(starter: Starter, swarm_folder: Callable[..., SwarmFolder]) -> None:
    folder = swarm_folder(**Wish(peers=5, size=2_000_000, unchoking=0.2, optimistic=0.4)._asdict())
    assert_all_well(*starter.start_all(folder).values())
    results = judge(auditfolder.load(str(folder.root)))
    assert broken(results) == []
    assert "files" not in [one.rule.name for one in results if one.state == UNSEEN]
