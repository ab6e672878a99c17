"""Our peers keep every rule: seeded swarms in simulated time.

AUDIT_SWARMS=200 runs two hundred.
"""

from __future__ import annotations

import os

import pytest

from tests.audit.simulated import PIECE, Wish, broken, swarm, wish_of
from tools.auditing.rule import UNSEEN

SWARMS = int(os.environ.get("AUDIT_SWARMS", "5"))


@pytest.mark.parametrize("seed", range(SWARMS))
def test_every_rule_is_kept(seed: int) -> None:
    assert broken(swarm(wish_of(seed), seed).audited()) == []


def test_every_rule_but_that_about_files_can_be_seen() -> None:
    """Or the test above would promise more than it looks at."""
    results = swarm(Wish(5, 1, 130, 2, 3, 3, PIECE * 8.0), 3).audited()
    assert {one.rule.name for one in results if one.state == UNSEEN} == {"files"}
