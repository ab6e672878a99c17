"""Releases on one host: the two steps of a turn with a fault before, between and after them."""

from __future__ import annotations

import errno
import fcntl
import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest

from deploy.agent import claim, currentlink, paths, payload, releasestore, verbs
from deploy.agent.clean import clean
from deploy.agent.context import Context
from deploy.agent.watchdog import Guard
from deploy.agent.wire import AgentError, Wire
from peer.core import releaselist
from peer.edge.ours.making import make_file

NAME, PEER = "model", 1002


class Host:
    """A host whose agent we are; releases come to `root`."""

    def __init__(self, folder: Path) -> None:
        self.home, self.root = folder / "work" / "swarm", folder / "app"
        wire = Wire(io.BytesIO(), io.BytesIO(), Mock())
        self.context = Context(str(self.home), wire, Mock(spec=Guard), Mock())
        paths.make_home(str(self.home))

    def bring(self, name: str, text: str = "", proved: bool = True) -> Path:
        """A run brought this release; its file."""
        folder = self.root / "releases" / name
        place = verbs.Place(PEER, str(folder), None, str(self.root))
        payload.prepare(verbs.Prepare((place,), NAME, release=verbs.Release(name, f"key of {name}")), self.context)
        with paths.recording(str(self.home)) as record:
            make_file(record, str(folder / NAME), (text or name).encode())
        if proved:
            releasestore.prove(str(self.home), [verbs.Copy(PEER, True, proof="p", bytes=5)])
        return folder / NAME

    def ready(self, name: str, aside: str = "") -> str:
        return currentlink.ready(verbs.Ready(str(self.root), name, aside), self.context).before

    def turn(self, name: str, aside: str = "") -> None:
        currentlink.turn(verbs.Turn(str(self.root), name, aside), self.context)

    def both(self, name: str) -> None:
        self.ready(name)
        self.turn(name)

    def forget(self) -> None:
        """The agent ended, and another took its place."""
        currentlink._ready.clear()
        for handle in claim._held.values():
            os.close(handle)
        claim._held.clear()

    @property
    def current(self) -> str:
        """What whoever follows the link reads."""
        return (self.root / "current" / NAME).read_text()

    @property
    def names(self) -> set[str]:
        """What lies in the root."""
        return {path.name for path in self.root.iterdir()}


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    found = Host(tmp_path)
    yield found
    found.forget()


def test_a_turn_and_the_way_back(host: Host) -> None:
    host.bring("r1")
    host.both("r1")
    host.bring("r2")
    assert host.current == "r1"
    assert host.ready("r2") == "r1" and host.current == "r1"
    host.turn("r2")
    assert host.current == "r2" and os.readlink(host.root / "current") == "releases/r2"
    host.turn("r2")
    host.both("r1")
    assert host.current == "r1" and host.names == {"current", "releases"}


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda host: (host.root / "releases/r2" / NAME).unlink(), "model was changed or removed since it was proved"),
        (lambda host: (host.root / "releases/r2" / NAME).write_text("r3"), "was changed or removed"),
        (lambda host: (host.root / "current").unlink() or (host.root / "current").mkdir(), "no record of making it"),
    ],
)
def test_what_cant_be_turned_is_found_by_the_first_step(
    host: Host, spoil: Callable[[Host], object], reason: str
) -> None:
    host.bring("r1")
    host.both("r1")
    host.bring("r2")
    host.bring("r3", proved=False)
    spoil(host)
    before = host.names
    for name, told in (("r2", reason), ("r3", "release r3 isn't proved there"), ("zz", "there is no release zz")):
        with pytest.raises(AgentError, match=told):
            host.ready(name)
    assert host.names == before


