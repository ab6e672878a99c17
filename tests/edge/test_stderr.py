"""What a peer writes on standard error: lines, and on a terminal one line that is replaced."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import struct
import sys
import termios

import pytest

from peer.core.status import Status
from peer.edge import run, stderr

BASE = Status(1001, "", "seeding", "classic", True, 6008, 7, pieces=3, total=3, size=1000)


def test_nothing_is_shown_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    words = io.StringIO()
    monkeypatch.setattr(sys, "stderr", words)
    run._show(BASE)
    stderr.end_line()
    stderr.report("peer 1001", "a word")
    assert words.getvalue() == "peer 1001: a word\n"


def test_on_a_terminal_the_status_is_one_line_and_others_stand_above_it(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 40, 0, 0))
    with open(theirs, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        run._show(BASE)
        stderr.report("peer 1001", "a word")
        run._show(BASE._replace(state="done"))
        stderr.end_line()
        stderr.report("peer 1001", "the end")
        shown = ""
        while "the end\r\n" not in shown:
            shown += os.read(ours, 1000).decode()
    os.close(ours)
    first, second, third, last = shown.split("\n")
    assert first == "\r\x1b[Kpeer 1001: seeding, 3 of 3 pieces (1...\r\x1b[Kpeer 1001: a word\r"
    assert second == "\r\x1b[Kpeer 1001: done, 3 of 3 pieces (100%)\r"
    assert (third, last) == ("peer 1001: the end\r", "")
