"""The task `verify`: hashes every copy from its final path, and proves it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from deploy.core.inventory import Inventory
from deploy.core.placement import final_path
from deploy.core.plan import Facts, Step, Steps, hosts_of, peers_of
from deploy.core.summary import HEADINGS, format_time
from deploy.core.verdict import Copy, Verdict, error_lines, judge
from deploy.edge.hosts.host import Link
from deploy.edge.tasks.chain import Chain
from deploy.edge.tasks.phase import Options, Phase
from deploy.edge.tasks.status import statuses
from deploy.edge.tasks.summary import filled, run_seconds, write_summary

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
    copies = [_copy(found, about.get(found["peer"])) for answer in answers.values() for found in answer["copies"]]
    chosen = {peer.peer_id for peer in chain.inventory.chosen_peers}
    verdict = judge(chain.inventory, [copy for copy in copies if copy.peer in chosen], chain.outcomes)
    paths = {found["peer"]: found.get("path", "") for answer in answers.values() for found in answer["copies"]}
    _tell(chain, verdict, about, paths)
    return verdict


def _tell(chain: Chain, verdict: Verdict, about: dict[int, Any], paths: dict[int, str]) -> None:
    told = set(error_lines(chain.outcomes))
    chain.screen.errors([line for line in verdict.lines if line not in told])
    rows = [[str(cell) for cell in row[: len(HEADINGS)]] for row in verdict.rows]
    chain.screen.table(HEADINGS, rows, [row.good for row in verdict.rows])
    for row in verdict.rows:
        chain.record(**row._asdict(), path=paths.get(int(row.peer), ""))
    limit = write_summary(chain, verdict, about)
    chain.screen.say(f"{verdict.sentence}{format_time(run_seconds(about), limit)}", good=verdict.code == 0)


def _verify_host(link: Link, inventory: Inventory, steps: Steps, seconds: float) -> dict[str, Any]:
    peers = peers_of(steps, link.name)
    return link.call("verify", seconds * len(peers), peers=peers, name=inventory.swarm.payload.name)


def _copy(found: dict[str, Any], about: dict[str, Any] | None) -> Copy:
    copy = Copy(
        peer=int(found["peer"]),
        ok=found.get("ok") is True,
        sha256=str(found.get("sha256", "")),
        bytes=found.get("bytes"),
        problem=str(found.get("problem", "")),
    )
    return filled(copy, (about or {}).get("status") or {})


VERIFY = (Phase(_describe, _verify),)
