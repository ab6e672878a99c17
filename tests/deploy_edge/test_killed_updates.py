"""Whoever is killed while a new version comes, at any instant: the payload's name has the old version or the new one.

KILL_INSTANTS=100 kills so often instead of a few times, KILL_SEED=7 at other instants.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.deploy_edge.fabrun import Ran, fab, fab_command, fab_environment
from tests.deploy_edge.localhosts import wait_until_nothing_works_in, working_in
from tests.helpers.ports import free_ports
from tests.helpers.waiting import wait_for

KILLS = int(os.environ.get("KILL_INSTANTS", "0"))
SEED = int(os.environ.get("KILL_SEED", "1"))
NAME = "model"
THEIRS = "theirs.txt"  # what somebody put into a delivered tree
INVENTORY = """\
swarm: {{name: t, payload: {{upload: source/model}}, patience: 10}}
defaults: {{connection: local, workdir: "hosts/{{host}}"}}
hosts: {{a: , b: {{destination: models}}, c: }}
seeds: [a]
peers:
  - {{id: 1001, host: a, port: {}}}
  - {{id: 1002, host: b, port: {}}}
  - {{id: 1003, host: c, port: {}}}
"""
PLACES = ("hosts/a/t/peer_1001/model", "models/model", "hosts/c/t/peer_1003/model")
_LOOK_SECONDS = 0.01  # between two looks; more often, the looks alone take a core
AGENT, PEER, OPERATOR = "s=sys.stdin.buffer", "peer.pyz", "fabric"  # in the command lines of each


class Watcher(threading.Thread):
    """Looks at a payload's final path all the time. `seen`: looks; `wrong`: the first thing that wasn't a version."""

    def __init__(self, place: Path, versions: dict[str, int]) -> None:
        super().__init__(name=f"watch {place.parent.name}", daemon=True)
        self.seen = 0
        self.wrong = ""
        self._place, self._versions = place, versions
        self._last = 0
        self._ending = threading.Event()

    def run(self) -> None:
        """The thread's body."""
        while not self.wrong and not self._ending.wait(_LOOK_SECONDS):
            try:
                digest = digest_of_live(self._place)
            except OSError as error:
                self.wrong = f"{self._place}: {error}"
                return
            if digest is None:
                continue  # it got another version while we looked
            version = self._versions.get(digest, -1)
            if version < self._last:
                self.wrong = f"{self._place} holds version {version} after {self._last}"
            self._last = version
            self.seen += 1

    def end(self) -> None:
        """Look no more."""
        self._ending.set()
        self.join()


def digest_of_live(place: Path) -> str | None:
    """A digest of what has the name now; None where another thing had it before all was read."""
    descriptor = os.open(place, os.O_RDONLY)
    try:
        digest = digest_of(descriptor)
        same = os.path.samestat(os.fstat(descriptor), os.stat(place))
    except FileNotFoundError:
        same = os.path.samestat(os.fstat(descriptor), os.stat(place))
        if same:
            raise
    finally:
        os.close(descriptor)
    return digest if same else None


