"""The tasks' names, help and arguments; the tasks of a chain share `c.chain`.

Each body loads what it runs, so that help and completion, which shells ask for as they start, load no task.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from invoke import Collection

from deploy.core.command.taskoptions import (
    AGAINST,
    EVERY,
    KEEP_GOING,
    PARTIAL,
    PUSH,
    RATE,
    RELEASE,
    SVG,
    TABLE,
    WEB,
    YES,
)
from deploy.core.inventory import Inventory
from deploy.edge.fab.chaintask import Hostnames, chain_task


@chain_task()
def check(c: Any) -> None:
    """Ask every host whether it is ready.

    Login, Python, folder, disk, ports, clock, and connections between the hosts.
    """
    from deploy.edge.tasks import check, phase

    phase.walk(c.chain, check.CHECK)


@chain_task(AGAINST)
def plan(c: Any, against: str = "") -> None:
    """Show what `up` would do, in order; connects to no host.

    With each host's `rate` in the inventory, it also tells how fast it can be. With `--against` it hashes what these
    hosts have, and tells which files would be added, changed, removed and renamed there, and how much is to fetch.
    """
    if against:
        from deploy.edge.tasks import against as task

        task.tell_changes(c.chain, against)
        return
    from deploy.edge.tasks import plan

    plan.plan(c.chain)


@chain_task()
def deploy(c: Any) -> None:
    """Put the payload on the seeds, and code on every host.

    Configuration and keys go to every host as well. Nothing is started yet.
    """
    from deploy.edge.tasks import deploy, phase

    phase.walk(c.chain, deploy.DEPLOY)


@chain_task(KEEP_GOING)
def start(c: Any, keep_going: bool = False) -> None:
    """Start the peers in order, each confirmed listening.

    The order is that of PeerInfo.cfg. They keep running without you.
    """
    from deploy.edge.tasks import phase, start

    phase.walk(c.chain, start.START, phase.Options(keep_going=keep_going))


@chain_task()
def status(c: Any) -> None:
    """Show what every peer does at present."""
    from deploy.edge.tasks import phase, status

    phase.walk(c.chain, status.STATUS)


@chain_task(EVERY, TABLE, SVG, WEB)
def logs(c: Any, every: bool = False, table: bool = False, svg: str = "", web: bool = False) -> None:
    """Watch the swarm to its end, then verify.

    Ctrl-C leaves the swarm running; `logs` comes back to it.
    """
    from deploy.edge.tasks import logs, phase

    phase.walk(c.chain, logs.LOGS, phase.Options(every=every, table=table, svg=svg, web=web))


@chain_task()
def collect_logs(c: Any) -> None:
    """Fetch the logs of all hosts into runs/<run>/.

    Each host's logs and statuses go to a folder of its own there, and a summary beside them.
    """
    from deploy.edge.tasks import collect_logs, phase

    phase.walk(c.chain, collect_logs.COLLECT_LOGS)


@chain_task(TABLE)
def verify(c: Any, table: bool = False) -> None:
    """Hash every copy at its final path: the proof.

    Each hash is compared with the manifest. Exit code 0 means that every chosen host has the bytes.
    """
    from deploy.edge.tasks import phase, verify

    phase.walk(c.chain, verify.VERIFY, phase.Options(table=table))


@chain_task()
def stop(c: Any) -> None:
    """Stop the peers."""
    from deploy.edge.tasks import phase, stop

    phase.walk(c.chain, stop.STOP)


@chain_task(
    RATE,
    words=("rate",),
    positional=True,
    examples=(
        ("weft cap 50 --limit 'node[01-04]'", "50 Mbit/s each way, for all peers of each of these hosts together"),
        ("weft cap up=20,down=none", "20 Mbit/s up and no cap down, on all hosts"),
        ("weft cap none", "no caps any more"),
        ("weft cap relay=50", "what this machine carries for hosts that only SSH reaches"),
    ),
)
def cap(c: Any, rate: Any = None) -> None:
    """Change what hosts may send and receive, while the swarm runs too.

    In Mbit/s a host, all its peers together. It holds until the next deploy, which sets what the inventory says.
    """
    from deploy.edge.tasks import cap, phase

    text = rate if isinstance(rate, str) else " ".join(rate or ())
    phase.walk(c.chain, cap.phases(text))


@chain_task(YES)
def clean(c: Any, yes: bool = False) -> None:
    """Stop the peers, and remove what Weft made there.

    A payload that was delivered to a `destination` stays, and so does what isn't Weft's. At a terminal it asks before
    it removes other copies of a payload that wasn't generated.
    """
    from deploy.edge.tasks import clean, phase

    phase.walk(c.chain, clean.CLEAN, phase.Options(yes=yes))


def _make_inventory(options: Mapping[str, Any], hostnames: Hostnames) -> Inventory:
    from deploy.edge.tasks import push

    return push.make_inventory(options, hostnames)


@chain_task(
    KEEP_GOING,
    EVERY,
    TABLE,
    makes=_make_inventory,
    made_of=PUSH,
    words=("payload", "target"),
    usage="weft push [OPTIONS] PAYLOAD TARGET...\n       weft push [OPTIONS] --seed HOST:/path TARGET...",
    examples=(
        ("weft push ./model 'fleet@node[01-16]:/srv/models'", "it becomes /srv/models/model on 16 hosts"),
        ("weft push ./model --to hosts.txt :/srv/models", "the hosts of a list; a line may have its own :/folder"),
        ("weft push --seed store:/data/model 'node[01-16]:/srv'", "the payload is on store already"),
        ("weft push ./model /tmp/a /tmp/b", "a first try, on this machine"),
    ),
    without=("inventory", "hosts", "local"),
)
def push(c: Any, keep_going: bool = False, every: bool = False, table: bool = False) -> None:
    """Put a payload on hosts without an inventory: all in one.

    The payload is uploaded to the first host that answers, and from there it goes to all of them. Then each host proves
    its copy, and everything else that was put there is removed. After a failure nothing is removed: run it again, and
    only what is missing is transferred. The payload keeps its name in the folder of a target.

    The inventory that this makes is kept, so `weft logs -i runs/push-NAME.yaml` comes back to a push after Ctrl-C.
    """
    from deploy.edge.tasks import phase, push

    push.choose_seed(c.chain)
    phase.walk(c.chain, push.PUSH, phase.Options(keep_going, every, table))


@chain_task(KEEP_GOING, EVERY, TABLE, PARTIAL, SVG, WEB)
def up(
    c: Any,
    keep_going: bool = False,
    every: bool = False,
    table: bool = False,
    partial: bool = False,
    svg: str = "",
    web: bool = False,
) -> None:
    """Do all of it: deploy, start, watch, collect logs, verify.

    Run it again after a failure: complete copies are kept, and only what is missing is transferred. Where this very
    swarm runs already, as after Ctrl-C, it is followed to the verdict.

    Where the inventory asks for releases, `current` is turned at last: on all hosts within moments, or on none.
    """
    from deploy.edge.tasks import phase, up

    phase.walk(c.chain, up.UP, phase.Options(keep_going, every, table, partial, svg, web=web))


@chain_task()
def releases(c: Any) -> None:
    """Show which releases are where, and which is current."""
    from deploy.edge.tasks import phase, releases

    phase.walk(c.chain, releases.RELEASES)


@chain_task(
    RELEASE,
    PARTIAL,
    words=("release",),
    usage="weft activate [OPTIONS] RUN",
    examples=(("weft activate 20260131-120501-3fa9c2", "turn to this release; `weft releases` lists them"),),
)
def activate(c: Any, release: Any = None, partial: bool = False) -> None:
    """Turn to a release that is on the hosts already.

    On all chosen hosts within moments, or on none: each host first looks whether the release is as it was proved.
    Nothing is transferred.
    """
    from deploy.edge.tasks import activate, phase

    phase.walk(c.chain, activate.activating(release or ()), phase.Options(partial=partial))


@chain_task(PARTIAL)
def rollback(c: Any, partial: bool = False) -> None:
    """Turn all hosts back to the release before the current one."""
    from deploy.edge.tasks import activate, phase

    phase.walk(c.chain, activate.ROLLBACK, phase.Options(partial=partial))


@chain_task(alone=True)
def schema(c: Any) -> None:
    """Print the inventory's JSON Schema, for editors."""
    from deploy.edge.tasks import schema

    schema.print_schema(c.screen)


@chain_task(alone=True)
def runs(c: Any) -> None:
    """Show the runs that left records in this folder.

    When, whose, which payload with its hash, hosts, seconds, the slowest host, and how it ended, the latest run last.
    """
    from deploy.edge.tasks import runs

    runs.show_runs(c.screen)


@chain_task(alone=True)
def report(c: Any) -> None:
    """Draw a run again: runs/<run>/report.html.

    `--run` names the run; without it, that is the latest. `up` and `verify` write the same page at their end.
    """
    from deploy.edge.tasks import report

    report.write_again(c.screen, c.run_name)


@chain_task(alone=True)
def init(c: Any) -> None:
    """Write a commented inventory to begin with.

    It works as it is, with five peers on this machine. A file that exists is never replaced; -i names another.
    """
    from deploy.edge.tasks import init

    init.write_inventory(c.screen, c.inventory)


ns = Collection(
    push, init, check, plan, up, releases, activate, rollback, deploy, start, logs, status, stop, cap,
    collect_logs, verify, clean, runs, report, schema
)  # fmt: skip
