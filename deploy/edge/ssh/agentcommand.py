"""The command of a host's shell that begins an agent; no word of it is special to any shell."""

from __future__ import annotations

import re
import shlex

from deploy.core.inventory import Host
from deploy.edge.hosts import agentsource
from deploy.edge.hosts.errors import HostError

_PYTHON = re.compile(r"[A-Za-z0-9_./~+-]+")


def agent_command(host: Host) -> str:
    """Raises HostError where the host's `python` isn't a plain path."""
    if not _PYTHON.fullmatch(host.python):
        raise HostError(f"python: {host.python!r} isn't a plain path", "name an interpreter without blanks or quotes")
    return f"exec {host.python} {shlex.join(agentsource.OPTIONS)}"
