"""What the agent finds of places for copies, and of payloads that lie there, before anything is made."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import pytest

from deploy.agent import survey, verbs
from deploy.agent.context import Context
from deploy.agent.wire import AgentError
from deploy.core.inventory.excluding import excluding
from deploy.core.spots import left_out
from peer.core.treerules import TreeRules


def spot(folder: Path, name: str = "payload") -> verbs.Spot:
    return survey.place(1002, str(folder), name)


def linked(root: Path) -> Path:
    (root / "there").mkdir()
    (root / "link").symlink_to("there")
    return root / "link"


def below_linked(root: Path) -> Path:
    return linked(root) / "not" / "yet"


@pytest.mark.parametrize("make", [lambda root: root, lambda root: root / "a" / "b" / "c", linked, below_linked])
def test_a_place_that_will_do(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    before = sorted(os.walk(tmp_path))
    found = spot(make(tmp_path))
    assert (found.problem, found.size, found.held, found.modes) == ("", None, 0, True)
    assert found.free is not None
    assert found.free > 0
    assert found.disk == tmp_path.stat().st_dev
    assert before == sorted(os.walk(tmp_path)) or make in (linked, below_linked), "nothing is made"


def file_in_the_way(root: Path) -> Path:
    (root / "afile").write_text("x")
    return root / "afile"


def file_above(root: Path) -> Path:
    return file_in_the_way(root) / "sub" / "sub"


def link_to_file(root: Path) -> Path:
    (root / "link").symlink_to(file_in_the_way(root))
    return root / "link" / "sub"


def dangling(root: Path) -> Path:
    (root / "link").symlink_to("nowhere")
    return root / "link"


def below_dangling(root: Path) -> Path:
    return dangling(root) / "sub"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (file_in_the_way, "afile is a file, where a folder belongs"),
        (file_above, "afile is a file, where a folder belongs"),
        (link_to_file, "link is a link, but not to a folder"),
        (dangling, "link is a link, but not to a folder"),
        (below_dangling, "link is a link, but not to a folder"),
    ],
)
def test_a_place_that_cant_be(tmp_path: Path, make: Callable[[Path], Path], words: str) -> None:
    found = spot(make(tmp_path))
    assert found.problem == f"{tmp_path}/{words}"


def test_a_place_that_may_not_be_written(public_folder: Path) -> None:
    closed = public_folder / "closed"
    closed.mkdir(mode=0o555)
    (public_folder / "link").symlink_to(closed)
    for folder in (closed, closed / "sub", public_folder / "link" / "sub"):
        if os.geteuid() == 0:
            os.setresuid(65534, 65534, 0)
        try:
            found = spot(folder)
        finally:
            if os.getuid() == 65534:
                os.setresuid(0, 0, 0)
        assert found.problem.startswith("Permission denied: "), found


def test_what_lies_there_of_the_copy_counts_as_held(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(bytes(100_000))
    assert spot(tmp_path, "one").held >= 100_000
    (tmp_path / "payload").mkdir()
    (tmp_path / "payload" / "file").write_bytes(bytes(300_000))
    assert spot(tmp_path).held >= 300_000
    assert spot(tmp_path, "other").held == 0


def test_a_file_system_with_shorter_names_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "pathconf", Mock(return_value=143))
    assert spot(tmp_path, "n" * 143).problem == ""
    assert spot(tmp_path, "n" * 144).problem == f"{tmp_path} takes names of 143 bytes, and the payload's has 144"


# ---- a payload that is there


def source(path: Path, name: str = "payload") -> tuple[str, int | None]:
    found = survey.source(1001, str(path), name)
    return found.problem.replace(f"{path.parent}/", ""), found.size


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "p" / "a" / "b").mkdir(parents=True)
    (tmp_path / "p" / "a" / "b" / "one").write_bytes(bytes(1000))
    (tmp_path / "p" / "two").write_bytes(bytes(500))
    return tmp_path / "p"


def test_its_size_is_that_of_all_files(tree: Path) -> None:
    assert source(tree) == ("", 1500)
    assert source(tree / "two") == ("", 500)


SPOILED: list[tuple[Callable[[Path], object], str]] = [
    (lambda tree: (tree / "a" / "link").symlink_to("/etc"), "p: 1 link can't be kept: a/link -> /etc (leads out"),
    (lambda tree: (tree / "link").symlink_to("nowhere"), "p: 1 link can't be kept: link -> nowhere (points to nothing"),
    (lambda tree: os.mkfifo(tree / "pipe"), "p: pipe: a device, pipe or socket; write `special: skip`"),
]


@pytest.mark.parametrize(("spoil", "words"), SPOILED)
def test_what_it_cant_hold_is_named(tree: Path, spoil: Callable[[Path], object], words: str) -> None:
    spoil(tree)
    problem, _ = source(tree)
    assert problem.startswith(words)


def test_links_inside_and_odd_names_are_nothing_to_tell_and_what_stays_out_is_counted(tree: Path) -> None:
    (tree / "link").symlink_to("two")
    (tree / "TWO\n").touch()
    (tree / "x.tmp").write_bytes(bytes(10))
    (tree / "cache").mkdir()
    (tree / "cache" / "y").write_bytes(bytes(5))
    os.mkfifo(tree / "pipe")
    exclude = tuple(filter(None, map(excluding, ["*.tmp", "/cache/"])))
    spot = survey.source(1001, str(tree), "p", TreeRules(special="skip", exclude=exclude))
    assert (spot.problem, spot.left_files, spot.left_bytes, spot.skipped) == ("", 2, 15, ("pipe",))
    assert len(left_out(spot)) == 2


def test_what_isnt_there_or_empty_is_said(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert source(tmp_path / "nowhere") == ("nowhere: no such file or directory", 0)
    assert source(tmp_path / "empty") == ("", 0)
    (tmp_path / "file").touch()
    assert "has a part of more than 255 bytes" in source(tmp_path / "file", "n" * 256)[0]


def test_each_peer_has_its_place(tmp_path: Path, tree: Path) -> None:
    context = Context(str(tmp_path / "home"), Mock(), Mock(), Mock())
    peers = (verbs.Place(1001, None, str(tree)), verbs.Place(1002, str(tmp_path / "dest"), None), verbs.Place(1003))
    found = survey.survey(verbs.Survey(peers, "payload"), context).spots
    assert [(one.peer, one.path, one.size) for one in found] == [
        (1001, str(tree), 1500),
        (1002, str(tmp_path / "dest"), None),
        (1003, str(tmp_path / "home" / "peer_1003"), None),
    ]
    assert os.listdir(tmp_path) == ["p"]
    with pytest.raises(AgentError):
        survey.survey(verbs.Survey(peers, "../payload"), context)
