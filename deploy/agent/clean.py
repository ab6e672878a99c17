"""Removes all that Weft put on this host, and nothing else: what its records name, if it is still the same."""

from __future__ import annotations

import contextlib
import errno
import os
from typing import List

from deploy.agent import locks, paths, verbs
from deploy.agent.context import Context
from deploy.agent.meter import Meter
from deploy.agent.wire import AgentError
from peer.core import folder
from peer.edge.ours import trees, turning
from peer.edge.ours.recordfile import RecordFile, read

DESTINATION = "destination"  # noted of folders that we made for a payload outside of the swarm's folder


def clean(_: verbs.Clean, context: Context) -> verbs.Cleaned:
    """Remove what is ours, and the swarm's folder if we made it; what isn't stays, and is named in the answer.

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
    return verbs.Cleaned(home, was_there=True, foreign=tuple(_empty(home, context.meter)))


def _empty(home: str, meter: Meter) -> List[str]:
    with paths.recording(home) as record:
        meter.begin("removing", len(record.paths()) + sum(len(view.record.made) for view in record.readers))
        _sweep(home, record)
        stays = _clear(home, record)
        _remove_destinations(record)
    while _removed(home):  # and so on upward
        home = os.path.dirname(home)
    return sorted(stays)


def _sweep(home: str, record: RecordFile) -> None:
    """First finish what was interrupted, so that a complete version has the payload's name and no other is left."""
    turning.sweep(record, "")
    for name in filter(folder.is_record, os.listdir(home)):
        path = os.path.join(home, name)
        if read(path):
            peers = RecordFile(path, "")
            turning.sweep(peers, "")
            peers.close()


def _clear(home: str, record: RecordFile) -> List[str]:
    """Empty the swarm's folder of what is ours; the paths below it that stay."""
    stays: List[str] = []
    for name in os.listdir(home):
        top = os.path.join(home, name)
        if folder.is_record(name) and read(top):
            os.unlink(top)
        elif name != paths.MARKER:
            stays += (os.path.join(name, path) if path else name for path in trees.clear(top, ours(record, top)))
            if not stays and os.path.lexists(top):
                stays.append(name)  # a folder that we didn't make
    return stays


def ours(record: RecordFile, top: str) -> trees.Ours:
    """What of the tree at `top` is ours, by the folder's records."""
    return lambda path, info: record.knows(os.path.join(top, path) if path else top, info)


def _remove_destinations(record: RecordFile) -> None:
    for path in sorted(record.paths(), reverse=True):  # what is in a folder before the folder
        if record.has_note(DESTINATION, path) and record.is_ours(path):
            with contextlib.suppress(OSError):  # the payload is in it, or something else
                os.rmdir(path)


def _removed(home: str) -> bool:
    """Remove a folder of ours that holds nothing any more. Hosts of one machine may share it, each with its agent."""
    marker = os.path.join(home, paths.MARKER)
    try:
        record = read(marker)
        if record is None or os.listdir(home) != [paths.MARKER]:
            return False
        os.unlink(marker)
        if record.head.made:
            os.rmdir(home)
        return record.head.made
    except FileNotFoundError:
        return False  # another agent was faster, and goes on upward
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        with contextlib.suppress(FileNotFoundError):
            paths.mark(home, True)  # another agent has just made its own folder in here
        return False
