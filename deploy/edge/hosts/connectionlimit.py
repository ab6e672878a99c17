"""The descriptors that this machine lets the operator have: raises the limit as far as it goes, and refuses too few."""

from __future__ import annotations

import resource
from collections.abc import Sequence

from deploy.core.inventory import Host
from deploy.edge.hosts.fanout import WIDTH
from peer.core.errors import WeftError

_OWN = 24  # standard streams, libraries, files of the run
_EACH_PROCESS = 4  # of this machine, or an `ssh`: an agent, and another that follows: a socket and a file each
_EACH_SSH = 1  # one connection carries all sessions
_PASSING = 2  # a host that is just being connected: key files, pipes to a new process


class DescriptorError(WeftError):
    """This machine lets a process have too few files and connections open for so many hosts."""


def make_room(hosts: Sequence[Host]) -> None:
    """Let this process have connections to all of `hosts`. Raises DescriptorError where it may not."""
    needed = (
        _OWN
        + sum(_EACH_PROCESS if host.local or host.by_openssh else _EACH_SSH for host in hosts)
        + _PASSING * min(WIDTH, len(hosts))
    )
    limit = _raised(needed)
    if limit < needed:
        problem = (
            f"this machine lets a process have {limit} files and connections open, {len(hosts)} hosts take {needed}"
        )
        raise DescriptorError(f"{problem}; raise the limit (ulimit -n {needed}), or choose fewer hosts with --limit")


def _raised(needed: int) -> int:
    """The soft limit, after it was raised to `needed` or as far as the hard one allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return needed
    better = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (better, hard))
    except (OSError, ValueError):
        return soft  # some systems know a limit of their own
    return better
