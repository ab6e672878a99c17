"""Agent and peers on Python 3.9: everything that they import and do once, from the push to the proof."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.agent import verbs
from deploy.core.inventory import LOCAL, Host
from deploy.edge.hosts.host import HostLink
from deploy.edge.hosts.local import LocalTransport
from peer.core.followline import Alive
from tests.deploy_agent.oldest import VARIABLE, python39
from tests.deploy_agent.pushed import NAME, SIZE, push


@pytest.mark.skipif(python39() is None, reason=f"no python3.9 on PATH or of pyenv; {VARIABLE} can name one")
def test_agent_and_peers_run_on_the_oldest_python(tmp_path: Path) -> None:
    host = Host("here", "127.0.0.1", "127.0.0.1", connection=LOCAL, python=str(python39()))
    link = HostLink(host, LocalTransport(host, tmp_path), "swarm")
    try:
        push(link)
        assert link.ask(verbs.Facts()).python.startswith("3.9.")
        link.ask(verbs.Warm((1001, 1002)))
        for peer in (1001, 1002):
            assert link.ask(verbs.Start(peer, within=30.0), 60).listening
        assert [line for line in link.follow({}, until_done=True) if line == Alive(1001, False)]
        assert [copy.ok for copy in link.ask(verbs.Verify((1001, 1002), NAME, SIZE), 60).copies] == [True] * 2
        assert link.ask(verbs.Collect()).files
    finally:
        link.ask(verbs.Stop((), within=10.0))
        link.ask(verbs.Clean())
        link.close()
    assert list(tmp_path.iterdir()) == []
