"""What is in the way of a payload at its final path is found before a peer starts; nothing is made then."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest

from deploy.agent import finalpaths, paths, payload, survey, verbs
from deploy.agent.context import Context
from deploy.agent.watchdog import Guard
from deploy.agent.wire import AgentError, Wire
from peer.core import folder
from peer.core.swarmfile import FLEET, SwarmFile, format_swarm
from peer.edge.hashing import make_manifest
from peer.edge.papers import Papers
from peer.edge.store import Store
from tests.deploy_agent.foreign import fetch
from tests.edge.stores import open_and_check

NAME, PEER = "model", 1002


class Host:
    """A host to which code and configuration were pushed; `final` is where the payload at `source` shall lie."""

    def __init__(self, root: Path, tree: bool) -> None:
        self.root, self.tree = root, tree
        self.home, self.destination = root / "work" / "swarm", root / "models"
        self.final = self.destination / NAME
        self.source = self._source("source", b"12345")
        paths.make_home(str(self.home))
        self.push()

    def _source(self, name: str, data: bytes) -> Path:
        top = self.root / name / NAME
        top.parent.mkdir()
        if self.tree:
            (top / "a").mkdir(parents=True)
        (top / "a" / "x" if self.tree else top).write_bytes(data)
        return top

    def push(self, replace: bool = False, extras: bool = True) -> None:
        """The swarm.json of a run."""
        manifest = make_manifest(str(self.source), 100)
        swarm = SwarmFile("swarm", "r1", FLEET, manifest, replace=replace, extras=extras)
        (self.home / folder.SWARM).write_text(format_swarm(swarm))

    def deliver(self, source: Path | None = None) -> None:
        """A run brought this version, or an earlier one."""
        papers = Papers(str(self.home), PEER)
        source = source or self._source("earlier", b"an earlier version")
        store = Store(str(self.destination), make_manifest(str(source), 100), papers.record)
        open_and_check(store)
        fetch(store, source, store.manifest)
        store.close()
        papers.record.close()

    def prepare(self) -> None:
        place = verbs.Place(PEER, destination=str(self.destination))
        payload.prepare(verbs.Prepare((place,), NAME, (PEER,)), self.context)

    def spot(self) -> verbs.Spot:
        place = verbs.Place(PEER, destination=str(self.destination))
        return survey.survey(verbs.Survey((place,), NAME), self.context).spots[0]

    @property
    def context(self) -> Context:
        return Context(str(self.home), Wire(io.BytesIO(), io.BytesIO()), Guard(), Mock())

    def here(self) -> list[str]:
        return sorted(str(path) for path in self.root.rglob("*"))


@pytest.fixture(params=[False, True], ids=["file", "tree"])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Host:
    return Host(tmp_path.resolve(), request.param)


def a_file(host: Host) -> None:
    host.final.write_bytes(b"somebody's")


def a_folder(host: Host) -> None:
    host.final.mkdir()
    (host.final / "a").write_bytes(b"12345")


def a_link(host: Host) -> None:
    a_file(host)
    host.final.rename(host.root / "other")
    host.final.symlink_to("../other")


def a_dangling_link(host: Host) -> None:
    host.final.symlink_to("nowhere")


def a_pipe(host: Host) -> None:
    os.mkfifo(host.final)


def other_modes(host: Host) -> None:
    same(host)
    (host.final / "a" if host.tree else host.final).chmod(0o700)


def same(host: Host) -> None:
    (shutil.copytree if host.tree else shutil.copy2)(host.source, host.final)


def a_link_to_the_same(host: Host) -> None:
    host.final.symlink_to(host.source)


def nothing(host: Host) -> None:
    host.destination.rmdir()


def ours(host: Host) -> None:
    host.deliver()


def ours_and_more(host: Host) -> None:
    host.deliver()
    if host.tree:
        (host.final / "more").write_bytes(b"x")


@pytest.mark.parametrize("put", [a_file, a_folder, a_link, a_dangling_link, a_pipe, other_modes])
def test_what_isnt_ours_is_refused_before_anything_is_made(host: Host, put: Callable[[Host], None]) -> None:
    host.destination.mkdir()
    put(host)
    before = host.here()
    with pytest.raises(AgentError, match=f"{host.final}: Weft has no record of making it") as caught:
        host.prepare()
    assert "replace: true" in caught.value.remedy
    assert host.here() == before
    if put not in (other_modes, a_folder):
        assert host.spot().obstacle == f"{host.final}: Weft has no record of making it"
    host.push(replace=True)
    host.prepare()
    assert os.path.lexists(host.final), "it is put aside at the end"


@pytest.mark.parametrize("put", [nothing, same, a_link_to_the_same, ours, ours_and_more])
def test_what_may_be_the_payload_or_is_ours_is_no_obstacle(host: Host, put: Callable[[Host], None]) -> None:
    host.destination.mkdir()
    put(host)
    spot = host.spot()
    assert not spot.obstacle or spot.no_obstacle[0] <= 5 <= spot.no_obstacle[1]
    host.prepare()
    assert (host.home / f"peer_{PEER}").readlink() == host.destination


@pytest.mark.parametrize("host", [True], ids=["tree"], indirect=True)
def test_in_a_tree_of_ours(host: Host) -> None:
    ours_and_more(host)
    host.push(extras=False)
    with pytest.raises(AgentError, match="more: it isn't part of the payload"):
        host.prepare()
    assert host.spot().obstacle == f"{host.final}/more: it isn't part of the payload"
    host.push()
    (host.final / "a" / "x").write_bytes(b"changed")
    with pytest.raises(AgentError, match="a/x: another program or user changed it or put it there"):
        host.prepare()
    assert "a/x: another program or user changed it or put it there" in host.spot().obstacle


def test_an_old_link_of_ours_says_nothing_of_the_new_place(host: Host) -> None:
    host.destination.mkdir()
    host.prepare()
    a_file(host)
    payload.prepare(verbs.Prepare((verbs.Place(PEER),), NAME, (PEER,)), host.context)
    assert (host.home / f"peer_{PEER}").is_dir() and not (host.home / f"peer_{PEER}").is_symlink()


def test_what_an_old_version_takes_is_no_room_yet(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.deliver()
    monkeypatch.setattr(finalpaths, "free_bytes", lambda _: 4)
    with pytest.raises(AgentError, match=f"{host.destination}: 4 B free where 5 B are needed"):
        host.prepare()
    monkeypatch.setattr(finalpaths, "begun_bytes", lambda *_: 1)
    host.prepare()


def test_what_was_begun_counts_as_room(host: Host) -> None:
    host.destination.mkdir()
    papers = Papers(str(host.home), PEER)
    store = Store(str(host.destination), make_manifest(str(host.source), 100), papers.record)
    open_and_check(store)
    (part,) = host.destination.glob(".weft-*/new")
    (part / "a" / "x" if host.tree else part).write_bytes(b"x" * 100_000)
    assert host.spot().held >= 100_000
    store.close()
    papers.record.close()


THEIRS = """
host.deliver()
os.chown(host.final / "a", 4711, 4711)
(host.final / "a").chmod(0o755)
give_away(host, but=host.final / "a")
before = host.here()
try:
    host.prepare()
