"""The task `up`: deploy, start, watch until done, collect, verify."""

from __future__ import annotations

from deploy.edge.desk import Desk
from deploy.edge.gathering import collect_logs, verify
from deploy.edge.pushing import deploy
from deploy.edge.watching import start_and_watch


def up(desk: Desk, keep_going: bool = False, every: bool = False) -> None:
    """Bring the payload to all chosen hosts and prove it."""
    deploy(desk)
    start_and_watch(desk, keep_going, every)
    collect_logs(desk)
    verify(desk)