def digest_of(descriptor: int) -> str:
    """A digest of a file, or of a tree's names and bytes."""
    sha = hashlib.sha256()
    if not os.path.isdir(f"/proc/self/fd/{descriptor}"):
        with os.fdopen(os.dup(descriptor), "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    for folder, _, names, above in os.fwalk(".", dir_fd=descriptor):
        for name in sorted(set(names) - {THEIRS}):
            inner = os.open(name, os.O_RDONLY, dir_fd=above)
            with os.fdopen(inner, "rb") as file:
                sha.update(f"{folder}/{name}:{hashlib.sha256(file.read()).hexdigest()}\n".encode())
    return sha.hexdigest()


class Swarm:
    """A swarm whose payload, a file or a tree, gets version after version."""

    def __init__(self, folder: Path, rng: Random, tree: bool) -> None:
        self.folder, self.tree = folder, tree
        self.killed: Counter[str] = Counter()
        self._rng = rng
        self._versions: dict[str, int] = {}
        folder.mkdir()
        (folder / "inventory.yaml").write_text(INVENTORY.format(*free_ports(3)))
        self.new_version()
        begin = time.monotonic()
        self.up()
        self._seconds = time.monotonic() - begin
        if tree:
            (folder / PLACES[1] / THEIRS).write_text("theirs")
        self.watchers = [Watcher(folder / place, self._versions) for place in PLACES]
        for watcher in self.watchers:
            watcher.start()

    def new_version(self) -> None:
        """The operator has another payload."""
        source = self.folder / "source" / NAME
        shutil.rmtree(source.parent, ignore_errors=True)
        (source / "a" if self.tree else source.parent).mkdir(parents=True)
        for path in (
            (source / "a" / "x", source / "y", source / f"z{len(self._versions) % 3}") if self.tree else (source,)
        ):
            path.write_bytes(self._rng.randbytes(100_000))
        descriptor = os.open(source, os.O_RDONLY)
        self._versions[digest_of(descriptor)] = len(self._versions)
        os.close(descriptor)

    def up(self) -> Ran:
        """Bring it to all, which must succeed."""
        ran = fab(self.folder, "up")
        assert ran.code == 0, ran
        for place in PLACES:
            assert digest_of_live(self.folder / place) == list(self._versions)[-1], place
        return ran

    def kill_at_an_instant(self) -> None:
        """Begin to bring a new version, and kill the operator, an agent or a peer; the rest may end as it likes."""
        self.new_version()
        with subprocess.Popen(
            fab_command("up"),
            cwd=self.folder,
            env=fab_environment(self.folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as operator:
            if self._rng.random() < 0.5:  # near a turn: when the new version begins to come
                wait_for(lambda: self._is_coming() or operator.poll() is not None, "the new version")
                time.sleep(self._rng.random() * 0.4)
            else:
                time.sleep(self._rng.random() * self._seconds)
            self._kill(operator)
            operator.wait()

    def _is_coming(self) -> bool:
        return any(list((self.folder / place).parent.glob(".*-*")) for place in PLACES)

    def _kill(self, operator: subprocess.Popen[bytes]) -> None:
        """Kill one of those that there are at this instant."""
        victims = {AGENT: processes(self.folder, AGENT), PEER: processes(self.folder, PEER), OPERATOR: [operator.pid]}
        who = self._rng.choice([who for who, pids in victims.items() if pids])
        if operator.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._rng.choice(victims[who]), signal.SIGKILL)
                self.killed[who] += 1

    def assert_watched_well(self) -> None:
        """Nobody saw anything but complete versions, each newer than the last."""
        for watcher in self.watchers:
            assert not watcher.wrong, watcher.wrong
        if self.tree:
            assert (self.folder / PLACES[1] / THEIRS).read_text() == "theirs"

    def end(self) -> None:
        """Nothing may be left running."""
        for watcher in getattr(self, "watchers", ()):
            watcher.end()
        if working_in(self.folder):
            fab(self.folder, "stop")
        wait_until_nothing_works_in(self.folder)


def processes(folder: Path, words: str) -> list[int]:
    """Processes that work in the folder and have these words in their command lines."""
    found = []
    for entry in os.scandir("/proc"):
        with contextlib.suppress(OSError, UnicodeDecodeError):
            here = entry.name.isdigit() and os.readlink(f"{entry.path}/cwd").startswith(str(folder))
            if here and words in Path(entry.path, "cmdline").read_text():
                found.append(int(entry.name))
    return found


@pytest.fixture(params=[False, True], ids=["file", "tree"])
def swarm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Swarm]:
    made = Swarm(tmp_path / "swarm", Random(f"{SEED} {request.param}"), request.param)
    yield made
    made.end()


@pytest.mark.timeout(120 + 30 * KILLS)
def test_the_name_has_the_old_version_or_the_new_one_whoever_is_killed(swarm: Swarm) -> None:
    kills = KILLS // 2 or 1
    tries = 0
    while sum(swarm.killed.values()) < kills:
        tries += 1
        swarm.kill_at_an_instant()
        swarm.assert_watched_well()
        swarm.up()
        swarm.assert_watched_well()
    looks = sum(watcher.seen for watcher in swarm.watchers)
    print(f"{dict(swarm.killed)} killed in {tries} deployments, {looks} looks")
    assert looks > 100