except AgentError as error:
    print(error, error.remedy, host.here() == before, sep="; ")
"""
READ_ONLY = """
host.source.chmod(0o555)
give_away(host)
host.deliver(host.source)
(host.source / "a" / "x").write_bytes(b"2")
host.deliver(host.source)
print(oct(host.final.stat().st_mode), (host.final / "a" / "x").read_bytes(), os.listdir(host.destination))
"""


def give_away(host: Host, but: Path | None = None) -> None:
    """From now on this process, and all that is there, are another user's."""
    for path in [host.root, *host.root.rglob("*")]:
        if path != but:
            os.chown(path, 4712, 4712)
    from concurrent.futures import thread  # another user may not read where Python lies

    assert thread
    os.setuid(4712)


@pytest.fixture
def as_user() -> Iterator[Callable[[str], str]]:
    """Runs code for the `host` of a tree; what it prints, with <root> for the folder of the host."""
    root = Path(tempfile.mkdtemp(prefix="weft-theirs-", dir="/dev/shm"))  # other users can't enter pytest's folders

    def run(code: str) -> str:
        begin = f"from {__name__} import *\nhost = Host(Path({str(root)!r}), True)\n"
        command = [sys.executable, "-c", begin + code]
        ended = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.replace(str(root), "<root>")

    yield run
    shutil.rmtree(root)


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")


@needs_root
def test_a_folder_of_an_old_version_that_is_another_users_now(as_user: Callable[[str], str]) -> None:
    said = "<root>/models/model/a: user 4711 owns it now, and this user may not write there"
    assert as_user(THEIRS) == f"{said}; move it away, or have its owner do it; True\n"


@needs_root
def test_a_tree_with_a_read_only_top_is_delivered_and_replaced(as_user: Callable[[str], str]) -> None:
    assert as_user(READ_ONLY) == "0o40555 b'2' ['model']\n"
