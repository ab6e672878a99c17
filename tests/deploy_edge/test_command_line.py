"""Mistyped tasks and options, as a person types them: one line, exit code 2, nothing touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.deploy_edge.fabrun import fab


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
        (["--inventory", "x.yaml", "up"], "--inventory belongs behind a task: fab TASK --inventory ..."),
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
