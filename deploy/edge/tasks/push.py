"""The task `push`: a payload to hosts without an inventory; makes one, does what `up` does, and tidies up."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from deploy.agent.verbs import Clean
from deploy.core.configfiles import swarm_folder
from deploy.core.inventory import FIRST_PORT, Host, Inventory, Upload, scalar
from deploy.core.inventory.aliases import named_alone
from deploy.core.inventory.listed import Listed
from deploy.core.inventory.select import seeded
from deploy.core.plan import Facts, Step, Steps, hosts_of
from deploy.core.pushtext import HEAD, PushError, Wish, is_remote, push_inventory, swarm_name
from deploy.core.times import CONNECT
from deploy.core.verdict import FAILED, Outcome
from deploy.edge.hosts.host import WORK_SECONDS
from deploy.edge.hosts.localports import free_base
from deploy.edge.tasks.chain import RUNS, Chain
from deploy.edge.tasks.hostlist import read_hosts
from deploy.edge.tasks.phase import Options, Phase
from deploy.edge.tasks.up import UP

_SEEDS = re.compile(r"^seeds: .*$", re.M)
_ELSEWHERE = {  # options of all other tasks that would do something else here than they say
    "hosts": "a list of hosts is named with --to FILE",
    "local": "--local is for inventories; for a try on this machine name folders: weft push ./model /tmp/a /tmp/b",
}


def make_inventory(options: Mapping[str, Any], hostnames: Callable[[Collection[Host]], Mapping[str, str]]) -> Inventory:
    """The inventory of a `push` with these options, kept in a file. Raises PushError, InventoryError.

    `hostnames` tells what ssh_config calls hosts: a name that only we know is no address for their peers.
    """
    if options.get("inventory"):
        raise PushError("push makes an inventory of its own: leave --inventory out, or run `fab up` with it")
    for option, words in _ELSEWHERE.items():
        if options.get(option):
            raise PushError(f"push: {words}")
    payload, seed = str(options.get("payload", "")), str(options.get("seed", ""))
    targets = [str(target) for target in options.get("target", ())]
    if seed and payload:  # the payload is on the seed, so the first word is a target too
        targets, payload = [payload, *targets], ""
    if not seed and not payload:
        raise PushError("push: which payload? weft push ./model USER@HOST:/folder, or --seed HOST:/path if it is there")
    if not seed:
        _check_payload(payload)
    wish = Wish(
        payload and _here(payload),
        [target if is_remote(target) else _here(target) for target in targets],
        _listed(str(options["to"])) if options.get("to") else Listed(()),
        seed,
        bool(options.get("replace")),
        bool(options.get("accept_new")),
        FIRST_PORT if any(map(is_remote, targets)) else free_base(len(targets)),
        limit=str(options.get("limit", "")),
    )
    kept = Path(str(options.get("save") or f"{RUNS}/{swarm_name(seed or wish.payload)}.yaml"))
    inventory, _ = push_inventory(wish, str(kept))
    named = named_alone(inventory.hosts)
    inventory, text = push_inventory(wish._replace(hostnames=hostnames(named)), str(kept))
    if options.get("save") or not options.get("dry_run"):
        _keep(text, kept, bool(options.get("save")))
    return inventory


def _check_payload(payload: str) -> None:
    """Raises PushError for what isn't on this machine, before anything is written anywhere."""
    if "://" in payload:
        remedy = "write an inventory (`fab init`) with payload: {url: ..., sha256: ...}"
        raise PushError(f"push: {payload} isn't on this machine; {remedy}")
    if not os.path.lexists(os.path.expanduser(payload)):
        raise PushError(f"push: {payload}: no such file or directory; name a payload on this machine, or --seed")


def _listed(word: str) -> Listed:
    """The hosts of `--to`. Raises PushError where there are none, ConfigError, InventoryError."""
    listed = read_hosts(word, Path(), may_run=True)
    if not listed.hosts:
        raise PushError(f"push: {'standard input' if word == '-' else word}: no host is in this list")
    return listed


def _keep(text: str, path: Path, is_asked: bool) -> None:
    """Write the inventory down, so that other tasks can be run on what was pushed."""
    try:
        if os.path.lexists(path) and (is_asked or not path.read_text("utf-8").startswith(HEAD)):
            raise PushError(f"push: {path} exists, and isn't replaced; name another file with --save FILE")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    except OSError as error:
        problem = (error.strerror or str(error)).lower()
        raise PushError(f"push: {path}: {problem}; name another file with --save FILE") from None


def _here(path: str) -> str:
    """A path on this machine that means the same for an inventory in another folder."""
    return path if path.startswith("~") else os.path.abspath(path)


def choose_seed(chain: Chain) -> None:
    """Give the upload to another host, if the first one can't be reached: the others needn't go without."""
    inventory = chain.inventory
    if chain.dry_run or not isinstance(inventory.swarm.payload, Upload):
        return
    names, first = [host.name for host in inventory.chosen_hosts], inventory.seeds[0].host
    with chain.timing(CONNECT), chain.doing("connecting"):
        answered = chain.ask(lambda link: link.connect(), names, drop=True)
    if first in answered or not answered:
        return
    seed = next(name for name in names if name in answered)
    chain.screen.note(f"{seed} gets the upload, as {first} can't be reached")
    chain.inventory = seeded(inventory, seed)
    kept = Path(inventory.source)
    text = _SEEDS.sub(f"seeds: [{scalar(seed)}]", kept.read_text("utf-8"))
    kept.write_text(text, "utf-8")  # the next tries, and the commands that messages propose, begin with it


def _describe(inventory: Inventory, _: Facts) -> Iterator[Step]:
    for host in inventory.chosen_hosts:
        yield Step("push", host.name, None, f"remove {swarm_folder(inventory, host.name)}; the payload stays")


def _tidy(chain: Chain, steps: Steps, _: Options) -> None:
    """Remove what isn't the payload, if all is well; else it stays, because the next try continues with it."""
    if chain.code:
        chain.screen.note("what was transferred stays there for the next try: run it again")
        return
    with chain.doing("removing what isn't the payload"):
        answers = chain.ask(lambda link: link.ask(Clean(), WORK_SECONDS), hosts_of(steps))
    for name, answer in answers.items():
        if answer.foreign:
            problem = f"{answer.home} holds files that aren't ours: {', '.join(answer.foreign[:5])}"
            chain.fail([Outcome(name, FAILED, problem, "the payload is complete; remove that folder by hand")])


PUSH: Sequence[Phase] = (*UP, Phase(_describe, _tidy))
