"""Payloads on file systems that refuse or forget permission bits."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Callable

import pytest

from deploy.agent import bundle
from deploy.agent.wire import AgentError
from peer.core.errors import StoreError
from peer.edge.modes import keeps_modes, set_mode
from tests.edge.stores import Pair
from tests.helpers.swarmfolder import Wish

TREE = Wish(size=300_000, piece_size=100_000, tree=True)
FILE = Wish(size=300_000, piece_size=100_000)


def refusing(number: int) -> "Callable[..., None]":
    """A chmod that gives this error."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number), "/the/place")

    return refuse


def forgetting(*_: object, **__: object) -> None:
    """A chmod that does nothing, and says nothing of it."""


def odd(monkeypatch: pytest.MonkeyPatch, chmod: "Callable[..., None]") -> None:
    """Work on a file system whose chmod is this one."""
    for name in ("chmod", "fchmod"):
        monkeypatch.setattr(os, name, chmod)


ODD = [
    *(
        pytest.param(refusing(number), id=errno.errorcode[number])
        for number in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS)
    ),
    pytest.param(forgetting, id="forgets"),
]


@pytest.mark.parametrize("chmod", ODD)
@pytest.mark.parametrize("wish", [FILE, TREE], ids=["file", "tree"])
def test_the_bytes_arrive_where_modes_cant_be_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chmod: "Callable[..., None]", wish: Wish
) -> None:
    """Also over an old `.part`, and over an old copy under the final name."""
    pair = Pair(tmp_path, wish)
    odd(monkeypatch, chmod)
    store = pair.opened()
    pair.deliver(store, [0])
    store.close()
    pair.complete(pair.opened())
    again = pair.opened()
    assert again.complete
    again.close()
    assert sorted(os.listdir(pair.folder)) == [pair.final.name]
    pair.close()


@pytest.mark.parametrize("number", [errno.EIO, errno.EROFS, errno.ESTALE])
def test_a_broken_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    pair = Pair(tmp_path, FILE, mode=0o444)  # which it gets at the end
    store = pair.opened()
    odd(monkeypatch, refusing(number))
    with pytest.raises(StoreError, match=r"^/the/place: "):
        pair.complete(store)
    store.close()
    pair.close()


@pytest.mark.parametrize("chmod", ODD)
def test_whether_a_folder_keeps_modes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chmod: "Callable[..., None]"
) -> None:
    assert keeps_modes(str(tmp_path))
    assert keeps_modes(str(tmp_path / "nowhere")), "nobody can tell"
    odd(monkeypatch, chmod)
    assert not keeps_modes(str(tmp_path))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("chmod", ODD)
def test_a_key_that_others_could_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chmod: "Callable[..., None]"
) -> None:
    """As on vfat, where every file has the mode that the mount says."""
    for mode in (0o644, 0o600):
        with (tmp_path / "key.pem").open("wb") as file:
            os.fchmod(file.fileno(), mode)
            bundle._check_private(file.fileno(), mode)
    odd(monkeypatch, chmod)
    with (tmp_path / "open.pem").open("wb") as file:
        set_mode(file.fileno(), 0o600)
        with pytest.raises(AgentError, match="keeps no permissions") as caught:
            bundle._check_private(file.fileno(), 0o600)
    assert "name another `workdir`" in caught.value.remedy


def test_modes_are_set_by_path_and_by_descriptor(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    set_mode(str(path), 0o600)
    assert path.stat().st_mode & 0o777 == 0o600
    with path.open() as file:
        set_mode(file.fileno(), 0o444)
    assert path.stat().st_mode & 0o777 == 0o444
