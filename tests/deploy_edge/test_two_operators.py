"""Two operators of one swarm: both end well, or one is refused before anything is touched."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from deploy.agent.verbs import Claim, Claimed
from deploy.core.inventory import LOCAL, Host
from deploy.edge.hosts.host import HostLink
from deploy.edge.hosts.local import LocalTransport
from tests.deploy_edge.fabrun import SECONDS, fab
from tests.deploy_edge.localhosts import begun, wait_until_nothing_works_in


def test_one_operator_at_a_time_deploys_a_swarm(write: Callable[..., None], tmp_path: Path) -> None:
    write()
    here = Host("a", "127.0.0.1", "127.0.0.1", connection=LOCAL)
    other = HostLink(here, LocalTransport(here, tmp_path), "hosts/a/t")
    assert other.ask(Claim(who="ada@store")) == Claimed(held=False, living=())
    refused = fab(tmp_path, "up")
    assert refused.code == 1
    (line,) = refused.err.splitlines()
    assert re.match(
        r"a: another operator, ada@store, has been deploying this swarm for \d+ s \(.+\): wait until that is done", line
    ), line
    assert not (tmp_path / "hosts/b").exists()
    other.close()
    assert fab(tmp_path, "up").code == 0


def test_two_operators_at_once_end_well_or_one_is_refused(write: Callable[..., None], tmp_path: Path) -> None:
    write()
    with begun(tmp_path, "up") as (one, one_said), begun(tmp_path, "up") as (two, two_said):
        codes = {(one.wait(SECONDS), one_said()), (two.wait(SECONDS), two_said())}
    assert 0 in {code for code, _ in codes}, codes
    for code, said in codes:
        assert code == 0 or "another operator" in said or "runs there" in said, said
    assert fab(tmp_path, "verify").code == 0
    wait_until_nothing_works_in(tmp_path)
