"""Looks at where peers' payloads will get their final names: what is in the way there, and whether there is room."""

from __future__ import annotations

import contextlib
import os
from typing import Callable, Dict, List, Optional, Tuple

from deploy.agent import paths, verbs
from deploy.agent.wire import AgentError
from peer.core import folder
from peer.core.errors import ConfigError
from peer.core.manifest import Manifest
from peer.core.sizes import format_size
from peer.core.swarmfile import SwarmFile, parse_swarm
from peer.edge import copies
from peer.edge.files import entries_below, free_bytes
from peer.edge.ours import obstacles, turning
from peer.edge.ours.recordfile import RecordFile, RecordView, foreign, read

ANY = (0, -1)  # no size of a payload at all


def refuse(record: RecordFile, home: str, request: verbs.Prepare) -> None:
    """Refuse, as ForeignError or AgentError, what swarm.json's payload can't replace, or has no room beside."""
    swarm = swarm_of(home)
    if swarm is None:
        return
    lacking = []
    for place in (place for place in request.peers if place.peer in request.receivers):
        final = final_of(home, place, request.name)
        if is_taken(home, place, final):
            if obstacles.may_be_complete(record, final, swarm.manifest):
                continue
            obstacles.refuse(record, final, swarm.manifest, swarm.replace, swarm.extras)
        lacking.append((final, begun_bytes(home, place.peer, final)))
    _refuse_small(lacking, swarm.manifest.room, lambda final: _kept_bytes(final, swarm.manifest))


def obstacle(home: str, final: str, name: str) -> Tuple[str, Tuple[int, int]]:
    """What seems to be in the way at `final`, where something lies, or ""; and the sizes of payloads that it may be.

    What is ours is judged by the payload of the last run, as another one isn't known yet.
    """
    if not paths.is_marked(home):
        return str(foreign(final)), _sizes(final)
    swarm = swarm_of(home)
    try:
        with paths.recording(home) as record:
            if not record.is_ours(final):
                return str(foreign(final)), _sizes(final)
            if swarm and swarm.manifest.name == name and not obstacles.may_be_complete(record, final, swarm.manifest):
                obstacles.refuse(record, final, swarm.manifest, False, swarm.extras)
    except AgentError as error:
        return str(error), ANY
    return "", ANY


def final_of(home: str, place: verbs.Place, name: str) -> str:
    """Where that peer's payload will lie, with no link above it."""
    if place.destination is not None:
        return os.path.join(os.path.realpath(paths.expanded(place.destination)), paths.plain_name(name))
    return os.path.join(os.path.realpath(home), folder.payload(place.peer), paths.plain_name(name))


def is_taken(home: str, place: verbs.Place, final: str) -> bool:
    """Whether something has that name; what an earlier run's link leads to has another, as the link will go."""
    linked = place.destination is None and os.path.islink(paths.peer_folder(home, place.peer))
    return os.path.lexists(final) and not linked


def begun_bytes(home: str, peer: int, final: str) -> int:
    """Bytes on the disk of that peer's incomplete copy."""
    record = read(os.path.join(home, folder.record(peer)))
    if record is None:
        return 0
    view = RecordView(home, record)
    works = [view.path(work) for work, goal in record.work.items() if goal and view.path(goal) == final]
    return max((held(os.path.join(work, turning.NEW)) for work in works), default=0)


def held(path: str) -> int:
    """Bytes on the disk of a file or a tree; 0 where there is none."""
    try:
        if not os.path.isdir(path):
            return os.stat(path).st_blocks * 512
        return sum(entry.stat(follow_symlinks=False).st_blocks * 512 for _, entry in entries_below(path))
    except OSError:
        return 0


def swarm_of(home: str) -> Optional[SwarmFile]:
    """The swarm.json that was pushed; None where there is none that can be read."""
    path = os.path.join(home, folder.SWARM)
    with contextlib.suppress(OSError, ConfigError, UnicodeDecodeError), open(path, encoding="utf-8") as file:
        return parse_swarm(file.read(), path)
    return None


def _sizes(path: str) -> Tuple[int, int]:
    """Bytes that a payload could have if this was it; a tree may hold more than the payload."""
    with contextlib.suppress(OSError):
        if os.path.isdir(path):
            return 1, sum(entry.stat(follow_symlinks=False).st_size for _, entry in entries_below(path))
        if os.path.isfile(path):
            return os.path.getsize(path), os.path.getsize(path)
    return ANY


def _kept_bytes(final: str, manifest: Manifest) -> int:
    """Bytes on the disk of the files that a new version will take as they are from the tree that it replaces."""
    if not manifest.tree or not os.path.isdir(final):
        return 0
    other = {one.path for one in copies.differences(manifest, final)}
    return sum(held(os.path.join(final, path)) for path in manifest.files.paths if path not in other)


def _refuse_small(lacking: List[Tuple[str, int]], size: int, kept: Callable[[str], int]) -> None:
    """AgentError where a disk can't take the copies that will lie on it. What an old version takes is no room yet, but
    that of what will be `kept`."""
    needed: Dict[int, int] = {}
    for final, begun in lacking:
        missing = paths.missing(os.path.dirname(final))
        existing = os.path.dirname(missing[0] if missing else final)
        disk, free = os.stat(existing).st_dev, free_bytes(existing)
        before = needed.get(disk, 0)
        needed[disk] = before + max(0, size - begun)
        if free is not None and free < needed[disk]:
            needed[disk] = before + max(0, size - begun - kept(final))
        if free is not None and free < needed[disk]:
            problem = f"{format_size(free)} free where {format_size(needed[disk])} are needed"
            raise AgentError(f"{existing}: {problem}", "make room there, or name another `destination` or `workdir`")
