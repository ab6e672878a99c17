"""The peer as one file: with its sources for every Python, compiled for ours."""

from __future__ import annotations

import io
import marshal
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Callable

import pytest

from deploy.agent.children import ISOLATED
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


LOADS = """\
import sys
sys.path.insert(0, sys.argv[1])
from peer.edge.exitcode import exit_code
from peer.edge.loading import load
run = load()
"""


def ran(tmp_path: Path, program: str) -> str:
    """What a program prints that has peer.pyz, isolated as a peer is, and has loaded what a peer needs."""
    path = tmp_path / "peer.pyz"
    path.write_bytes(peer_zip())
    command = [sys.executable, *ISOLATED, "-c", LOADS + program, path]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_a_peer_loads_what_is_packed_for_its_start_and_no_more(tmp_path: Path) -> None:
    said = ran(tmp_path, "print(*(one.__file__ for one in sys.modules.values() if one.__name__.startswith('peer')))")
    with zipfile.ZipFile(io.BytesIO(peer_zip())) as archive:
        code = next(name for name in archive.namelist() if name.startswith(codepack.CODE))
        start = marshal.loads(codepack.load(archive.read(code))[codepack.START])  # type: ignore[arg-type]
    loaded = {name for name in said.split() if "peer.pyz" not in name}
    assert loaded and loaded == set(start) - {"peer/__init__.py", "peer/edge/__init__.py"}


def test_what_it_needs_seldom_is_loaded_then(tmp_path: Path) -> None:
    assert ran(tmp_path, "from peer.edge import generate; print(generate.__file__)").strip() == "peer/edge/generate.py"


def test_its_tracebacks_show_the_source(tmp_path: Path) -> None:
    program = "import traceback\ntry:\n    run(1, 2)\nexcept TypeError:\n    print(traceback.format_exc())\n"
    said = ran(tmp_path, program)
    assert 'File "peer/edge/run.py", line ' in said and "    job = load_job(folder, peer" in said


def test_what_is_compiled_names_no_folder_of_this_machine() -> None:
    assert str(Path(__file__).parents[2]).encode() not in b"".join(members())


def members() -> "list[bytes]":
    with zipfile.ZipFile(io.BytesIO(peer_zip())) as archive:
        return [archive.read(name) for name in archive.namelist()]
