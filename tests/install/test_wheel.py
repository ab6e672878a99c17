"""The wheel, as `pipx install .` builds and installs it: an environment of its own, the command, a swarm with it.

With WEFT_FRESH_INSTALL set, as in `.ci/run`, what Weft needs is installed too; else it is that of the tests.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy_edge.localhosts import working_in

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 300  # of a command: pip may wait long for the network
pytestmark = pytest.mark.timeout(4 * SECONDS)
PAGE = {
    f"weft/parts/deploy/edge/web/assets/{name}" for name in ("plot.min.js", "plot.LICENSE.txt", "page.js", "page.css")
}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An environment with the wheel of this checkout; afterwards nothing of ours may run in its folder."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    command(folder, *pip, "wheel", "--no-deps", "--wheel-dir", ".", str(ROOT))
    command(folder, sys.executable, "-m", "venv", "--without-pip", "venv")
    (wheel,) = folder.glob("weft-*.whl")
    fresh = "WEFT_FRESH_INSTALL" in os.environ
    command(folder, *pip, "--python", "venv", "install", *(() if fresh else ("--no-deps",)), str(wheel))
    if not fresh:
        (packages,) = folder.glob("venv/lib/python3*/site-packages")
        (packages / "of_the_tests.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    yield folder
    assert working_in(folder) == []


def command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command in `folder`, which is its home; it must succeed."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    pip = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    home = {"HOME": str(folder)} if words[0].endswith("weft") else {"HOME": os.path.expanduser("~")}
    ended = subprocess.run(
        words, cwd=folder, env={**kept, **pip, **home}, capture_output=True, text=True, timeout=SECONDS
    )
    assert ended.returncode == 0, f"{words}: {ended.stdout}{ended.stderr}"
    return ended


def test_one_top_level_package_is_installed(installed: Path) -> None:
    (wheel,) = installed.glob("weft-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"weft"}
    assert {
        "weft/parts/peer/__main__.py",
        "weft/parts/deploy/agent/main.py",
        "weft/parts/deploy/fabfile.py",
    } | PAGE <= {*names}


@pytest.mark.usefixtures("usual_ports")
def test_a_swarm_with_the_installed_command_beside_folders_called_as_ours(installed: Path) -> None:
    work = installed / "work"
    for name in ("deploy", "peer", "weft/parts"):
        (work / name).mkdir(parents=True)
        (work / name / "__init__.py").write_text("raise SystemExit('the wrong one')\n")
    (work / "fabfile.py").write_text("raise SystemExit('not to be read')\n")
    (work / "fabric.yaml").write_text("run: {dry: true}\n")
    weft = str(installed / "venv/bin/weft")
    assert command(work, weft, "--version").stdout.startswith("weft ")
    command(work, weft, "init")
    ran = command(work, weft, "check", "up", "clean", "--plain")
    assert "TheFile.dat is complete on all 5 hosts" in ran.stdout
    assert "fab" not in ran.stdout + ran.stderr


@pytest.mark.usefixtures("usual_ports")
@pytest.mark.skipif("WEFT_FRESH_INSTALL" not in os.environ, reason="the demo with the wheel is for CI: .ci/run")
def test_the_demo_with_the_installed_command(installed: Path) -> None:
    demo = str(ROOT / "examples/demo.yaml")
    ran = command(installed, str(installed / "venv/bin/weft"), "-i", demo, "clean", "up", "clean", "--plain")
    assert "is complete on all 5 hosts" in ran.stdout
