"""Turns `current` from one release to another in two steps, so that many hosts do it simultaneously or not at all.

All that can fail belongs to the first step: the release is looked at, and a new link made under a fresh name. The
second is one rename.
"""

from __future__ import annotations

import contextlib
import os
from typing import Dict

from deploy.agent import claim, clocks, paths, releasestore, verbs
from deploy.agent.context import Context
from deploy.agent.wire import AgentError
from peer.core import releaselist
from peer.core.releaselist import replaced
from peer.core.tuples import NamedTuple
from peer.edge.files import sync_folder
from peer.edge.ours import trees
from peer.edge.ours.naming import exchange, put
from peer.edge.ours.recordfile import ForeignError, RecordFile


class _Fresh(NamedTuple):
    """A link that is ready to take the place of `current`. `foreign`: something that isn't ours has that name."""

    path: str
    name: str
    foreign: bool


_ready: Dict[str, _Fresh] = {}  # by root


def ready(request: verbs.Ready, context: Context) -> verbs.Readied:
    """The first step; AgentError where this host can't take the second."""
    home, root = paths.deployed_home(context.home), releasestore.root_path(request.root)
    if not claim.take(home):
        remedy = f"wait until that is done ({clocks.CUT_OFF}, if it was cut off), then run it again"
        raise AgentError("another operator deploys this swarm, or turns it", remedy)
    release = releasestore.named(home, root, request.name)
    with paths.recording(home) as record:
        context.meter.begin(f"looking at release {request.name}")
        bad = releasestore.changed(record, release)
        if bad is not None:
            raise AgentError(f"{bad} was changed or removed since it was proved", "bring it again with `fab up`")
        _prepare(record, root, request.name, request.aside)
        if root in _ready and release.told:
            releasestore.save(record, home, replaced(releasestore.load(home), release._replace(told=False)))
    return verbs.Readied(releasestore.current(root) or "")


def turn(request: verbs.Turn, context: Context) -> verbs.Done:
    """The second step. An agent that didn't take the first, because it replaces a lost one, takes it now."""
    root = releasestore.root_path(request.root)
    if releasestore.current(root) == request.name and root not in _ready:
        return verbs.Done()
    if root not in _ready or _ready[root].name != request.name:
        ready(verbs.Ready(*request), context)
    fresh = _ready.pop(root, None)
    if fresh is not None:
        _take_the_place(fresh, os.path.join(root, releaselist.CURRENT), request.aside)
        sync_folder(root)
    return verbs.Done()


def unready(_: verbs.Unready, _context: Context) -> verbs.Done:
    """Forget the first step."""
    _discard()
    return verbs.Done()


def _discard() -> None:
    """Remove the links that were made ready, and aren't needed now."""
    for root in list(_ready):
        with contextlib.suppress(OSError):  # it is noted: the next sweep removes it
            os.unlink(_ready.pop(root).path)


def refuse_foreign(record: RecordFile, root: str, may_move: bool) -> bool:
    """Whether something that isn't ours is called `current`; AgentError unless it may be put aside."""
    path = os.path.join(root, releaselist.CURRENT)
    if not os.path.lexists(path) or record.is_ours(path):
        return False
    with paths.as_agent_error():
        if not may_move:
            raise ForeignError(path)
    return True


def obstacle(home: str, root: str) -> str:
    """What is in the way of the link, or ""; nothing is changed."""
    path = os.path.join(releasestore.root_path(root), releaselist.CURRENT)
    if not os.path.lexists(path):
        return ""
    if not paths.is_marked(home):
        return str(ForeignError(path))
    with paths.recording(home) as record:
        return "" if record.is_ours(path) else str(ForeignError(path))


def _prepare(record: RecordFile, root: str, name: str, aside: str) -> None:
    _discard()
    foreign = refuse_foreign(record, root, bool(aside))
    if not foreign and releasestore.current(root) == name:
        return
    fresh = record.fresh(root)
    os.symlink(releaselist.link_text(name), fresh)
    record.made(os.path.join(root, releaselist.CURRENT), fresh)
    record.sync()
    _ready[root] = _Fresh(fresh, name, foreign)


def _take_the_place(fresh: _Fresh, path: str, aside: str) -> None:
    """One rename; a foreign thing is exchanged for the link, and then gets another name."""
    if not fresh.foreign:
        os.replace(fresh.path, path)
        return
    goal = os.path.join(os.path.dirname(path), trees.aside_name(releaselist.CURRENT, aside))
    if exchange(fresh.path, path):
        put(fresh.path, goal)
    else:
        put(path, goal)
        os.rename(fresh.path, path)
