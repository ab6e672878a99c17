"""The limit of open descriptors: raises it as far as the system allows, and refuses one that is too low."""

from __future__ import annotations

import resource

from peer.core.errors import WeftError

WANTED = 4096  # more than any peer uses
OWN = 24  # standard streams, program, listener, lock, log, map, status, and short-lived ones
FEW_FILES = 8  # of the payload, open simultaneously


class DescriptorError(WeftError):
    """The limit of open files and connections is too low for this process."""


def make_room(links: int) -> int:
    """Raise the soft limit towards the hard one; returns how many are left after those for `links` neighbours.

    Raises DescriptorError if none is left.
    """
    limit, needed = _raised(), OWN + FEW_FILES + links
    if limit < needed:
        problem = f"this process may have {limit} files and connections open, and needs {needed} for {links} neighbours"
        raise DescriptorError(f"{problem}; raise the limit (ulimit -n, or LimitNOFILE of a service)")
    return limit - needed


def _raised() -> int:
    """The limit, after it was raised where that is possible."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= WANTED:
        return WANTED if soft == resource.RLIM_INFINITY else soft
    better = WANTED if hard == resource.RLIM_INFINITY else min(WANTED, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, better), hard))
    except (OSError, ValueError):
        return soft  # some systems know a limit of their own
    return max(soft, better)
