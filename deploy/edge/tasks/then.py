"""Runs the inventory's commands on the hosts whose release has become current, batch by batch."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from deploy.agent.verbs import Ran, Run, Settle
from deploy.core.batches import batches
from deploy.core.inventory import Then, fold
from deploy.core.times import THEN as TELLING
from deploy.core.verdict import FAILED, Outcome
from deploy.edge.hosts.host import CALL_SECONDS, HostLink
from deploy.edge.tasks.chain import Chain
from deploy.edge.tasks.releasename import root_of

OUTPUT_NAME = "then.txt"  # in the folder of a host's logs


def run_commands(chain: Chain, hosts: Sequence[str], name: str) -> bool:
    """Run them on these hosts, on which release `name` is current; whether all went well.

    The first failure stops the rest.
    """
    then = chain.inventory.swarm.then
    if then is None:
        return True
    parts = batches(hosts, then.batch) if hosts else []
    for number, part in enumerate(parts):
        with chain.timing(TELLING), chain.doing("running the commands of `then`"):
            answers = chain.ask(lambda link: _on_host(link, then, name, chain), part)
        if not all(host in answers and answers[host] for host in part):
            left = [host for later in parts[number + 1 :] for host in later]
            chain.screen.errors([_stopped(left, name)])
            return False
    if hosts:
        chain.screen.say(f"the commands of `then` went well on {fold(hosts)}")
    return True


def _on_host(link: HostLink, then: Then, name: str, chain: Chain) -> bool:
    """All commands in order, up to the first that fails; whether none did. Raises HostError."""
    for command in then.commands:
        ran = link.ask(Run(root_of(link), name, command, then.within), CALL_SECONDS)
        _keep(chain, link.name, command, ran)
        chain.record("then", host=link.name, command=list(command), exit_code=ran.code, output=ran.output)
        if ran.code != 0:
            path = f"{chain.folder}/{link.name}/{OUTPUT_NAME}"
            chain.fail([Outcome(link.name, FAILED, _problem(command, ran, then), f"its output is in {path}")])
            return False
    link.ask(Settle(root_of(link), name))
    return True


def _problem(command: Sequence[str], ran: Ran, then: Then) -> str:
    lines = ran.output.strip().splitlines()
    words = f": {lines[-1][:200]}" if lines else ""
    how = f"took longer than {then.within:g} s, and was ended" if ran.code is None else f"ended with {ran.code}"
    return f"`{shlex.join(command)}` {how}{words}"


def _stopped(left: Sequence[str], name: str) -> str:
    rest = f"; nothing was run on {fold(left)}" if left else ""
    ways = f"`fab activate {name}` runs the commands again, `fab rollback` goes back"
    return f"a command of `then` failed{rest}; `current` is release {name} on all of these hosts: {ways}"


def _keep(chain: Chain, host: str, command: Sequence[str], ran: Ran) -> None:
    """Add a command's output to the run's logs."""
    folder = chain.folder / host
    folder.mkdir(parents=True, exist_ok=True)
    code = "no exit code: it took too long" if ran.code is None else f"exit code {ran.code}"
    end = "" if ran.output.endswith("\n") or not ran.output else "\n"
    with (folder / OUTPUT_NAME).open("a", encoding="utf-8", errors="replace") as file:
        file.write(f"$ {shlex.join(command)}\n{ran.output}{end}{code}\n")
