"""Hosts of one machine may share the folder above theirs: their agents make and remove it at the same time."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import Mock

import pytest

from deploy.agent import clean, paths
from deploy.agent.context import Context
from deploy.agent.verbs import Clean
from deploy.agent.watchdog import Guard
from deploy.agent.wire import Wire
from peer.edge.ours.recordfile import WORK

Before = Callable[[str, str, Callable[[], object]], None]


def home(folder: Path, name: str) -> str:
    return str(folder / "hosts" / name / "swarm")


def make(folder: Path, name: str) -> str:
    return paths.make_home(home(folder, name))


def cleaned(folder: Path, name: str) -> None:
    clean.clean(Clean(), Context(home(folder, name), Wire(io.BytesIO(), io.BytesIO()), Guard(), Mock()))


@pytest.fixture
def before(monkeypatch: pytest.MonkeyPatch) -> Before:
    """Lets something happen just before `os.<function>` is first called for a path that ends in `name`."""

    def plan(function: str, name: str, happen: Callable[[], object]) -> None:
        real = getattr(os, function)
        todo = [happen]

        def late(path: object, *rest: object, **more: object) -> object:
            if todo and str(path).endswith(name):
                todo.pop()()
            return real(path, *rest, **more)

        monkeypatch.setattr(os, function, late)

    return plan


@pytest.mark.parametrize("moment", ["listdir", "unlink", "rmdir"])
def test_another_agent_removes_the_shared_folder_first(tmp_path: Path, before: Before, moment: str) -> None:
    make(tmp_path, "a")
    shared = tmp_path / "hosts"

    def other() -> None:
        (shared / paths.MARKER).unlink(missing_ok=True)
        shared.rmdir()

    before(moment, "hosts/.weft" if moment == "unlink" else "hosts", other)
    cleaned(tmp_path, "a")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("moment", ["unlink", "rmdir"])
def test_a_folder_made_while_the_shared_one_is_removed_keeps_it_and_its_mark(
    tmp_path: Path, before: Before, moment: str
) -> None:
    make(tmp_path, "a")
    before(moment, "hosts/.weft" if moment == "unlink" else "hosts", lambda: make(tmp_path, "b"))
    cleaned(tmp_path, "a")
    assert paths.is_marked(home(tmp_path, "b")) and paths.is_marked(str(tmp_path / "hosts"))
    cleaned(tmp_path, "b")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["hosts/b", "hosts/b/swarm"])
def test_a_shared_folder_that_is_removed_while_one_is_made_in_it_is_made_again(
    tmp_path: Path, before: Before, name: str
) -> None:
    make(tmp_path, "a")
    before("mkdir", name, lambda: cleaned(tmp_path, "a"))
    make(tmp_path, "b")
    assert paths.is_marked(home(tmp_path, "b")) and paths.is_marked(str(tmp_path / "hosts"))
    cleaned(tmp_path, "b")
    assert list(tmp_path.iterdir()) == []


def test_a_record_names_the_folder_that_it_lies_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder is removed by one agent and made by another when a third begins its record."""
    shared = tmp_path / "hosts"
    shared.mkdir()
    real, done = os.open, []

    def late(path: str, *rest: int, **more: int) -> int:
        if os.path.basename(path).startswith(WORK) and not done:
            done.append(path)
            shared.rmdir()
            (tmp_path / "other").mkdir()  # may take the number that is free now
            shared.mkdir()
        return real(path, *rest, **more)

    monkeypatch.setattr(os, "open", late)
    with pytest.raises(FileNotFoundError):
        paths.mark(str(shared), True)
    assert done and not paths.is_marked(str(shared))
    paths.mark(str(shared), True)
    assert paths.is_marked(str(shared))


def test_many_at_once_leave_nothing(tmp_path: Path) -> None:
    def often(name: str) -> None:
        for _ in range(60):
            make(tmp_path, name)
            cleaned(tmp_path, name)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(often, "abcdef"))
    assert list(tmp_path.iterdir()) == []
