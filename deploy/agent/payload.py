"""The payload on a host: where it lies, making it, its manifest, its hash; all through the pushed peer."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any, List, Optional

from deploy.agent import children, paths, removal, verbs
from deploy.agent.context import Context
from deploy.agent.wire import AgentError
from peer.edge.files import entries_below

_Stamp = List[List[Any]]


def prepare(request: verbs.Prepare, context: Context) -> verbs.Done:
    """Make each peer's payload folder, or a link to its `destination`; in it a link to its `source`."""
    home = paths.deployed_home(context.home)
    for place in request.peers:
        _make_folder(paths.peer_folder(home, place.peer), place.destination)
        _link_source(_payload_path(home, place.peer, request.name), place.source)
    return verbs.Done()


def generate(request: verbs.Generate, context: Context) -> verbs.Generated:
    """Make the test payload, unless this very one was made here before."""
    home = paths.deployed_home(context.home)
    path = _payload_path(home, request.peer, request.name)
    note = os.path.join(home, f"made_{request.peer}.json")
    if os.path.isfile(path) and _load(note) == [request.size, request.seed, *_stamp(path)]:
        return verbs.Generated(made=False)
    removal.remove(path)
    arguments = [paths.code_path(home), "generate", path, str(request.size), "--seed", str(request.seed)]
    _peer_program(arguments, home, context)
    _save(note, [request.size, request.seed, *_stamp(path)])
    return verbs.Generated(made=True)


def manifest(request: verbs.Manifest, context: Context) -> verbs.Hashed:
    """The manifest of a peer's payload; not hashed again while names, sizes and times are the same."""
    home = paths.deployed_home(context.home)
    path = _payload_path(home, request.peer, request.name)
    if not os.path.exists(path):
        raise _missing(os.path.realpath(path))
    note = os.path.join(home, f"manifest_{request.peer}.json")
    stamp = [[request.name, request.piece_size], *_stamp(path)]
    kept = _load(note)
    if isinstance(kept, dict) and kept.get("stamp") == stamp:
        return verbs.Hashed(kept["manifest"], hashed=False)
    arguments = [paths.code_path(home), "manifest", os.path.realpath(path), "--name", request.name]
    ended = _peer_program([*arguments, "--piece-size", request.piece_size], home, context)
    _save(note, {"stamp": stamp, "manifest": json.loads(ended.out)})
    return verbs.Hashed(json.loads(ended.out), hashed=True)


def verify(request: verbs.Verify, context: Context) -> verbs.Verified:
    """Let each peer's own program hash its copy and compare it with swarm.json."""
    home = paths.deployed_home(context.home)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return verbs.Verified(tuple(pool.map(lambda peer: _verify_one(home, peer, request, context), request.peers)))


def _verify_one(home: str, peer: int, request: verbs.Verify, context: Context) -> verbs.Copy:
    ended = children.python([paths.code_path(home), "verify", str(peer), "--dir", home], home, context.seconds)
    path = os.path.realpath(_payload_path(home, peer, request.name))
    try:
        found = json.loads(ended.out)
        return verbs.Copy(peer, found["ok"], found["problem"], found["sha256"], found["bytes"], path)
    except (ValueError, KeyError, TypeError):  # it ended with an error, or is another version
        return verbs.Copy(peer, ok=False, problem=ended.last_words, path=path)


def _make_folder(folder: str, destination: Optional[str]) -> None:
    if destination is None:
        if os.path.islink(folder):
            os.unlink(folder)
        os.makedirs(folder, exist_ok=True)
        return
    goal = paths.expanded(destination)
    os.makedirs(goal, exist_ok=True)
    if os.path.islink(folder) and os.readlink(folder) == goal:
        return
    if os.path.isdir(folder) and not os.path.islink(folder):
        _empty_folder(folder)
    removal.remove(folder)
    os.symlink(goal, folder)


def _empty_folder(folder: str) -> None:
    if os.listdir(folder):
        remedy = "run `fab clean` first, or leave `destination` as it was"
        raise AgentError(f"{folder} holds a payload already", remedy)


def _link_source(path: str, source: Optional[str]) -> None:
    """A link at `path` to the payload that lies elsewhere; an old link goes where there is none now."""
    goal = paths.expanded(source) if source is not None else None
    if goal is not None and not os.path.exists(goal):
        raise _missing(goal)
    if goal is not None and os.path.realpath(path) == os.path.realpath(goal):
        return
    if os.path.islink(path):
        os.unlink(path)
    if goal is None:
        return
    if os.path.exists(path):
        raise AgentError(f"{path} is in the way of the link to {goal}", "run `fab clean` first")
    os.symlink(goal, path)


def _missing(path: str) -> AgentError:
    return AgentError(f"the seed's payload isn't there: {path}", "put it there, or name another seed")


def _payload_path(home: str, peer: int, name: str) -> str:
    return os.path.join(paths.peer_folder(home, peer), paths.plain_name(name))


def _peer_program(arguments: List[str], home: str, context: Context) -> children.Ended:
    ended = children.python(arguments, home, context.seconds)
    if ended.code:
        raise AgentError(ended.last_words)
    return ended


def _stamp(path: str) -> _Stamp:
    """What changes when somebody changes the payload: each file's name, size, mode and time of change."""
    if os.path.isfile(path):
        return [_stamp_one(path, "")]
    return sorted(_stamp_one(entry.path, name) for name, entry in entries_below(path))


def _stamp_one(path: str, name: str) -> List[Any]:
    facts = os.lstat(path) if name else os.stat(path)
    return [name, facts.st_size, facts.st_mode, facts.st_mtime_ns]


def _load(path: str) -> Any:
    try:
        with open(path, "rb") as file:
            return json.load(file)
    except (OSError, ValueError):
        return None


def _save(path: str, fields: Any) -> None:
    with open(path + ".new", "w") as file:
        json.dump(fields, file)
    os.replace(path + ".new", path)
