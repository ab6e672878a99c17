"""The payload on a host: where it lies, making it, its manifest, its hash; all through the pushed peer."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Dict, List, Optional

from deploy.agent import children, paths, removal
from deploy.agent.wire import AgentError, Answer, Request
from peer.edge.files import entries_below

_Stamp = List[List[Any]]


def prepare(request: Request) -> Answer:
    """Make each peer's payload folder, or a link to its `destination`; in it a link to its `source`."""
    home = paths.deployed_home(request)
    for peer in request["peers"]:
        folder = paths.peer_folder(home, peer["id"])
        _make_folder(folder, peer.get("destination"))
        _link_source(os.path.join(folder, paths.plain_name(request["name"])), peer.get("source"))
    return {}


def generate(request: Request) -> Answer:
    """Make the test payload of `size` bytes from `seed`, unless this very one was made here before."""
    home = paths.deployed_home(request)
    path = _payload_path(home, request)
    note = os.path.join(home, f"made_{int(request['peer'])}.json")
    if os.path.isfile(path) and _load(note) == [request["size"], request["seed"], *_stamp(path)]:
        return {"made": False}
    removal.remove(path)
    arguments = [paths.code_path(home), "generate", path, str(request["size"]), "--seed", str(request["seed"])]
    _peer_program(arguments, home, request)
    _save(note, [request["size"], request["seed"], *_stamp(path)])
    return {"made": True}


def manifest(request: Request) -> Answer:
    """The manifest of a peer's payload; not hashed anew while names, sizes and times are the same."""
    home = paths.deployed_home(request)
    path = _payload_path(home, request)
    if not os.path.exists(path):
        raise _missing(os.path.realpath(path))
    note = os.path.join(home, f"manifest_{int(request['peer'])}.json")
    stamp = [[request["name"], request["piece_size"]], *_stamp(path)]
    kept = _load(note)
    if isinstance(kept, dict) and kept.get("stamp") == stamp:
        return {"manifest": kept["manifest"], "hashed": False}
    arguments = [paths.code_path(home), "manifest", os.path.realpath(path), "--name", request["name"]]
    ended = _peer_program([*arguments, "--piece-size", str(request["piece_size"])], home, request)
    _save(note, {"stamp": stamp, "manifest": json.loads(ended.out)})
    return {"manifest": json.loads(ended.out), "hashed": True}


def verify(request: Request) -> Answer:
    """Hash each peer's payload from its final path against swarm.json; a list of the peers' own answers."""
    home = paths.deployed_home(request)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return {"copies": list(pool.map(lambda peer: _verify_one(home, peer, request), request["peers"]))}


def _verify_one(home: str, peer: int, request: Request) -> Dict[str, Any]:
    ended = children.python([paths.code_path(home), "verify", str(peer), "--dir", home], home, request["deadline"])
    try:
        copy: Dict[str, Any] = json.loads(ended.out)
    except ValueError:
        copy = {"peer": peer, "ok": False, "problem": ended.last_words}
    return {**copy, "path": os.path.realpath(_payload_path(home, {**request, "peer": peer}))}


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


def _payload_path(home: str, request: Request) -> str:
    return os.path.join(paths.peer_folder(home, request["peer"]), paths.plain_name(request["name"]))


def _peer_program(arguments: List[str], home: str, request: Request) -> children.Ended:
    ended = children.python(arguments, home, request["deadline"])
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
