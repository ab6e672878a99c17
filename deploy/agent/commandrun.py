"""Runs a command that follows a turn: an argument list and no shell, with a limit, its output kept."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from typing import IO, Dict, Optional

from deploy.agent import children, paths, releasestore, verbs, wards
from deploy.agent.context import Context
from peer.core import releaselist
from peer.core.errors import system_words
from peer.core.mark import BYTES

NOT_FOUND = 127  # the exit code that shells give to a program that can't be run
_STEP = 0.2
_MOST_OUTPUT = 64 * 1024  # bytes, the last ones


def run(request: verbs.Run, context: Context) -> verbs.Ran:
    """Run it in the root of the releases. A program that it leaves running, such as a service, is no matter of ours."""
    root = releasestore.root_path(request.root)
    context.meter.begin(f"running {os.path.basename(request.command[0])}", 0, BYTES)
    import tempfile  # slow to load, and seldom needed

    with tempfile.TemporaryFile() as output:  # a pipe would be open for as long as a service that inherits it
        try:
            child = subprocess.Popen(
                list(request.command),
                cwd=root,
                env=_environment(root, request.name),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            return verbs.Ran(NOT_FOUND, f"{request.command[0]}: {system_words(error)}")
        return verbs.Ran(_wait(child, request.within, output, context), _tail(output))


def settle(request: verbs.Settle, context: Context) -> verbs.Done:
    """Note that all commands went well after the turn to this release."""
    home, root = paths.deployed_home(context.home), releasestore.root_path(request.root)
    release = releasestore.named(home, root, request.name)
    with paths.recording(home) as record:
        every = releaselist.replaced(releasestore.load(home), release._replace(told=True))
        releasestore.save(record, home, every)
    return verbs.Done()


def _environment(root: str, name: str) -> Dict[str, str]:
    return {**os.environ, "WEFT_RELEASE": name, "WEFT_CURRENT": os.path.join(root, releaselist.CURRENT)}


def _wait(child: "subprocess.Popen[bytes]", within: float, output: IO[bytes], context: Context) -> Optional[int]:
    """Its exit code; None where the limit came first, and it was ended with all that it began."""
    until, reach = time.monotonic() + within, context.meter.part()
    wards.adopt(child)
    try:
        while time.monotonic() < until:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return child.wait(_STEP)
            reach(os.fstat(output.fileno()).st_size)  # a sign of life for whoever waits
        os.killpg(child.pid, signal.SIGKILL)
        child.wait(children.KILL_SECONDS)
    except (ProcessLookupError, subprocess.TimeoutExpired):
        pass
    finally:
        wards.disown(child)
    return None


def _tail(output: IO[bytes]) -> str:
    output.seek(max(0, os.fstat(output.fileno()).st_size - _MOST_OUTPUT))
    return output.read().decode(errors="replace")
