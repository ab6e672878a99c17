"""Where no agent comes up, the line has the host's words, and the next step belongs to the cause."""

from __future__ import annotations

import pytest

from deploy.core.noagent import PYTHON_REMEDY, no_agent

MISSING = "bash: line 1: /usr/bin/python3.99: No such file or directory"
OF_PYTHON = [
    MISSING,
    "exit code 127",
    "SyntaxError: invalid syntax",
    "Fatal Python error: init_fs_encoding",
    "py: not found",
]
UNCLEAR = ["exit code 1", "rbash: line 1: exec: restricted", "Connection limit reached"]


@pytest.mark.parametrize("end", OF_PYTHON)
def test_a_python_that_is_missing_or_broken(end: str) -> None:
    assert no_agent("", end) == (f"its python3 broke off: {end}", PYTHON_REMEDY)


@pytest.mark.parametrize("end", UNCLEAR)
def test_what_may_be_either(end: str) -> None:
    problem, remedy = no_agent("", end)
    assert end in problem and "at this login" in remedy


def test_what_is_printed_instead() -> None:
    problem, remedy = no_agent("closed until noon", "exit code 3")
    assert problem == "it says 'closed until noon' instead of running python3 (exit code 3)"
    assert "at this login" in remedy


def test_a_login_script_that_reads_our_input() -> None:
    problem, remedy = no_agent("got 1093", "ValueError: invalid literal for int() with base 10: b'import sys\\n'")
    assert "reads the input" in problem and "terminals" in remedy
