"""Commands after a turn: no shell, output and exit code kept, a limit that ends all that a command began."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest

from deploy.agent import commandrun, verbs
from deploy.agent.context import Context
from deploy.agent.meter import Meter
from deploy.agent.watchdog import Guard
from deploy.agent.wire import Wire

PRINT = "import os,sys; print(sys.argv[1:], os.environ['WEFT_RELEASE'], os.getcwd() == sys.argv[2]); sys.exit(3)"
LEAVE = "import subprocess,sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); print('ok')"


@pytest.fixture
def context(tmp_path: Path) -> Context:
    wire = Wire(io.BytesIO(), io.BytesIO(), Mock())
    return Context(str(tmp_path), wire, Mock(spec=Guard), Meter("`run`", lambda _: None))


def run(context: Context, folder: Path, *command: str, within: float = 60.0) -> verbs.Ran:
    return commandrun.run(verbs.Run(str(folder), "r1", command, within), context)


def test_arguments_arrive_as_they_are(context: Context, tmp_path: Path) -> None:
    ran = run(context, tmp_path, sys.executable, "-c", PRINT, "a b; $(c)", str(tmp_path))
    assert ran.code == 3 and ran.output == f"['a b; $(c)', '{tmp_path}'] r1 True\n"


def test_a_program_that_isnt_there(context: Context, tmp_path: Path) -> None:
    assert run(context, tmp_path, "no such program").code == commandrun.NOT_FOUND


def test_a_service_that_it_leaves_running_is_not_waited_for(context: Context, tmp_path: Path) -> None:
    ran = run(context, tmp_path, sys.executable, "-c", LEAVE)
    assert ran == verbs.Ran(0, "ok\n")


def test_one_that_takes_too_long_is_ended_with_its_words_kept(context: Context, tmp_path: Path) -> None:
    words = "import time; print('begun', flush=True); time.sleep(60)"
    assert run(context, tmp_path, sys.executable, "-c", words, within=2.0) == verbs.Ran(None, "begun\n")