def test_a_full_disk_is_found_by_the_first_step(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.bring("r1")
    host.both("r1")
    host.bring("r2")
    with monkeypatch.context() as patch:
        patch.setattr(os, "symlink", Mock(side_effect=OSError(errno.ENOSPC, "No space left on device")))
        with pytest.raises(OSError, match="No space left"):
            host.ready("r2")
    assert host.current == "r1" and host.names == {"current", "releases"}
    with monkeypatch.context() as patch:  # and the second needs no room
        host.ready("r2")
        for name in ("write", "symlink", "mkdir", "link"):
            patch.setattr(os, name, Mock(side_effect=OSError(errno.ENOSPC, "No space left on device")))
        host.turn("r2")
    assert host.current == "r2"


def test_an_agent_that_was_lost_between_the_steps_left_the_old_one_and_another_turns(host: Host) -> None:
    host.bring("r1")
    host.both("r1")
    host.bring("r2")
    host.ready("r2")
    host.forget()
    assert host.current == "r1" and len(host.names) == 3
    host.turn("r2")
    assert host.current == "r2"
    host.forget()
    host.bring("r3")
    host.ready("r3")
    currentlink.unready(verbs.Unready(), host.context)
    assert host.current == "r2"


def test_what_is_called_current_and_isnt_ours_is_put_aside_where_that_is_allowed(host: Host) -> None:
    host.bring("r1")
    (host.root / "current").mkdir()
    (host.root / "current" / "theirs").write_text("x")
    with pytest.raises(AgentError, match="no record of making it"):
        host.ready("r1")
    host.ready("r1", ".before-r1")
    host.turn("r1", ".before-r1")
    assert host.current == "r1" and (host.root / "current.before-r1" / "theirs").read_text() == "x"


def test_two_operators_dont_turn_one_host_at_a_time(host: Host) -> None:
    host.bring("r1")
    handle = os.open(host.home / paths.MARKER, os.O_RDWR)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(AgentError, match="another operator deploys this swarm, or turns it"):
        host.ready("r1")
    os.close(handle)


def test_old_releases_go_but_nothing_of_others_and_never_the_current_one(host: Host) -> None:
    for name in ("r1", "r2", "r3", "r4"):
        host.bring(name)
    host.bring("r5", proved=False)
    host.bring("r6")
    host.both("r1")
    theirs = host.root / "releases" / "r3" / "theirs"
    theirs.write_text("x")
    (host.root / "releases" / "mine").mkdir()
    (host.root / "releases" / "r2" / NAME).write_text("somebody wrote here")
    pruned = releasestore.prune(verbs.Prune(str(host.root), 2), host.context)
    assert pruned.gone == ("r2", "r3", "r5")
    left = {path.name for path in (host.root / "releases").iterdir()}
    assert left == {"r1", "r2", "r3", "r4", "r6", "mine"} and host.current == "r1"
    assert theirs.read_text() == "x" and not (theirs.parent / NAME).exists()
    assert set(pruned.foreign) == {str(theirs), str(host.root / "releases" / "r2" / NAME)}
    kept = releasestore.keep(verbs.Keep(str(host.root)), host.context)
    assert [one.name for one in kept.releases] == ["r1", "r4", "r6"] and (kept.current, kept.held) == ("r1", "r6")


def test_clean_leaves_the_releases_to_their_owner(host: Host) -> None:
    host.bring("r1")
    host.both("r1")
    host.forget()
    assert clean(verbs.Clean(), host.context).foreign == ()
    assert not host.home.exists() and host.current == "r1"
    assert releasestore.keep(verbs.Keep(str(host.root)), host.context).releases == ()


def test_a_seed_whose_payload_stays_where_it_is_remembers_the_release(host: Host) -> None:
    (host.root / "mine").mkdir(parents=True)
    place = verbs.Place(PEER, None, str(host.root / "mine"))
    payload.prepare(verbs.Prepare((place,), NAME, release=verbs.Release("r1", "k")), host.context)
    kept = releasestore.keep(verbs.Keep(""), host.context)
    assert (kept.sent, kept.releases, kept.current) == (verbs.Release("r1", "k"), (), "")
    assert releasestore.keep(verbs.Keep(str(host.root)), host.context).releases == ()


def test_a_release_of_another_root_isnt_listed(host: Host) -> None:
    host.bring("r1")
    other = verbs.Keep(str(host.root.parent / "other"))
    assert releasestore.keep(other, host.context).releases == ()
    assert releaselist.root_of(releasestore.load(str(host.home))[0].folder) == str(host.root)
