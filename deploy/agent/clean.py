"""Removes everything that Weft put on this host, and nothing else."""

from __future__ import annotations

import contextlib
import errno
import os
from typing import Tuple

from deploy.agent import locks, paths, removal, verbs
from deploy.agent.context import Context
from deploy.agent.wire import AgentError

_OWN_SUFFIXES = (".part", ".map", ".new")  # of files that a peer keeps beside a payload


def clean(request: verbs.Clean, context: Context) -> verbs.Cleaned:
    """Empty and remove the swarm's folder; what isn't ours stays, and is named in the answer.

    A payload that was delivered to a `destination` is its owner's: it stays. AgentError while a peer lives.
    """
    home = paths.home_of(context.home)
    if not os.path.isdir(home):
        return verbs.Cleaned(home, was_there=False)
    if not paths.is_marked(home):
        raise AgentError(f"{home} isn't a folder that Weft made", "remove it by hand, if it is to go")
    living = locks.living(home, paths.peers_here(home))
    if living:
        names = ", ".join(str(peer) for peer in sorted(living))
        raise AgentError(f"peer {names} still runs here", "run `fab stop` first")
    return verbs.Cleaned(home, was_there=True, foreign=_empty(home, request.name))


def _empty(home: str, payload: str) -> Tuple[str, ...]:
    names = os.listdir(home)
    foreign = sorted(name for name in names if not paths.is_ours(name))
    for name in names:
        if paths.is_ours(name) and name != paths.MARKER:
            _remove(os.path.join(home, name), payload)
    while _removed(home):  # and so on upward
        home = os.path.dirname(home)
    return tuple(foreign)


def _removed(folder: str) -> bool:
    """Remove a folder of ours that holds nothing any more. Hosts of one machine may share it, each with its agent."""
    try:
        if os.listdir(folder) != [paths.MARKER]:
            return False
        removal.remove(os.path.join(folder, paths.MARKER))
        os.rmdir(folder)
        return True
    except FileNotFoundError:
        return False  # another agent was faster, and goes on upward
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        with contextlib.suppress(FileNotFoundError):
            paths.mark(folder)  # another agent has just made its own folder in here
        return False


def _remove(path: str, payload: str) -> None:
    if os.path.islink(path) and os.path.isdir(path):
        _tidy_destination(path, payload)
    removal.remove(path)


def _tidy_destination(folder: str, payload: str) -> None:
    """Take our working files out of a folder that is the user's, and leave the payload."""
    for name in os.listdir(folder):
        partial = name.startswith(payload) and name.endswith(_OWN_SUFFIXES)
        if name.startswith(paths.INCOMING) or (payload and partial):
            removal.remove(os.path.join(folder, name))
