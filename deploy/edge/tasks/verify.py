"""The task `verify`: hashes every copy from its final path, and proves it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deploy.agent.verbs import Verified, Verify
from deploy.core.inventory import Inventory
from deploy.core.placement import final_path
from deploy.core.plan import Facts, Step, Steps, hosts_of, peers_of
from deploy.core.summary import DIGEST_NAME, parse_digest
from deploy.core.verdict import COLUMNS, Copy, Verdict, error_lines, judge
from deploy.edge.hosts.host import Link
from deploy.edge.tasks.chain import Chain
from deploy.edge.tasks.phase import Options, Phase
from deploy.edge.tasks.status import statuses
from deploy.edge.tasks.summary import write_summary

_SLOWEST_HASH = 20e6  # bytes a second of one peer's copy


def _describe(inventory: Inventory, _: Facts) -> Iterator[Step]:
    for peer in inventory.chosen_peers:
        what = f"hash {final_path(inventory, peer)}, compare with the manifest"
        yield Step("verify", peer.host, peer.peer_id, what)


def _verify(chain: Chain, steps: Steps, _: Options) -> Verdict:
    """Hash every copy from its final path, compare it with the manifest, and tell the verdict."""
    about = statuses(chain, hosts_of(steps))
    size = max((fields["status"]["size"] for fields in about.values() if fields["status"]), default=0)
    seconds = 60 + size / _SLOWEST_HASH
    names = hosts_of(step for step in steps if step.peer in about)
    answers = chain.ask(lambda link: _verify_host(link, chain.inventory, steps, seconds), names, seconds * 4)
    found = {one.peer: one for answer in answers.values() for one in answer.copies}
    copies = [Copy.of_check(one._asdict(), about[peer]["status"] or {}) for peer, one in found.items() if peer in about]
    verdict = judge(chain.inventory, copies, chain.outcomes, _manifest_digest(chain.folder))
    extras = {chain.inventory.peer(peer).host: one.extras for peer, one in found.items() if one.extras}
    _tell(chain, verdict, about, {peer: one.path for peer, one in found.items()}, extras)
    return verdict


def _manifest_digest(folder: Path) -> str:
    """What `deploy` noted of the run's manifest; "" where another operator, or none, deployed it."""
    path = folder / DIGEST_NAME
    return parse_digest(path.read_text("utf-8")) if path.exists() else ""


def _tell(chain: Chain, verdict: Verdict, about: dict[int, Any], paths: dict[int, str], extras: dict[str, int]) -> None:
    told = set(error_lines(chain.outcomes))
    chain.screen.errors([line for line in verdict.lines if line not in told])
    chain.screen.table(COLUMNS, [row.cells for row in verdict.rows], [row.good for row in verdict.rows])
    for row in verdict.rows:
        chain.record(**row._asdict(), path=paths.get(int(row.peer), ""))
    for name, count in extras.items():
        chain.screen.note(f"{name}: {count} {'files' if count > 1 else 'file'} beside the payload")
    time = write_summary(chain, verdict, about)
    chain.screen.say(f"{verdict.sentence}{time}", good=verdict.code == 0)


def _verify_host(link: Link, inventory: Inventory, steps: Steps, seconds: float) -> Verified:
    peers = tuple(peers_of(steps, link.name))
    return link.ask(Verify(peers, inventory.swarm.payload.name), seconds * len(peers))


VERIFY = (Phase(_describe, _verify),)
