"""The compiled copy of the decisions gives the very run that the plain ones give."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tools import simulate
from tools.sim import compiled

SMALL = ["--peers", "30", "--pieces", "40", "--json", "--plain"]
COSTS = ("real_seconds", "memory")


def figures(text: str) -> dict:
    return {name: value for name, value in json.loads(text).items() if name not in COSTS}


@pytest.mark.timeout(400)
def test_alike_to_the_bit(capsys, monkeypatch, tmp_path):
    """Two modules, compiled without optimization: that takes a tenth of the time and gives the same run."""
    if compiled.obstacle():
        pytest.skip(compiled.obstacle())
    monkeypatch.setenv("MYPYC_OPT_LEVEL", "0")
    monkeypatch.setattr(compiled, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(compiled, "COMPILED", ("peer/core/bits.py", "tools/sim/clock.py"))
    (tmp_path / "cache").mkdir()
    folder = compiled.folder()
    assert folder and list(folder.glob("peer/core/bits.*.so")) and compiled.folder() == folder
    command = [sys.executable, str(folder / "tools" / "simulate.py"), *SMALL]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert simulate.main(SMALL) == 0
    assert figures(done.stdout) == figures(capsys.readouterr().out)


def test_what_cannot_be_compiled_is_run_as_it_is(monkeypatch, capsys):
    monkeypatch.setattr(simulate, "LARGE", 10)
    monkeypatch.setattr(compiled, "obstacle", lambda: "there is no C compiler (cc)")
    assert simulate.main(["--peers", "5", "--pieces", "4"]) == 0
    said = capsys.readouterr()
    assert said.err == "simulate: not compiled, so half as fast: there is no C compiler (cc)\n"
    assert "5 peers, 4 pieces" in said.out


def test_a_failed_compiler_is_no_failure(monkeypatch, tmp_path):
    monkeypatch.setattr(compiled, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(compiled, "COMPILED", ("peer/core/nothing.py",))
    if not compiled.obstacle():
        assert compiled.folder() is None
    assert not (tmp_path / "cache").exists() or not list((tmp_path / "cache").iterdir())
