"""The payload on a host: where it lies, making it, its manifest and its hash through the pushed peer, its proof."""

from __future__ import annotations

import contextlib
import json
import os
import stat
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Tuple, Union

from deploy.agent import (
    capping,
    children,
    clocks,
    currentlink,
    finalpaths,
    manifestway,
    paths,
    releasestore,
    verbs,
)
from deploy.agent.clean import DESTINATION
from deploy.agent.context import Context
from deploy.agent.meter import Meter
from deploy.agent.wire import AgentError
from peer.core.errors import WeftError
from peer.core.mark import BYTES, stalled
from peer.core.treerules import FOLLOW
from peer.edge.ours import making, trees, turning
from peer.edge.ours.recordfile import ForeignError, RecordFile
from peer.edge.wholefile import AT_ONCE, read_note

if TYPE_CHECKING:
    from peer.edge.hashing import Check

_Stamp = List[List[Any]]


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


def generate(request: verbs.Generate, context: Context) -> verbs.Generated:
    """Make the test payload, unless this very one was made here before."""
    home = paths.deployed_home(context.home)
    path = paths.payload_path(home, request.peer, request.name)
    note = os.path.join(home, f"made_{request.peer}.json")
    if os.path.isfile(path) and load_note(note) == [request.size, request.seed, *stamp(path)]:
        return verbs.Generated(made=False)
    with paths.recording(home) as record:
        make_in_place(record, path, request.aside, lambda new: _generate(home, new, request, context))
        save_note(record, note, [request.size, request.seed, *stamp(path)])
    return verbs.Generated(made=True)


def manifest(request: verbs.Manifest, context: Context) -> verbs.Hashed:
    """The manifest of a peer's payload; not hashed again while names, sizes and times are the same.

    Where links are followed it is: what they point to may have changed anywhere.
    """
    home = paths.deployed_home(context.home)
    path = paths.payload_path(home, request.peer, request.name)
    if not os.path.exists(path):
        raise _missing(os.path.realpath(path))
    note = os.path.join(home, f"manifest_{request.peer}.json")
    context.meter.begin(f"looking at {request.name}")
    files = stamp(path)
    wanted = [[request.name, request.piece_size, request.block, request.rules], *files]
    stamped, before = _noted(note)
    if before is not None and stamped == wanted:
        return _send_manifest(before, None, request, context)
    context.meter.begin(f"hashing {request.name}", _bytes(files), BYTES)
    arguments = [paths.code_path(home), "manifest", os.path.realpath(path), "--name", request.name, "--progress"]
    arguments += ["--piece-size", request.piece_size, "--block", str(request.block)]
    if request.rules is not None:
        arguments += ["--rules", json.dumps(request.rules)]
    ended = _peer_program(arguments, home, context)
    made = json.loads(ended.out)
    with paths.recording(home) as record:
        save_note(record, note, {"stamp": None if _is_followed(made, files) else wanted, "manifest": made})
        if os.path.isfile(path) and os.path.getsize(path) > AT_ONCE:
            _hash_beside(record, home, request.peer, os.path.realpath(path))
    return _send_manifest(manifestway.parted(made), before, request, context)._replace(hashed=True)


def _is_followed(made: Dict[str, Any], files: "_Stamp") -> bool:
    """Whether a manifest tells what links point to, which no stamp knows."""
    follows = made["parts"]["rules"]["links"] == FOLLOW
    return follows and any(stat.S_ISLNK(mode) for _, _, mode, *_ in files)


def _noted(note: str) -> Tuple[Any, Optional[manifestway.Parted]]:
    """Stamp and manifest of the last time; None where there is none."""
    kept = load_note(note)
    try:
        return kept["stamp"], manifestway.parted(kept["manifest"])
    except (ValueError, TypeError, KeyError, AttributeError):  # there is none, or somebody wrote to it
        return None, None


