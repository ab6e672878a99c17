"""The task `verify`: hashes every copy from its final path, and proves it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from deploy.agent.verbs import Verified, Verify
from deploy.core.inventory import Inventory
from deploy.core.placement import final_path
from deploy.core.plan import Facts, Step, Steps, hosts_of, peers_of
from deploy.core.relays import carried_lines
from deploy.core.report import failure_lines, payload_lines, shows_table, time_lines
from deploy.core.sources import source_lines
from deploy.core.summary import PROOF_NAME, SUMMARY_NAME, copy_fields, parse_proof
from deploy.core.times import VERIFY as VERIFYING
from deploy.core.times import known_statuses, payload_size
from deploy.core.verdict import BRIEF_COLUMNS, Copy, Verdict, judge, sources_of
from deploy.edge.hosts.host import WORK_SECONDS, HostLink
from deploy.edge.tasks.chain import Chain
from deploy.edge.tasks.phase import Options, Phase
from deploy.edge.tasks.report import report_run
from deploy.edge.tasks.status import statuses
from deploy.edge.tasks.summary import write_summary
from peer.core.counting import count_of


def _describe(inventory: Inventory, _: Facts) -> Iterator[Step]:
    for peer in inventory.chosen_peers:
        what = f"hash {final_path(inventory, peer)}, compare with the manifest"
        yield Step("verify", peer.host, peer.peer_id, what)


def _verify(chain: Chain, steps: Steps, options: Options) -> Verdict:
    """Hash every copy from its final path, compare it with the manifest, and tell the verdict."""
    about = statuses(chain, hosts_of(steps))
    size = payload_size(known_statuses(about).values())
    names = hosts_of(step for step in steps if step.peer in about)
    with chain.timing(VERIFYING), chain.doing("hashing the copies"):
        answers = chain.ask(lambda link: _verify_host(link, chain.inventory, steps, size), names)
    found = {one.peer: one for answer in answers.values() for one in answer.copies}
    copies = [Copy.of_check(one._asdict(), about[peer]) for peer, one in found.items() if peer in about]
    verdict = judge(chain.inventory, copies, chain.outcomes, _manifest_proof(chain.folder))
    write_summary(chain, verdict, about, proved=True)
    for row in verdict.rows:
        one = found.get(row.peer)
        chain.record("copy", **copy_fields(row), path=one.path if one else "", extras=one.extras if one else 0)
    extras = {chain.inventory.peer(peer).host: one.extras for peer, one in found.items() if one.extras}
    _tell(chain, verdict, extras, options.table)
    report_run(chain, about)
    return verdict


def _manifest_proof(folder: Path) -> str:
    """What `deploy` noted of the run's manifest; "" where another operator, or none, deployed it."""
    path = folder / PROOF_NAME
    return parse_proof(path.read_text("utf-8")) if path.exists() else ""


def _tell(chain: Chain, verdict: Verdict, extras: Mapping[str, int], table: bool) -> None:
    """The verdict on one screen: the hash once, the table where it fits or was asked for, the failures last."""
    screen, rows, good = chain.screen, verdict.rows, verdict.code == 0
    if shows_table(verdict, screen.width, table):
        screen.table(BRIEF_COLUMNS, [row.brief for row in rows], [row.good for row in rows])
    facts = (*time_lines(chain.times), *source_lines(sources_of(rows)), *carried_lines(chain.carried))
    for line in (*payload_lines(chain.inventory.swarm.payload.name, rows), *facts):
        screen.say(line, None)
    for line in chain.slow:
        screen.say(f"slow: {line}", None)
    for name, count in extras.items():
        screen.note(f"{name}: {count_of(count, 'file')} beside the payload")
    screen.say(verdict.sentence, good)
    screen.errors(failure_lines(verdict.failures, f"{chain.folder}/{SUMMARY_NAME}"))


def _verify_host(link: HostLink, inventory: Inventory, steps: Steps, size: int) -> Verified:
    request = Verify(tuple(peers_of(steps, link.name)), inventory.swarm.payload.name, size)
    return link.ask(request, WORK_SECONDS)


VERIFY = (Phase(_describe, _verify),)
