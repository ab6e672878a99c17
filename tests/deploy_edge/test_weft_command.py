"""`weft` as a person types it, in a folder where others have things called as ours are."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.core.inventory import parse_inventory
from deploy.core.starterfile import STARTER
from deploy.edge.command import entry, loginoptions
from tests.deploy_edge.fabrun import ROOT, SECONDS, Ran
from tests.deploy_edge.test_json_output import VALIDATOR


def weft(folder: Path, *arguments: str) -> Ran:
    """Run `weft` in `folder`, which is its home too, and where Python looks first."""
    ended = subprocess.run(
        [sys.executable, "-m", "weft", *arguments],
        cwd=folder,
        env={**os.environ, "HOME": str(folder), "COLUMNS": "100", "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    return Ran(ended.returncode, ended.stdout, ended.stderr)


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """`weft` in this process, in an empty folder and without a terminal."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(loginoptions, "somebody_types", lambda: False)

    def run(*words: str) -> Ran:
        code = entry.run(words, "0.0")
        return Ran(code, *capsys.readouterr())

    return run


@pytest.fixture
def crowded(tmp_path: Path) -> Path:
    """A folder with a `deploy`, a `peer`, a fabfile and Fabric's configuration, none of them ours."""
    for name in ("deploy", "peer"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('not ours')\n")
    (tmp_path / "fabfile.py").write_text("raise SystemExit('not ours')\n")
    for name in ("fabric.yaml", ".fabric.yaml"):
        (tmp_path / name).write_text("run: {dry: true}\ntasks: {executor_class: not.ours}\n")
    return tmp_path


@pytest.mark.usefixtures("usual_ports")
def test_what_others_call_as_ours_disturbs_nothing(crowded: Path) -> None:
    assert weft(crowded, "--version").out.startswith("weft 0.")
    assert weft(crowded, "init").out == "wrote inventory.yaml: edit it, then run: weft check\n"
    ran = weft(crowded, "plan", "schema")
    assert (ran.code, ran.err) == (0, "") and "\nverify" in ran.out and '"title": "Weft inventory"' in ran.out
    hosts = weft(crowded, "-l", "node[01-02]", "check", "--json").records[-1]
    assert hosts["event"] == "summary" and hosts["exit_code"] == 0


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (["upp"], 2, "no task is called 'upp'; did you mean 'up'?"),
        (
            ["up"],
            2,
            "inventory.yaml: no such file or directory; name your inventory with --inventory FILE; `weft init`",
        ),
        (["up", "-F", "lost"], 2, "--ssh-config lost: there is no such file"),
        (["up", "--connect-timeout", "soon"], 2, "--connect-timeout: 'soon' is not a number of seconds; write 20"),
        (["up", "--prompt-for-passphrase"], 2, "--prompt-for-passphrase: there is no terminal to ask at"),
        (["--print-completion-script", "zhs"], 2, "--print-completion-script: no shell is called 'zhs'; did you mean"),
        (["init", "-i", "nowhere/x.yaml"], 2, "nowhere/x.yaml: no such file or directory; name another place"),
    ],
)
def test_a_mistake_is_one_line(typed: Callable[..., Ran], arguments: list[str], code: int, line: str) -> None:
    ran = typed(*arguments)
    assert (ran.code, ran.out, ran.err.count("\n")) == (code, "", 1) and ran.err.startswith(line)
    assert list(Path().iterdir()) == []


def test_without_a_task_it_is_wrong_and_tells_what_there_is(typed: Callable[..., Ran]) -> None:
    ran = typed()
    assert (ran.code, ran.out) == (2, "") and "Tasks:" in ran.err  # `weft $TASK` must not look like success
    assert typed("help", "up") == typed("up", "-h") == typed("--help", "up")


def test_init_replaces_nothing(typed: Callable[..., Ran]) -> None:
    Path("inventory.yaml").write_text("mine")
    problem = "inventory.yaml: it exists, and isn't replaced; name another with --inventory FILE\n"
    assert typed("init") == Ran(2, "", problem)
    assert Path("inventory.yaml").read_text() == "mine"
    assert typed("init", "-i", "other.yaml").code == 0


def test_the_inventory_that_init_writes_is_one_with_and_without_its_comments() -> None:
    assert len(parse_inventory(STARTER).hosts) == 5
    lines = [line.replace("# ", "", 1) if line.lstrip().startswith("# ") else line for line in STARTER.splitlines()]
    begin = lines.index("swarm:")
    others = (
        "  payload: {generate",
        "  payload: {path",
        "  payload: {url",
        "  connection:",
        "  destination: {",
        "  from:",
    )
    text = "\n".join(line for line in lines[begin:] if not line.startswith(others))
    inventory = parse_inventory(text)
    assert len(inventory.hosts) == 14 and inventory.hosts[0].destination == "/srv/models"


def test_runs_are_listed(typed: Callable[..., Ran]) -> None:
    assert typed("runs").err.startswith("no run has left records in ")
    summary = '{"payload": "m", "bytes": 1, "sha256": null, "hosts": 1, "complete_hosts": 1, "user_seconds": 2, '
    for run, text in (("r1", None), ("r2", summary + '"exit_code": 0, "peers": []}'), ("other", None)):
        Path("runs", run).mkdir(parents=True)
        if run != "other":
            Path("runs", run, ".weft-run").touch()
        if text is not None:
            Path("runs", run, "summary.json").write_text(text)
    Path("runs/push-m.yaml").touch()
    rows = [line.split() for line in typed("runs").out.splitlines()[1:]]
    assert [(row[0], row[-1]) for row in rows] == [("r1", "verdict"), ("r2", "ok")]
    records = typed("runs", "--json").records
    assert [(one["run"], one["hosts"], one["exit_code"]) for one in records] == [("r1", None, None), ("r2", 1, 0)]
    for one in records:
        VALIDATOR.validate(one)


def test_closed_standard_streams_lead_to_nowhere() -> None:
    """As after `>&-`, where Python has no sys.stdout, and the next file that is opened would become it."""
    code = "import os, sys; [os.close(n) for n in (0, 1, 2)]; sys.stdin = sys.stdout = sys.stderr = None\n"
    code += "from deploy.edge.command.streams import open_missing; open_missing()\n"
    code += "print('x', flush=True); print('y', file=sys.stderr)\n"
    code += "sys.exit(40 + os.open('/', os.O_RDONLY) + len(sys.stdin.read()))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 43
