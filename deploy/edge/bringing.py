"""The task `up`: deploy, start, watch until done, collect, verify."""

from __future__ import annotations

from deploy.edge.desk import Desk
from deploy.edge.gathering import collect_logs, verify
from deploy.edge.pushing import deploy
from deploy.edge.running import start
from deploy.edge.watching import logs


def up(desk: Desk, keep_going: bool = False, every: bool = False) -> None:
    """Bring the payload to all chosen hosts and prove it."""
    deploy(desk)
    start(desk, keep_going)
    logs(desk, every, result=False)
    collect_logs(desk)
    verify(desk)
