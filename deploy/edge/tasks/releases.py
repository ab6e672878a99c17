"""The task `releases`: which releases are on which hosts, and which is current."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.core.inventory import Inventory
from deploy.core.plan import Facts, Step, Steps, hosts_of
from deploy.core.releasechoice import HEADINGS, rows
from deploy.edge.tasks.activate import NO_RELEASES
from deploy.edge.tasks.chain import Chain, Halt
from deploy.edge.tasks.phase import Options, Phase
from deploy.edge.tasks.releasename import look


def _describe(inventory: Inventory, _: Facts) -> Iterator[Step]:
    names = {peer.host for peer in inventory.chosen_peers if inventory.has_releases(peer)}
    for host in (host for host in inventory.chosen_hosts if host.name in names):
        yield Step("releases", host.name, None, f"list {host.releases.root if host.releases else ''}")


def _releases(chain: Chain, steps: Steps, _: Options) -> None:
    """A table of all releases."""
    hosts = hosts_of(steps)
    if not hosts:
        raise Halt(NO_RELEASES)
    kept = chain.ask(look, hosts)
    for host, one in kept.items():
        releases = [release._asdict() for release in one.releases]
        chain.record("host", host=host, state="ok", folder=one.root, current=one.current, releases=releases)
    found = rows(kept)
    if found:
        chain.screen.table(HEADINGS, found, [row[-1] != "-" for row in found])
    else:
        chain.screen.note("there are no releases yet; `fab up` brings the first")


RELEASES = (Phase(_describe, _releases),)
