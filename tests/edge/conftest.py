"""Every test in this folder fails on a left-over thread; and the peer's command line, in the test's process."""

from __future__ import annotations

import sys
import threading
from typing import Callable

import pytest

from peer.edge.commands import main
from tests.edge.command import Said


@pytest.fixture(autouse=True)
def _threads_end(no_thread_left: None) -> None:
    """See `no_thread_left`."""


@pytest.fixture
def run_here(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """`tests.edge.command.run` without a process: for what fails before a peer begins, in a tenth of the time."""
    for module, name in ((threading, "stack_size"), (sys, "setswitchinterval")):  # they would stay
        monkeypatch.setattr(module, name, lambda *_: None)

    def run(*words: object) -> Said:
        try:
            code = main([*map(str, words)])
        except SystemExit as end:
            code = int(end.code or 0)
        said = capfd.readouterr()
        return Said(code, said.out, said.err)

    return run
