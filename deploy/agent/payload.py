"""The payload on a host: where it lies, how it comes to its place, its proof."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Callable, Optional, TypeVar, Union

from deploy.agent import (
    capping,
    children,
    clocks,
    currentlink,
    finalpaths,
    paths,
    releasestore,
    seedmanifest,
    verbs,
)
from deploy.agent.clean import DESTINATION
from deploy.agent.context import Context
from deploy.agent.meter import Meter
from deploy.agent.wire import AgentError
from peer.core.errors import WeftError
from peer.core.mark import BYTES, stalled
from peer.edge.ours import making, turning
from peer.edge.ours.recordfile import RecordFile

if TYPE_CHECKING:
    from peer.edge.hashing import Check

_Made = TypeVar("_Made")


def prepare(request: verbs.Prepare, context: Context) -> verbs.Done:
    """Make each peer's payload folder, or a link to its `destination`; in it a link to its `source`.

    What is in the way of a payload that will come is an AgentError, before anything is made.
    """
    home = paths.deployed_home(context.home)
    with paths.recording(home) as record:
        if request.receivers:
            finalpaths.refuse(record, home, request)
        for place in request.peers:
            if place.root is not None and place.destination is not None and request.release is not None:
                _begin_release(record, home, place.root, place.destination, request)
            if place.source is not None and request.release is not None:
                releasestore.begin(record, home, releasestore.SENT, request.release, request.name)
            _make_folder(record, paths.peer_folder(home, place.peer), place.destination)
            _link_source(record, paths.payload_path(home, place.peer, request.name), place.source)
        capping.write(record, home, request.up, request.down)
    return verbs.Done()


def _begin_release(record: RecordFile, home: str, root: str, destination: str, request: verbs.Prepare) -> None:
    """Note a release before anything of it is there; what would be in the way of its turn is an AgentError."""
    swarm = finalpaths.swarm_of(home)
    if request.receivers and swarm is not None:  # else nobody knows yet what may be put aside
        currentlink.refuse_foreign(record, releasestore.root_path(root), swarm.replace)
    assert request.release is not None
    releasestore.begin(record, home, releasestore.root_path(destination), request.release, request.name)


def verify(request: verbs.Verify, context: Context) -> verbs.Verified:
    """Hash each peer's copy and compare it with swarm.json."""
    from peer.edge.proving import prove_while  # only who asks this waits for it to be loaded

    home, meter = paths.deployed_home(context.home), context.meter
    meter.begin(f"checking {request.name}", request.size * len(request.peers), BYTES)
    found = dict(prove_while(lambda: meter.age < clocks.STANDSTILL, home, request.peers, meter.add))
    copies = tuple(
        _copy(home, peer, request.name, found[peer]) if peer in found else _given_up(home, peer, request.name, meter)
        for peer in request.peers
    )
    releasestore.prove(home, copies)
    return verbs.Verified(copies)


def _copy(home: str, peer: int, name: str, found: "Union[Check, WeftError]") -> verbs.Copy:
    path = os.path.realpath(paths.payload_path(home, peer, name))
    if isinstance(found, WeftError):
        return verbs.Copy(peer, ok=False, problem=str(found), path=path)
    sha256 = found.sha256 or seedmanifest.hash_made_beside(home, peer, path)
    return verbs.Copy(peer, not found.problem, found.problem, found.proof, sha256, found.size, path, found.extras)


def _given_up(home: str, peer: int, name: str, meter: Meter) -> verbs.Copy:
    """Nothing goes forward there any more."""
    problem = f"{stalled(meter.mark, clocks.STANDSTILL)}: {children.DEAD_DISK}"
    return verbs.Copy(peer, ok=False, problem=problem, path=paths.payload_path(home, peer, name))


def make_in_place(record: RecordFile, path: str, aside: str, make: Callable[[str], _Made]) -> _Made:
    """Have a seed's file made at a path in a work folder, and give it its name when it is complete."""
    turning.check(record, path, turning.Wanted(False), bool(aside))
    work = record.fresh(os.path.dirname(path), path)
    os.mkdir(work)
    try:
        made = make(os.path.join(work, turning.NEW))
        turning.note(record, work, path)
        turning.turn(record, work, path, aside)
        turning.recover(record, work, path, aside)
        return made
    finally:
        turning.discard(record, work)


def _make_folder(record: RecordFile, folder: str, destination: Optional[str]) -> None:
    goal = paths.expanded(destination) if destination is not None else None
    if os.path.islink(folder):
        if os.readlink(folder) == goal and os.path.isdir(goal):
            return
        _remove_link(record, folder)
    if goal is None:
        making.make_folder(record, folder)
        return
    _make_destination(record, goal)
    if os.path.isdir(folder):
        _remove_folder(record, folder)
    making.make_link(record, goal, folder)


def _make_destination(record: RecordFile, goal: str) -> None:
    """The folder outside of the swarm's, and those above it; which of them we made is noted."""
    for path in paths.missing(goal):
        making.make_folder(record, path)
        record.remark(DESTINATION, path)


def _remove_link(record: RecordFile, path: str) -> None:
    making.need(record, path)
    os.unlink(path)
    record.gone(path)


def _remove_folder(record: RecordFile, folder: str) -> None:
    if os.listdir(folder):
        remedy = "run `fab clean` first, or leave `destination` as it was"
        raise AgentError(f"{folder} holds a payload already", remedy)
    making.need(record, folder)
    os.rmdir(folder)
    record.gone(folder)


def _link_source(record: RecordFile, path: str, source: Optional[str]) -> None:
    """A link at `path` to the payload that lies elsewhere; an old link of ours goes where there is none now."""
    goal = paths.expanded(source) if source is not None else None
    if goal is not None and not os.path.exists(goal):
        raise _missing(goal)
    if goal is not None and os.path.realpath(path) == os.path.realpath(goal):
        return
    if os.path.islink(path) and (record.is_ours(path) or goal is not None):
        _remove_link(record, path)
    if goal is None:
        return
    if os.path.exists(path):
        raise AgentError(f"{path} is in the way of the link to {goal}", "run `fab clean` first")
    making.make_link(record, goal, path)


def _missing(path: str) -> AgentError:
    return AgentError(f"the seed's payload isn't there: {path}", "put it there, or name another seed")
