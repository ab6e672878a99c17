"""The tasks' names, help and arguments; each body calls one function. `c.chain` is what a chain's tasks share."""

from __future__ import annotations

from typing import Any

from invoke import Collection

from deploy.edge.fab.chaintask import chain_task
from deploy.edge.screen import picture
from deploy.edge.tasks.check import check as check_hosts
from deploy.edge.tasks.clean import clean as clean_hosts
from deploy.edge.tasks.collect_logs import collect_logs as collect_all_logs
from deploy.edge.tasks.deploy import deploy as deploy_swarm
from deploy.edge.tasks.logs import logs as follow_swarm
from deploy.edge.tasks.plan import plan as show_plan
from deploy.edge.tasks.schema import schema as print_schema
from deploy.edge.tasks.start import start as start_peers
from deploy.edge.tasks.status import status as show_status
from deploy.edge.tasks.stop import stop as stop_peers
from deploy.edge.tasks.up import up as bring_up
from deploy.edge.tasks.verify import verify as verify_copies

_KEEP_GOING = "start the others even if a peer can't be started"
_EVERY = "show every event line, the frequent kinds too"
_SVG = "write a picture of the console to this file"


@chain_task()
def check(c: Any) -> None:
    """Can every host do its part? Login, Python, folder, disk, ports, clock, who reaches whom."""
    check_hosts(c.chain)


@chain_task()
def plan(c: Any) -> None:
    """What `up` would do, in order, and how fast it can be; connects to nobody."""
    show_plan(c.chain)


@chain_task()
def deploy(c: Any) -> None:
    """Put the payload on the seeds; push code, configuration and keys to every host."""
    deploy_swarm(c.chain)


@chain_task(keep_going=_KEEP_GOING)
def start(c: Any, keep_going: bool = False) -> None:
    """Start the peers in PeerInfo order, each confirmed listening before the next."""
    start_peers(c.chain, keep_going)


@chain_task()
def status(c: Any) -> None:
    """What every peer says of itself now."""
    show_status(c.chain)


@chain_task(every=_EVERY, svg=_SVG)
def logs(c: Any, every: bool = False, svg: str = "") -> None:
    """Follow all hosts until every peer has ended; Ctrl-C leaves the swarm running."""
    with picture.picture(c.chain.screen, svg, "fab logs"):
        follow_swarm(c.chain, every)


@chain_task()
def collect_logs(c: Any) -> None:
    """Fetch logs and statuses of all hosts into runs/<run id>/<host>/, with a summary beside them."""
    collect_all_logs(c.chain)


@chain_task()
def verify(c: Any) -> None:
    """Hash every copy from its final path and compare it with the manifest."""
    verify_copies(c.chain)


@chain_task()
def stop(c: Any) -> None:
    """Stop the peers."""
    stop_peers(c.chain)


@chain_task()
def clean(c: Any) -> None:
    """Stop the peers and remove everything of ours from the hosts."""
    clean_hosts(c.chain)


@chain_task(keep_going=_KEEP_GOING, every=_EVERY, svg=_SVG)
def up(c: Any, keep_going: bool = False, every: bool = False, svg: str = "") -> None:
    """All of it: deploy, start, watch until done, collect the logs, verify."""
    with picture.picture(c.chain.screen, svg, "fab up"):
        bring_up(c.chain, keep_going, every)


@chain_task()
def schema(c: Any) -> None:
    """The inventory's JSON Schema, for editors."""
    print_schema(c.chain)


ns = Collection(check, plan, deploy, start, status, logs, collect_logs, verify, stop, clean, up, schema)
