"""The task `collect-logs`: the hosts' logs and statuses into the run's folder, with a summary beside them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from deploy.agent.verbs import Collect
from deploy.core.inventory import Inventory
from deploy.core.plan import Facts, Step, Steps, hosts_of
from deploy.core.times import COLLECT
from deploy.core.verdict import Copy, judge
from deploy.edge.hosts.host import WORK_SECONDS, HostLink
from deploy.edge.tasks.chain import Chain
from deploy.edge.tasks.phase import Options, Phase
from deploy.edge.tasks.status import count_peers, statuses
from deploy.edge.tasks.summary import write_summary
from peer.core.counting import count_of


def _describe(inventory: Inventory, _: Facts) -> Iterator[Step]:
    for host in inventory.chosen_hosts:
        peers = count_peers(inventory, host.name)
        yield Step("collect-logs", host.name, None, f"fetch logs and status of {peers}")


def _collect_logs(chain: Chain, steps: Steps, _: Options) -> None:
    """Fetch logs, statuses and configuration of every host into runs/<run id>/<host>/, and write a summary beside."""
    hosts = hosts_of(steps)
    about = statuses(chain, hosts)
    with chain.timing(COLLECT), chain.doing("fetching logs"):
        sizes = chain.ask(lambda link: _collect_host(link, chain), hosts)
    for name, files in sizes.items():
        chain.record("host", host=name, state="ok", folder=str(chain.folder / name), files=files)
    copies = [Copy.of_status(peer, fields) for peer, fields in about.items()]
    write_summary(chain, judge(chain.inventory, copies, chain.outcomes), about, proved=False)
    good = len(sizes) == len(chain.able(hosts))
    chain.screen.say(f"logs of {count_of(len(sizes), 'host')} are in {chain.folder}/", good)


def _collect_host(link: HostLink, chain: Chain) -> dict[str, int]:
    """What was pushed to the host and is there still needn't come back."""
    folder, pushed = chain.folder / link.name, {one.path: one for one in chain.pushed.get(link.name, ())}
    folder.mkdir(parents=True, exist_ok=True)

    def keep(name: str, data: bytes) -> None:
        path = folder / Path(name).name
        if data:
            with path.open("ab") as file:
                file.write(data)
        else:
            path.write_bytes(b"")  # a file begins with an empty part

    known = {name: one.hash for name, one in pushed.items()}
    found = link.ask(Collect(known), WORK_SECONDS, on_part=keep)
    for name in found.known:
        (folder / name).write_bytes(pushed[name].data)
    return {**found.files, **{name: pushed[name].size for name in found.known}}


COLLECT_LOGS = (Phase(_describe, _collect_logs),)
