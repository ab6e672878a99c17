"""An ssh-agent that holds a key."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path
from typing import Iterator

from tests.helpers.waiting import wait_for


@contextlib.contextmanager
def agent_with(path: str, key: Path, *options: str) -> Iterator[None]:
    """It listens at the socket `path` while the block runs."""
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", path, *options], stdout=subprocess.DEVNULL)
    adding = ["ssh-add", "-q", str(key)]
    environment = {**os.environ, "SSH_AUTH_SOCK": path}
    try:  # the socket is there a moment before it is listened at
        wait_for(
            lambda: subprocess.run(adding, env=environment, stderr=subprocess.DEVNULL).returncode == 0, "the agent"
        )
        yield
    finally:
        agent.terminate()
        agent.wait(20)
