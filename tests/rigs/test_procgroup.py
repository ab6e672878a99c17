"""Processes of a run: waited for with a deadline, their cost known, and none left behind."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from rigs import accounting
from rigs.errors import RigError
from rigs.procgroup import ProcessGroup
from tests.helpers.waiting import wait_for

SLEEP = "import time; print('here', flush=True); time.sleep(600)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEP


def start(group, tmp_path, code, name="it"):
    return group.start(name, subprocess.Popen, [sys.executable, "-c", code], tmp_path / f"{name}.txt")


def gone(pid: int) -> bool:
    return not os.path.exists(f"/proc/{pid}")


def test_good_ends_and_what_they_cost(tmp_path):
    with ProcessGroup() as group:
        burn = "import time\nwhile time.process_time() < 0.3: pass"
        child = start(group, tmp_path, burn)
        group.wait_ends([child], 60)
    assert child.code == 0 and child.ended >= child.begun
    assert group.cpu >= 0.3


def test_a_childs_children_cost_too(tmp_path):
    inner = "import time\\nwhile time.process_time() < 0.3: pass"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', '{inner}'])"
    with ProcessGroup() as group:
        group.wait_ends([start(group, tmp_path, code)], 60)
    assert group.cpu >= 0.3


def test_a_bad_end_is_told_with_its_last_words(tmp_path):
    with ProcessGroup() as group, pytest.raises(RigError, match=r"^it: exit code 3: port taken$"):
        group.wait_ends([start(group, tmp_path, "print('port taken'); raise SystemExit(3)")], 60)


def test_deadlines_hold_and_nobody_survives(tmp_path):
    with pytest.raises(RigError, match="it: not within 0 s"), ProcessGroup() as group:
        group.wait_ends([start(group, tmp_path, SLEEP)], 0.2)
    assert gone(group.children[0].process.pid)


def test_who_ignores_term_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr("rigs.procgroup.STOP_SECONDS", 0.2)
    with ProcessGroup() as group:
        child = start(group, tmp_path, STUBBORN)
        wait_for(lambda: "here" in child.log.read_text(), "the process to be there")
    assert child.code == -9 and gone(child.process.pid)


def test_an_error_inside_ends_all(tmp_path):
    group = ProcessGroup()
    with pytest.raises(KeyboardInterrupt), group:
        for name in ("one", "two"):
            start(group, tmp_path, SLEEP, name)
        raise KeyboardInterrupt
    assert all(gone(child.process.pid) for child in group.children)


def test_peak_memory_is_the_process_own(tmp_path):
    """Unlike ru_maxrss, which begins with that of whoever started it."""
    ballast = bytearray(os.urandom(1) * (200 << 20))
    with ProcessGroup() as group:
        code = "x = bytearray(b'x' * (30 << 20)); " + SLEEP
        child = start(group, tmp_path, code)
        wait_for(lambda: "here" in child.log.read_text(), "the process to be there")
    assert 60 << 20 <= child.peak < len(ballast)  # the literal and the copy
    assert child.files >= 3


def test_what_is_gone_costs_nothing():
    assert accounting.cpu_seconds(2**22 + 1) == 0 and accounting.peak_bytes(2**22 + 1) == 0


def test_this_process_is_not_counted_as_somebody_else():
    watch = accounting.Watch()
    end = accounting.own_cpu() + 0.5
    while accounting.own_cpu() < end:
        pass
    shares = watch.stop(0.0)
    assert 0 <= shares.others <= 1 and 0 <= shares.idle <= 1
    own = 1 - shares.others - shares.idle
    assert own > 0


def test_one_that_ends_while_the_crew_is_stopped_is_counted_all_the_same(tmp_path):
    with ProcessGroup() as group:
        child = start(group, tmp_path, "pass")
        os.waitid(os.P_PID, child.process.pid, os.WEXITED | os.WNOWAIT)  # over, and not reaped yet
    assert child.code == 0
    assert child.cpu > 0
