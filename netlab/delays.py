"""Starts the process that makes the links of a lab's zones longer."""

from __future__ import annotations

import os
import subprocess
import sys

from netlab import addresses, delayline, kernel, labhost, uplinks
from netlab.errors import LabError
from netlab.labfile import Plan
from netlab.network import NETNS


def start(plan: Plan) -> None:
    """Returns once what passes between the zones is carried. It ends when the lab is taken down. Raises LabError."""
    if not plan.delay:
        return
    joints = [joint for zone in plan.zones for joint in uplinks.joints(zone)]
    argv = [sys.executable, delayline.__file__, f"{plan.delay / 1000}", *joints]
    process = kernel.elsewhere(lambda: _popen(plan, argv))
    labhost.adopt(process)
    assert process.stdout
    with process.stdout:
        if process.stdout.readline() != b"ready\n":
            raise LabError("the delay between zones can't be made: this system gives no packet sockets")


def _popen(plan: Plan, argv: "list[str]") -> "subprocess.Popen[bytes]":
    space = os.open(NETNS / addresses.bridge_namespace(plan.tag), os.O_RDONLY | os.O_CLOEXEC)
    kernel.enter(space)
    os.close(space)
    options = {"stdin": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "start_new_session": True}
    return subprocess.Popen(argv, stdout=subprocess.PIPE, **options)  # type: ignore[call-overload,no-any-return]