def _send_manifest(
    new: manifestway.Parted, before: Optional[manifestway.Parted], request: verbs.Manifest, context: Context
) -> verbs.Hashed:
    """Send a manifest, without what the operator has of it or of the one `before`."""
    return manifestway.send(context.wire, new, manifestway.pack(new, (new, before), request.have))


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
    sha256 = found.sha256 or _hash_made_beside(home, peer, path)
    return verbs.Copy(peer, not found.problem, found.problem, found.proof, sha256, found.size, path, found.extras)


def _given_up(home: str, peer: int, name: str, meter: Meter) -> verbs.Copy:
    """Nothing goes forward there any more."""
    problem = f"{stalled(meter.mark, clocks.STANDSTILL)}: {children.DEAD_DISK}"
    return verbs.Copy(peer, ok=False, problem=problem, path=paths.payload_path(home, peer, name))


def _hash_beside(record: RecordFile, home: str, peer: int, path: str) -> None:
    """Have the SHA-256 of a large file made by a process that yields to all others, and noted: nobody waits for it."""
    with contextlib.suppress(ForeignError):
        note = making.open_growing(record, _hash_note(home, peer), os.O_WRONLY | os.O_CREAT)
        try:
            os.ftruncate(note, 0)
            children.start_beside([paths.code_path(home), "sha256", path], home, note)
        finally:
            os.close(note)


def _hash_made_beside(home: str, peer: int, path: str) -> str:
    """The SHA-256 of a seed's file, if it is known already."""
    with contextlib.suppress(OSError), open(_hash_note(home, peer), "rb") as file:
        return read_note(file.read(), path)
    return ""


def _hash_note(home: str, peer: int) -> str:
    return os.path.join(home, f"sha256_{peer}.json")


def _generate(home: str, new: str, request: verbs.Generate, context: Context) -> None:
    context.meter.begin(f"making {request.name}", request.size, BYTES)
    arguments = [paths.code_path(home), "generate", new, str(request.size), "--seed", str(request.seed), "--progress"]
    _peer_program(arguments, home, context)


def make_in_place(record: RecordFile, path: str, aside: str, make: Callable[[str], object]) -> None:
    """Have a seed's file made at a path in a work folder, and give it its name when it is complete."""
    turning.check(record, path, turning.Wanted(False), bool(aside))
    work = record.fresh(os.path.dirname(path), path)
    os.mkdir(work)
    try:
        make(os.path.join(work, turning.NEW))
        turning.note(record, work, path)
        turning.turn(record, work, path, aside)
        turning.recover(record, work, path, aside)
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


def _peer_program(arguments: List[str], home: str, context: Context) -> children.Ended:
    ended = children.python(arguments, home, context.meter)
    if ended.code:
        raise AgentError(ended.last_words)
    return ended


def stamp(path: str) -> _Stamp:
    """A text that changes whenever the payload does: each file's name, size, mode, times and inode.

    The time of the last change of any kind tells of new bytes whose size and time of modification are the old ones.
    """
    rows = [_row("", os.stat(path))]
    if os.path.isdir(path):
        top = os.path.realpath(path)
        rows += [_row(name, os.lstat(os.path.join(top, name))) for name in trees.everything(top)]
    return sorted(rows)


def _bytes(stamp: _Stamp) -> int:
    return sum(size for _, size, mode, *_ in stamp if stat.S_ISREG(mode))


def _row(name: str, facts: os.stat_result) -> List[Any]:
    return [name, facts.st_size, facts.st_mode, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino]


def load_note(path: str) -> Any:
    """The fields that `save_note` wrote; None where there are none."""
    try:
        with open(path, "rb") as file:
            return json.load(file)
    except (OSError, ValueError):
        return None


def save_note(record: RecordFile, path: str, fields: Any) -> None:
    """Note something for the next time."""
    with contextlib.suppress(ForeignError):  # it only saves time, and isn't worth moving somebody's file out of the way
        making.make_file(record, path, json.dumps(fields).encode())
