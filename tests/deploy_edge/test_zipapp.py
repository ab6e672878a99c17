"""The peer as one file: with its sources for every Python, compiled for ours."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Callable

import pytest

from deploy.edge.pushed.zipapp import peer_zip
from peer.edge import codepack


def repacked(change: Callable[[str, bytes], "bytes | None"]) -> bytes:
    """The zip with each member as `change` wants it; None leaves it out."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(peer_zip())) as old, zipfile.ZipFile(packed, "w") as new:
        for name in old.namelist():
            data = change(name, old.read(name))
            if data is not None:
                new.writestr(name, data)
    return packed.getvalue()


def of_another_python(name: str, data: bytes) -> "bytes | None":
    return None if name.startswith(codepack.CODE) else data


def broken_source(name: str, data: bytes) -> bytes:
    if name != codepack.SOURCES:
        return data
    return codepack.dump(dict.fromkeys(codepack.load(data), "this is no Python"))


@pytest.mark.parametrize("change", [lambda _, data: data, of_another_python, broken_source])
def test_it_runs_from_sources_and_from_what_is_compiled(change: Callable[[str, bytes], bytes], tmp_path: Path) -> None:
    path = tmp_path / "peer.pyz"
    path.write_bytes(repacked(change))
    ran = subprocess.run([sys.executable, "-S", "-E", path, "--help"], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "usage: peer" in ran.stdout


def test_what_is_compiled_names_no_folder_of_this_machine() -> None:
    assert str(Path(__file__).parents[2]).encode() not in b"".join(members())


def members() -> "list[bytes]":
    with zipfile.ZipFile(io.BytesIO(peer_zip())) as archive:
        return [archive.read(name) for name in archive.namelist()]
