"""Mistyped tasks and options, as a person types them: one line, exit code 2, nothing touched."""

from __future__ import annotations

from pathlib import Path

import pytest
from invoke import Argument, Exit

from deploy.edge.fab import commandline
from tests.deploy_edge.fabrun import fab

BEFORE = "is Fabric's own and belongs before the tasks:"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["upp"], "no task is called 'upp'; did you mean 'up'?"),
        (["deploy", "collect_logs"], "no task is called 'collect_logs'; did you mean 'collect-logs'?"),
        (["up", "xyzzy"], "no task is called 'xyzzy'; `fab --list` names them all"),
        (["up", "--inventry", "x.yaml"], "up has no option --inventry; did you mean '--inventory'?"),
        (["up", "--inventry=x.yaml"], "up has no option --inventry; did you mean '--inventory'?"),
        (["up", "--inv", "x.yaml"], "up has no option --inv; did you mean '--inventory'?"),
        (["deploy", "start", "--keep", "--svg", "x"], "start has no option --keep; did you mean '--keep-going'?"),
        (["stop", "-x"], "stop has no option -x; `fab --help stop` names them all"),
        (["up", "--inventory"], "--inventory needs a value"),
        (["-R", "up"], "-R would deploy all the same: write --dry-run after a task"),
        (["up", "--dry"], "-R would deploy all the same: write --dry-run after a task"),
        (["-H", "a", "up"], "-H would run every task once a host: use --limit, with names of the inventory"),
        (["-T", "5", "up"], "-T has no effect here: every request to a host has a limit of its own"),
        (["up", "-i", "key"], f"-i {BEFORE} fab -i ... TASK; an inventory is named with --inventory"),
        (["up", "-f", "x.yaml"], f"-f {BEFORE} fab -f ... TASK; an inventory is named with --inventory"),
        (
            ["up", "-l", "a"],
            f"-l {BEFORE} fab -l ... TASK; hosts are chosen with --limit, and `fab --list` lists the tasks",
        ),
        (["deploy", "up", "-S", "x"], f"-S {BEFORE} fab -S ... TASK"),
        (["up", "--connect-timeout=3"], f"-t {BEFORE} fab -t ... TASK"),
        (["-S", "lost", "up"], "-S lost: there is no such file"),
        (["up", "--limit", ""], "--limit: '' is empty; write a value, or leave it out"),
        (["up", "--limit", " , "], "--limit: ' , ' is empty; write a value, or leave it out"),
        (["deploy", "up", "--run="], "--run: '' is empty; write a value, or leave it out"),
        (["--inventory", "x.yaml", "up"], "--inventory belongs after a task: fab TASK --inventory ..."),
    ],
)
def test_words_that_no_task_knows_are_one_line_and_exit_code_2(tmp_path: Path, arguments: list[str], line: str) -> None:
    ran = fab(tmp_path, *arguments)
    assert (ran.code, ran.out, ran.err) == (2, "", f"{line}\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [["--list"], ["--help", "up"], ["--version"], ["up", "--help"]])
def test_what_fabric_itself_answers_is_left_to_it(tmp_path: Path, arguments: list[str]) -> None:
    ran = fab(tmp_path, *arguments)
    assert ran.code == 0 and ran.out and not ran.err


def test_help_of_a_task_has_a_text_for_every_option(tmp_path: Path) -> None:
    lines = [line.split(None, 1) for line in fab(tmp_path, "--help", "up").out.splitlines() if line.startswith("  --")]
    assert len(lines) >= 10 and all(len(words) == 2 for words in lines)


def test_prompts_without_a_terminal_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commandline, "somebody_types", lambda: False)
    given = {"prompt-for-passphrase": Argument("prompt-for-passphrase", kind=bool)}
    given["prompt-for-passphrase"].value = True
    with pytest.raises(Exit, match="there is no terminal to ask at") as error:
        commandline._refuse_misleading(given)
    assert error.value.code == 2


BROKEN = ["Match host\n", 'Host *\n  User "x\n', "Match tagged x exec\n", "\xff\xfe\n", "Host *\n  Port abc\n"]


@pytest.mark.parametrize("text", BROKEN)
def test_a_task_without_ssh_reads_no_ssh_config(tmp_path: Path, text: str) -> None:
    (tmp_path / "config").write_text(text, encoding="latin-1")
    (tmp_path / "inventory.yaml").write_text(
        "swarm: {name: t, payload: {generate: 1KiB}}\nhosts: {a: {}}\nseeds: [a]\n"
    )
    for arguments in (["plan"], ["up", "--dry-run"]):
        ran = fab(tmp_path, "-S", str(tmp_path / "config"), *arguments)
        assert (ran.code, ran.err) == (0, "")
