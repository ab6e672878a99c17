"""The tasks' names, help and arguments; each body calls one function. `c.desk` is what a chain's tasks share."""

from __future__ import annotations

from typing import Any

from invoke import Collection

from deploy.edge.fab.chaintask import chain_task
from deploy.edge.screen import picture
from deploy.edge.tasks import check as checking
from deploy.edge.tasks import clean as clearing
from deploy.edge.tasks import deploy as pushing
from deploy.edge.tasks import logs as watching
from deploy.edge.tasks import plan as planning
from deploy.edge.tasks import start as running
from deploy.edge.tasks import up as bringing
from deploy.edge.tasks import verify as gathering

_KEEP_GOING = "start the others even if a peer can't be started"
_EVERY = "show every event line, the frequent kinds too"
_SVG = "write a picture of the console to this file"


@chain_task()
def check(c: Any) -> None:
    """Can every host do its part? Login, Python, folder, disk, ports, clock, who reaches whom."""
    checking.check(c.desk)


@chain_task()
def plan(c: Any) -> None:
    """What `up` would do, in order, and how fast it can be; connects to nobody."""
    planning.plan(c.desk)


@chain_task()
def deploy(c: Any) -> None:
    """Put the payload on the seeds; push code, configuration and keys to every host."""
    pushing.deploy(c.desk)


@chain_task(keep_going=_KEEP_GOING)
def start(c: Any, keep_going: bool = False) -> None:
    """Start the peers in PeerInfo order, each confirmed listening before the next."""
    running.start(c.desk, keep_going)


@chain_task()
def status(c: Any) -> None:
    """What every peer says of itself now."""
    running.status(c.desk)


@chain_task(every=_EVERY, svg=_SVG)
def logs(c: Any, every: bool = False, svg: str = "") -> None:
    """Follow all hosts until every peer has ended; Ctrl-C leaves the swarm running."""
    with picture.picture(c.desk.screen, svg, "fab logs"):
        watching.logs(c.desk, every)


@chain_task()
def collect_logs(c: Any) -> None:
    """Fetch logs and statuses of all hosts into runs/<run id>/<host>/, with a summary beside them."""
    gathering.collect_logs(c.desk)


@chain_task()
def verify(c: Any) -> None:
    """Hash every copy from its final path and compare it with the manifest."""
    gathering.verify(c.desk)


@chain_task()
def stop(c: Any) -> None:
    """Stop the peers."""
    running.stop(c.desk)


@chain_task()
def clean(c: Any) -> None:
    """Stop the peers and remove everything of ours from the hosts."""
    clearing.clean(c.desk)


@chain_task(keep_going=_KEEP_GOING, every=_EVERY, svg=_SVG)
def up(c: Any, keep_going: bool = False, every: bool = False, svg: str = "") -> None:
    """All of it: deploy, start, watch until done, collect the logs, verify."""
    with picture.picture(c.desk.screen, svg, "fab up"):
        bringing.up(c.desk, keep_going, every)


@chain_task()
def schema(c: Any) -> None:
    """The inventory's JSON Schema, for editors."""
    planning.schema(c.desk)


ns = Collection(check, plan, deploy, start, status, logs, collect_logs, verify, stop, clean, up, schema)
