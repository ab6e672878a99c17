"""Disks and users of an odd kind: no figures of room, no name, no home, an umask, file names that aren't UTF-8."""

from __future__ import annotations

import errno
import getpass
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest

from deploy.agent import children, facts, paths, peers, verbs
from deploy.agent.context import Context
from deploy.agent.wire import AgentError
from peer.core.errors import ConfigError, StoreError
from peer.edge.encoding import check_encoding
from peer.edge.files import free_bytes
from peer.edge.generate import write_file
from peer.edge.hashing import make_manifest
from tests.edge.stores import Pair
from tests.helpers.swarmfolder import Wish

WISH = Wish(size=300_000, piece_size=100_000)


def report(monkeypatch: pytest.MonkeyPatch, blocks: int, free: int, number: int = 0) -> None:
    """A disk with these figures, or one that gives an error instead."""

    def statvfs(path: object) -> SimpleNamespace:
        if number:
            raise OSError(number, os.strerror(number), path)
        return SimpleNamespace(f_blocks=blocks, f_bavail=free, f_frsize=1)

    monkeypatch.setattr(os, "statvfs", statvfs)


def context(home: Path) -> Context:
    """A request's, whose answer needs no operator."""
    return Context(str(home), Mock(), Mock(), Mock())


@pytest.mark.parametrize("number", [0, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_disk_without_figures_is_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    report(monkeypatch, blocks=0, free=0, number=number)
    assert free_bytes(str(tmp_path)) is None
    write_file(tmp_path / "file", 100_000)
    pair = Pair(tmp_path, WISH)
    pair.complete(pair.opened())
    pair.assert_arrived()
    pair.close()
    assert facts.facts(verbs.Facts(), context(tmp_path / "nowhere" / "swarm")).free is None


def test_a_disk_that_is_full_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = Pair(tmp_path, WISH)
    report(monkeypatch, blocks=1000, free=0)
    with pytest.raises(OSError, match="100000 bytes wanted, 0 free"):
        write_file(tmp_path / "file", 100_000)
    with pytest.raises(StoreError, match="the payload needs 300000 bytes and 0 are free"):
        pair.opened()
    pair.close()


@pytest.mark.parametrize("error", [KeyError("getpwuid(): uid not found: 12345"), OSError("No username set")])
def test_a_user_without_a_name_has_a_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def nameless() -> str:
        raise error

    monkeypatch.setattr(getpass, "getuser", nameless)
    assert facts.facts(verbs.Facts(), context(tmp_path)).user == str(os.getuid())


@pytest.mark.parametrize("path", ["~", "~/weft", "~nobody-of-this-name/weft"])
def test_a_home_that_isnt_there_is_told(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """Never a folder of the name "~"."""
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    with pytest.raises(AgentError, match="there is no home directory for that here") as caught:
        paths.home_of(path)
    assert caught.value.remedy == "name an absolute path"
    assert paths.home_of("/srv/~/a") == "/srv/~/a"


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_a_generated_payload_has_the_same_mode_everywhere(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        write_file(tmp_path / "file", 1000)
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o644


ODD_NAMES = ["ä.txt", "日.txt", "folder/é", "naïve"]


@pytest.mark.parametrize("encoding", ["iso8859-1", "iso8859-15", "euc_jp", "ascii", "latin-1"])
def test_names_beyond_ascii_are_refused_where_they_would_be_other_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    (tmp_path / "ä.txt").write_text("x")
    monkeypatch.setattr(sys, "getfilesystemencoding", lambda: encoding)
    for name in ODD_NAMES:
        with pytest.raises(
            ConfigError, match=rf"file names are {encoding} in this locale; set LC_ALL=C.UTF-8, or PYTHONUTF8=1"
        ):
            check_encoding(["plain", name], "here")
    with pytest.raises(ConfigError, match="would not be UTF-8 on disk"):
        make_manifest(str(tmp_path))
    check_encoding(["plain", "a/b c"], "here")


@pytest.mark.parametrize("encoding", ["utf-8", "UTF8"])
def test_any_name_goes_where_file_names_are_utf8(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    monkeypatch.setattr(sys, "getfilesystemencoding", lambda: encoding)
    check_encoding(ODD_NAMES, "here")


def test_what_the_agent_starts_runs_in_utf8_mode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the host's locale; isolated, Python reads no PYTHONUTF8."""
    ended = children.python(["-c", "import sys; print(sys.flags.utf8_mode)"], str(tmp_path), Mock())
    assert ended.out == b"1\n"
    started: "list[list[str]]" = []
    monkeypatch.setattr("deploy.agent.peers.subprocess.Popen", lambda command, **_: started.append(command))
    (tmp_path / "peer.pyz").touch()
    peers._launch(str(tmp_path), 1001, ())
    assert started[0][1:5] == ["-I", "-S", "-X", "utf8"]
