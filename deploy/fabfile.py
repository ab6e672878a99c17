"""The tasks' names, help and arguments; each body is one call. The tasks of a chain share `c.chain`."""

from __future__ import annotations

from typing import Any

from invoke import Collection

from deploy.edge.fab.chaintask import chain_task
from deploy.edge.tasks.check import CHECK
from deploy.edge.tasks.clean import CLEAN
from deploy.edge.tasks.collect_logs import COLLECT_LOGS
from deploy.edge.tasks.deploy import DEPLOY
from deploy.edge.tasks.logs import LOGS
from deploy.edge.tasks.phase import Options, walk
from deploy.edge.tasks.plan import plan as show_plan
from deploy.edge.tasks.schema import print_schema
from deploy.edge.tasks.start import START
from deploy.edge.tasks.status import STATUS
from deploy.edge.tasks.stop import STOP
from deploy.edge.tasks.up import UP
from deploy.edge.tasks.verify import VERIFY

_KEEP_GOING = "start the others even if a peer can't be started"
_EVERY = "show every event line, including the frequent kinds"
_TABLE = "show the table of all copies, however many hosts there are"
_SVG = "write a picture of the console to this SVG file"


@chain_task()
def check(c: Any) -> None:
    """Check every host: login, Python, folder, disk, ports, clock, and connections between hosts."""
    walk(c.chain, CHECK)


@chain_task()
def plan(c: Any) -> None:
    """Show what `up` would do, in order, and how fast it can be; connects to no host."""
    show_plan(c.chain)


@chain_task()
def deploy(c: Any) -> None:
    """Put the payload on the seeds; push code, configuration and keys to every host."""
    walk(c.chain, DEPLOY)


@chain_task(keep_going=_KEEP_GOING)
def start(c: Any, keep_going: bool = False) -> None:
    """Start the peers in PeerInfo order, each confirmed listening before the next."""
    walk(c.chain, START, Options(keep_going=keep_going))


@chain_task()
def status(c: Any) -> None:
    """Show the present status of every peer."""
    walk(c.chain, STATUS)


@chain_task(every=_EVERY, table=_TABLE, svg=_SVG)
def logs(c: Any, every: bool = False, table: bool = False, svg: str = "") -> None:
    """Follow all hosts until every peer has ended, then verify; Ctrl-C leaves the swarm running."""
    walk(c.chain, LOGS, Options(every=every, table=table, svg=svg))


@chain_task()
def collect_logs(c: Any) -> None:
    """Fetch logs and statuses of all hosts into runs/<run id>/<host>/, and write a summary."""
    walk(c.chain, COLLECT_LOGS)


@chain_task(table=_TABLE)
def verify(c: Any, table: bool = False) -> None:
    """Hash every copy at its final path and compare it with the manifest."""
    walk(c.chain, VERIFY, Options(table=table))


@chain_task()
def stop(c: Any) -> None:
    """Stop the peers."""
    walk(c.chain, STOP)


@chain_task()
def clean(c: Any) -> None:
    """Stop the peers and remove everything that Weft made on the hosts."""
    walk(c.chain, CLEAN)


@chain_task(keep_going=_KEEP_GOING, every=_EVERY, table=_TABLE, svg=_SVG)
def up(c: Any, keep_going: bool = False, every: bool = False, table: bool = False, svg: str = "") -> None:
    """Do all of it: deploy, start, watch until done, collect the logs, verify."""
    walk(c.chain, UP, Options(keep_going, every, table, svg))


@chain_task()
def schema(c: Any) -> None:
    """Print the inventory's JSON Schema, for editors."""
    print_schema(c.chain)


ns = Collection(check, plan, deploy, start, status, logs, collect_logs, verify, stop, clean, up, schema)
