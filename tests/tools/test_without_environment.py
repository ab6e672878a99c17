"""Programs that need only Python: they find their checkout, wherever one stands, and no installed package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", ["audit", "lab", "setup_swarm", "simulate"])
def test_a_program_runs_without_an_environment(tmp_path: Path, name: str) -> None:
    command = [sys.executable, "-I", "-S", str(ROOT / "tools" / f"{name}.py"), "--help"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 0 and ran.stdout.startswith(f"usage: {name}"), ran.stderr
