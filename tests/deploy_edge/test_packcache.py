"""What is packed for the hosts is kept for the next command, in a folder that is the user's alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.edge.hosts import packcache


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "weft"


def packed(data: bytes = b"new") -> bytes:
    return packcache.kept("code", lambda: data)


def test_it_is_made_once(folder: Path) -> None:
    assert (packed(b"first"), packed(b"second")) == (b"first", b"first")
    assert folder.stat().st_mode & 0o777 == 0o700


def test_what_is_damaged_is_made_anew(folder: Path) -> None:
    packed(b"first")
    (kept,) = folder.rglob("code")
    kept.write_bytes(kept.read_bytes()[:-1])
    assert (packed(), packed(b"third")) == (b"new", b"new")


def test_other_sources_are_packed_anew_and_the_old_pack_goes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed(b"first")
    monkeypatch.setattr(packcache, "_key", lambda: "other")
    assert packed() == b"new"
    assert [path.name for path in folder.iterdir()] == ["other"]


def test_a_folder_that_others_can_reach_is_not_used(folder: Path) -> None:
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    assert (packed(b"first"), packed()) == (b"first", b"new")
    assert not list(folder.iterdir())


@pytest.mark.parametrize("names", [("HOME", "XDG_CACHE_HOME"), ("XDG_CACHE_HOME",)])
def test_without_a_folder_it_is_made_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: "tuple[str, ...]"
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "gone"))
    for name in names:
        monkeypatch.delenv(name, raising=False)
    assert (packed(b"first"), packed()) == (b"first", b"new")
