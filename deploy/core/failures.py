"""The failures of a run, as lines: equal errors folded, causes before symptoms, and the command to run next."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from deploy.core.inventory import Inventory, fold, shown
from deploy.core.outcome import FAILED, OK, SKIPPED, UNREACHABLE, Outcome
from peer.core.status import INCOMPLETE

MOST = 8  # failures that a verdict shows
LONGEST = 2000  # characters of one: a tree's refusal names twenty links, and the ways out after them


class Failure(NamedTuple):
    """Equal errors of some hosts. `line` has the cause, `command` is the next one to run."""

    line: str
    command: str
    hosts: tuple[str, ...]


def error_lines(outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    """One line for each different error, with its hosts folded: `unreachable: node[4-5]: cause: remedy`.

    Errors that differ only in the number of the peer or in the name of the host that they are about are equal.
    """
    return tuple(_line(alike) for alike in _groups(outcomes))


def failures(inventory: Inventory, outcomes: Sequence[Outcome]) -> tuple[Failure, ...]:
    """The first cause of each host's errors, with the command to run next. Equal ones are folded."""
    return tuple(
        Failure(_line(alike), _command(inventory, alike), tuple(dict.fromkeys(one.host for one in alike)))
        for alike in _groups(first_causes(inventory, outcomes))
    )


def next_commands(inventory: Inventory, outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    """The commands to run if there was no verdict: one for all hosts that can't be reached, and one for the others."""
    kinds: dict[bool, list[Outcome]] = {}
    for cause in first_causes(inventory, outcomes):
        kinds.setdefault(cause.state == UNREACHABLE, []).append(cause)
    return tuple(_command(inventory, alike) for alike in kinds.values())


def first_causes(inventory: Inventory, outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """The first error of each host and of each peer; consequences of a seed's failure are named as such, and come last.

    A step that was skipped because of another failure counts only if there is no such failure.
    """
    kept: list[Outcome] = []
    for outcome in outcomes:
        if outcome.state != OK and not any(_covers(earlier, outcome) for earlier in kept):
            kept.append(outcome)
    causes = [outcome for outcome in kept if outcome.state != SKIPPED] or kept
    return _with_consequences(inventory, causes)


def _covers(earlier: Outcome, later: Outcome) -> bool:
    """Whether the later error is a symptom of the earlier one, or equal to it; a second peer's own error isn't."""
    if earlier.host != later.host:
        return False
    return earlier.peer is None or later.peer is None or earlier.peer == later.peer


def _with_consequences(inventory: Inventory, causes: Sequence[Outcome]) -> tuple[Outcome, ...]:
    seeds = {peer.host for peer in inventory.seeds}
    failed = {one.host for one in causes if one.host in seeds and not _incomplete(one)}
    if failed != seeds:
        return tuple(causes)
    because = f"{INCOMPLETE}, because no seed was left: {fold(failed)} failed"
    rest = [one._replace(problem=because, remedy="") for one in causes if _incomplete(one)]
    return (*(one for one in causes if not _incomplete(one)), *rest)


def _incomplete(outcome: Outcome) -> bool:
    return outcome.state == FAILED and outcome.problem.startswith(INCOMPLETE)


def _command(inventory: Inventory, alike: Sequence[Outcome]) -> str:
    """The command that diagnoses an unreachable host, or tries again: a second run does only what is missing."""
    options = command_options(inventory)
    if alike[0].state != UNREACHABLE:
        return f"fab up{options}"
    return f"fab check{options} --limit {quoted(fold(one.host for one in alike).replace(' ', ''))}"


def command_options(inventory: Inventory) -> str:
    """The options that name this inventory on a command line: ` --inventory fleet.yaml --hosts hosts.ini --local`."""
    source = "" if inventory.source == "inventory.yaml" else f" --inventory {quoted(inventory.source)}"
    hosts = f" --hosts {quoted(inventory.hosts_list)}" if inventory.hosts_list else ""
    return source + hosts + (" --local" if inventory.localized else "")


def _groups(outcomes: Sequence[Outcome]) -> list[list[Outcome]]:
    same: dict[tuple[str, str, str], list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.state != OK:
            texts = (_general(outcome.problem, outcome.host), _general(outcome.remedy, outcome.host))
            same.setdefault((outcome.state, *texts), []).append(outcome)
    return list(same.values())


def _line(alike: Sequence[Outcome]) -> str:
    first = alike[0]
    equal = all((one.problem, one.remedy) == (first.problem, first.remedy) for one in alike)
    texts = [text if equal else _general(text, first.host) for text in (first.problem, first.remedy)]
    return shown(": ".join(part for part in (first.state, _places(alike), *texts) if part), LONGEST)


def _general(text: str, host: str) -> str:
    """The text without the peer's number, the host's name at its start and its folder, in which equal errors differ."""
    text = re.sub(r"\b([Pp])eers? \d+(?:, \d+)*\b", lambda match: f"{match[1]}eer N", text)
    text = re.sub(r"(?<=peer_)\d+", "N", text)
    return re.sub(rf"(?<=/){re.escape(host)}(?=[/:]|$)|^{re.escape(host)}(?= )", "HOST", text)


def _places(outcomes: Sequence[Outcome]) -> str:
    """`node[4-5]`, and with peers `node4 (peer 1004)`."""
    peers = [str(outcome.peer) for outcome in outcomes if outcome.peer is not None]
    hosts = fold(outcome.host for outcome in outcomes)
    if not peers:
        return hosts
    folded = fold(peers).replace("[", "").replace("]", "")
    return f"{hosts} ({'peer' if len(set(peers)) == 1 else 'peers'} {folded})"


def quoted(text: str) -> str:
    """The text as one word of a shell's command line."""
    if re.fullmatch(r"[\w@%+=:,./-]+", text, re.ASCII):
        return text
    return "'" + text.replace("'", "'\"'\"'") + "'"
