"""The steps of every task: wording, order and selection; and that a walk asks the hosts that they name alone."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fabric
import pytest

from deploy.agent import verbs
from deploy.core.inventory import Inventory, Upload, limited, localized
from deploy.core.plan import Step, Steps, facts_of, hosts_of, peers_of
from deploy.core.verdict import FAILED, Outcome
from deploy.edge.fab.openchain import open_chain, open_screen
from deploy.edge.hosts.host import HostLink
from deploy.edge.pushed.uploads import UploadError
from deploy.edge.screen.screen import Screen
from deploy.edge.screen.transcript import Transcript
from deploy.edge.tasks.chain import Chain, Halt
from deploy.edge.tasks.check import CHECK
from deploy.edge.tasks.clean import CLEAN
from deploy.edge.tasks.collect_logs import COLLECT_LOGS
from deploy.edge.tasks.deploy import DEPLOY
from deploy.edge.tasks.logs import FOLLOW, LOGS
from deploy.edge.tasks.phase import Options, Phase, describe, walk
from deploy.edge.tasks.plan import plan, show
from deploy.edge.tasks.start import START
from deploy.edge.tasks.status import STATUS
from deploy.edge.tasks.stop import STOP
from deploy.edge.tasks.up import UP
from deploy.edge.tasks.verify import VERIFY
from tests.deploy_core.test_deploy_plan import FOUND, MADE, UPLOADED, swarm_with

Phases = tuple[Phase, ...]
TASKS = {
    "check": CHECK,
    "deploy": DEPLOY,
    "start": START,
    "logs": LOGS,
    "status": STATUS,
    "collect-logs": COLLECT_LOGS,
    "verify": VERIFY,
    "stop": STOP,
    "clean": CLEAN,
}


def lines(inventory: Inventory, *tasks: Phases) -> list[str]:
    phases = [phase for task in tasks for phase in task]
    return [" | ".join(str(part) for part in step) for step in describe(phases, inventory, facts_of(inventory))]


def peers(inventory: Inventory, task: Phases) -> list[int]:
    return peers_of(describe(task, inventory, facts_of(inventory)))


def test_check() -> None:
    assert lines(MADE, CHECK) == [
        "check | beta | None | log in through me@bastion; python3, room for 20 MiB in ~/.weft, clock, port 6008 free",
        "check | alpha | None | log in; python3, room for 20 MiB in ~/.weft, clock, port 6008, 6009 free",
        "check | beta | None | reach the other hosts' peer ports",
        "check | alpha | None | reach the other hosts' peer ports",
    ]


@pytest.mark.parametrize(
    ("inventory", "first"),
    [
        (
            MADE,
            "make TheFile.dat (20 MiB, 160 pieces of 128 KiB) at ~/.weft/demo/peer_1001/TheFile.dat, hash it",
        ),
        (FOUND, "find /data/model, hash it"),
        (UPLOADED, "upload ./build.tar to ~/.weft/demo/peer_1001/build.tar, hash it"),
    ],
)
def test_deploy_has_the_payload_before_it_pushes(inventory: Inventory, first: str) -> None:
    assert lines(inventory, DEPLOY) == [
        f"deploy | alpha | 1001 | {first}",
        "deploy | beta | None | push code, configuration and each peer's keys to ~/.weft/demo, unless they are there",
        "deploy | alpha | None | push code, configuration and each peer's keys to ~/.weft/demo, unless they are there",
    ]


def test_no_keys_without_tls() -> None:
    made = lines(swarm_with("{generate: 1MiB}", ", tls: false"), DEPLOY)
    assert made[-1] == "deploy | alpha | None | push code, configuration to ~/.weft/demo, unless they are there"


def test_start_and_stop_are_in_peerinfo_order() -> None:
    """The order matters to `start` alone: `stop` ends all peers simultaneously."""
    assert peers(MADE, START) == [row.peer_id for row in MADE.rows] == [1003, 1001, 1002]
    assert peers(MADE, STOP) == [1003, 1001, 1002]
    assert lines(MADE, START)[:2] == [
        "start | beta | 1003 | start a peer without the payload, wait until 10.0.0.2 port 6008 listens",
        "start | alpha | 1001 | start the seed, wait until 10.0.0.1 port 6008 listens",
    ]


def test_the_other_tasks() -> None:
    assert lines(FOUND, LOGS, STATUS, COLLECT_LOGS, VERIFY, CLEAN) == [
        "logs | beta | None | follow peer 1003 until done",
        "logs | alpha | None | follow 2 peers until done",
        "verify | beta | 1003 | hash /srv/models/model, compare with the manifest",
        "verify | alpha | 1001 | hash /data/model, compare with the manifest",
        "verify | alpha | 1002 | hash ~/.weft/demo/peer_1002/model, compare with the manifest",
        "status | beta | None | ask peer 1003",
        "status | alpha | None | ask 2 peers",
        "collect-logs | beta | None | fetch logs and status of peer 1003",
        "collect-logs | alpha | None | fetch logs and status of 2 peers",
        "verify | beta | 1003 | hash /srv/models/model, compare with the manifest",
        "verify | alpha | 1001 | hash /data/model, compare with the manifest",
        "verify | alpha | 1002 | hash ~/.weft/demo/peer_1002/model, compare with the manifest",
        "clean | beta | None | stop, then remove ~/.weft/demo; /srv/models keeps its copy",
        "clean | alpha | None | stop, then remove ~/.weft/demo",
    ]


def test_up_is_five_tasks() -> None:
    assert lines(MADE, UP) == lines(MADE, DEPLOY, START, [FOLLOW], COLLECT_LOGS, VERIFY)
    assert lines(MADE, CHECK, UP) == lines(MADE, CHECK, DEPLOY, START, [FOLLOW], COLLECT_LOGS, VERIFY)


_FURTHER = {"logs": [("verify", "beta")]}  # it ends with the verdict


@pytest.mark.parametrize("name", TASKS)
def test_only_selected_hosts_have_steps(name: str) -> None:
    view = limited(MADE, "beta")
    made = describe(TASKS[name], view, facts_of(view))
    assert {(step.phase, step.host) for step in made} == {(name, "beta"), *_FURTHER.get(name, ())}
    assert set(hosts_of(describe(TASKS[name], MADE, facts_of(MADE)))) == {"alpha", "beta"}


def test_a_local_swarm_logs_in_nowhere() -> None:
    made = lines(localized(MADE, "/tmp/x"), CHECK)
    assert made[0] == "check | beta | None | python3, room for 20 MiB in /tmp/x/beta, clock, port 6008 free"


def test_measured_facts_are_shown() -> None:
    made = describe(CHECK, FOUND, facts_of(FOUND, 3 * 2**30))
    assert "room for 3 GiB in" in made[0].what
    assert str(facts_of(UPLOADED, 3 * 2**20)) == "build.tar (3 MiB, 48 pieces of 64 KiB)"
    assert str(facts_of(UPLOADED, 3 * 2**20, is_tree=True)) == "build.tar (3 MiB)"  # its files begin pieces


# ---- the walk


@pytest.fixture
def chain(
    request: pytest.FixtureRequest,
    write: Callable[..., list[int]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Chain]:
    """A chain over three local hosts, with `--limit` as the parameter says."""
    write()
    monkeypatch.chdir(tmp_path)
    options = {"inventory": str(tmp_path / "inventory.yaml"), "limit": getattr(request, "param", ""), "plain": True}
    made = open_chain(options, ["up"], fabric.Config(), open_screen(options, "fab"))
    yield made
    made.fleet.close()


def noted(name: str, host: str, log: list[str], breaks: str = "") -> Phase:
    """A phase of one step that notes when it runs, and on what; the host `breaks` drops out then."""

    def run(chain: Chain, steps: Steps, _: Options) -> None:
        log.append(f"{name} {[step.host for step in steps]}")
        if breaks:
            chain.fail([Outcome(breaks, FAILED, "broken")], drop=True)

    return Phase(lambda *_: [Step(name, host, None, "x")], run)


def test_hosts_that_dropped_out_are_left_out(chain: Chain, tmp_path: Path) -> None:
    log: list[str] = []
    walk(chain, (noted("one", "a", log, "b"), noted("two", "b", log), noted("three", "a", log)))
    assert log == ["one ['a']", "two []", "three ['a']"]
    chain.begin_run("r")
    kept = (tmp_path / "runs/r/transcript.txt").read_text().splitlines()
    assert [line[20:] for line in kept if "broken" not in line] == [
        "one    a    x", "two    b    x (left out)", "three  a    x",
    ]  # fmt: skip


def test_a_deployment_that_was_broken_off_has_no_run(chain: Chain) -> None:
    with pytest.raises(Halt, match=r"a, b: what was begun there has no run yet; `fab up` completes it"):
        chain.take_run({"a": "", "b": ""})
    chain.take_run({"a": "", "b": "r1"})
    assert chain.run == "r1"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (Path.exists, "build: no such file or directory"),
        (lambda source: (source.mkdir(), (source / "l").symlink_to("/etc")), "build: 1 link can't be kept: l -> /etc"),
    ],
)
def test_an_upload_that_isnt_there_is_said(
    chain: Chain, tmp_path: Path, spoil: Callable[[Path], object], words: str
) -> None:
    """By `plan`, and by a dry run of what would need it; what doesn't, doesn't care."""
    swarm = chain.inventory.swarm._replace(payload=Upload("build", "build"))
    chain.inventory = dataclasses.replace(chain.inventory, swarm=swarm)
    spoil(tmp_path / "build")
    for run in (
        lambda: plan(chain),
        lambda: show(chain, describe(DEPLOY, chain.inventory, chain.facts)),
        lambda: walk(chain, DEPLOY),  # before it asks a host
    ):
        with pytest.raises(UploadError, match=words):
            run()
    show(chain, describe(STOP, chain.inventory, chain.facts))


def test_a_dry_run_notes_the_steps_and_does_nothing(chain: Chain) -> None:
    log: list[str] = []
    chain.dry_run = True
    walk(chain, (noted("one", "a", log),))
    walk(chain, (noted("two", "b", log),), Options(svg="/proc/nowhere"))
    assert [step.phase for step in chain.planned] == ["one", "two"]
    assert log == []


class Spy:
    """Notes which steps each phase was given, and of which hosts and peers it asked something."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.given: list[Steps] = []
        self.hosts: list[set[str]] = []
        self.peers: list[set[int]] = []
        for name in ("connect", "ask", "follow"):
            monkeypatch.setattr(HostLink, name, self._noting(getattr(HostLink, name)))

    def over(self, phase: Phase) -> Phase:
        """The phase, under observation."""

        def run(chain: Chain, steps: Steps, options: Options) -> None:
            self.given.append(steps)
            self.hosts.append(set())
            self.peers.append(set())
            phase.run(chain, steps, options)

        return Phase(phase.describe, run)

    def _noting(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def noting(link: HostLink, *args: Any, **fields: Any) -> Any:
            self.hosts[-1].add(link.name)
            if args and isinstance(args[0], verbs.Start):
                self.peers[-1].add(args[0].peer)
            elif args and isinstance(args[0], (verbs.Stop, verbs.Verify)):
                self.peers[-1].update(args[0].peers)
            return method(link, *args, **fields)

        return noting


def test_one_thread_owns_the_screen(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    used = set()

    def noting(method: Callable[..., None]) -> Callable[..., None]:
        def noted(*args: Any, **fields: Any) -> None:
            used.add(threading.current_thread())
            method(*args, **fields)

        return noted

    for owner, name in ((Screen, "note"), (Screen, "record"), (Screen, "tick"), (Chain, "fail"), (Transcript, "write")):
        monkeypatch.setattr(owner, name, noting(getattr(owner, name)))
    walk(chain, UP)
    assert used == {threading.main_thread()}


@pytest.mark.parametrize("chain", ["", "b"], indirect=True)
def test_a_phase_asks_the_hosts_and_peers_of_its_steps_and_no_others(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    spy = Spy(monkeypatch)
    shown = describe((*CHECK, *UP, *STATUS, *LOGS, *START, *STOP, *CLEAN), chain.inventory, chain.facts)
    for task in (CHECK, UP, STATUS, LOGS, START, STOP, CLEAN):
        walk(chain, tuple(map(spy.over, task)))
    assert chain.code == 0
    assert [step for steps in spy.given for step in steps] == shown
    assert spy.hosts == [set(hosts_of(steps)) for steps in spy.given]
    for steps, asked in zip(spy.given, spy.peers):
        if {step.phase for step in steps} & {"start", "stop", "verify"}:
            assert asked == set(peers_of(steps))
