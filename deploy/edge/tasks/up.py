"""The task `up`: deploy, start, watch until done, collect, verify."""

from __future__ import annotations

from deploy.edge.tasks.chain import Desk
from deploy.edge.tasks.deploy import deploy
from deploy.edge.tasks.logs import start_and_watch
from deploy.edge.tasks.verify import collect_logs, verify


def up(desk: Desk, keep_going: bool = False, every: bool = False) -> None:
    """Bring the payload to all chosen hosts and prove it."""
    deploy(desk)
    start_and_watch(desk, keep_going, every)
    collect_logs(desk)
    verify(desk)
