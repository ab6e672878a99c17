"""The manifest of a seed's payload, made by the pushed peer and noted, and the SHA-256 that people compare."""

from __future__ import annotations

import contextlib
import json
import os
from typing import Any, Dict, List, Optional, Tuple

from deploy.agent import children, manifestway, paths, verbs
from deploy.agent.context import Context
from deploy.agent.notes import load_note, save_note
from deploy.agent.wire import AgentError
from peer.core.errors import ConfigError
from peer.core.mark import BYTES
from peer.core.treerules import USUAL, from_json
from peer.edge.asbefore import stamp
from peer.edge.ours import making
from peer.edge.ours.recordfile import ForeignError, RecordFile
from peer.edge.wholefile import AT_ONCE, read_note

STAMP = "stamp"  # of a payload's files: a field of what the peer program prints, and of the note


def manifest(request: verbs.Manifest, context: Context) -> verbs.Hashed:
    """The manifest of a peer's payload; not hashed again while names, sizes, times and inodes are the same."""
    home = paths.deployed_home(context.home)
    path = paths.payload_path(home, request.peer, request.name)
    if not os.path.exists(path):
        raise AgentError(
            f"the seed's payload isn't there: {os.path.realpath(path)}", "put it there, or name another seed"
        )
    context.meter.begin(f"looking at {request.name}")
    noted, before = _noted(_note(home, request.peer))
    if before is not None and noted == [_asked(request), _stamp(path, request)]:
        return _send(before, None, request, context)
    context.meter.begin(f"hashing {request.name}", 0, BYTES)
    made = run_peer(["manifest", os.path.realpath(path), *options(request)], home, context)
    stamped = made.pop(STAMP, None)  # from before it was hashed; an older version of the program tells none
    with paths.recording(home) as record:
        keep(record, home, request, stamped, made)
    return _send(manifestway.parted(made), before, request, context)._replace(hashed=True)


def options(request: verbs.Manifest) -> List[str]:
    """What the peer program is told of the manifest to make."""
    found = ["--name", request.name, "--piece-size", request.piece_size, "--block", str(request.block), "--progress"]
    return found if request.rules is None else [*found, "--rules", json.dumps(request.rules)]


def run_peer(arguments: List[str], home: str, context: Context) -> Dict[str, Any]:
    """The fields that a command of the peer program prints."""
    ended = children.python([paths.code_path(home), *arguments], home, context.meter)
    if ended.code:
        raise AgentError(ended.last_words)
    return dict(json.loads(ended.out))


def keep(record: RecordFile, home: str, request: verbs.Manifest, stamped: Optional[str], made: Dict[str, Any]) -> None:
    """Note the manifest that was made of files with this stamp, and have the SHA-256 of a large one made beside."""
    save_note(record, _note(home, request.peer), {STAMP: [_asked(request), stamped], "manifest": made})
    path = paths.payload_path(home, request.peer, request.name)
    if os.path.isfile(path) and os.path.getsize(path) > AT_ONCE:
        _hash_beside(record, home, request.peer, os.path.realpath(path))


def _note(home: str, peer: int) -> str:
    return os.path.join(home, f"manifest_{peer}.json")


def _asked(request: verbs.Manifest) -> List[Any]:
    return [request.name, request.piece_size, request.block, request.rules]


def _stamp(path: str, request: verbs.Manifest) -> str:
    try:
        return stamp(path, USUAL if request.rules is None else from_json(request.rules, "the rules"))
    except ConfigError as error:
        raise AgentError(str(error)) from None


def _noted(note: str) -> Tuple[Any, Optional[manifestway.Parted]]:
    """Stamp and manifest of the last time; None where there is none."""
    kept = load_note(note)
    try:
        return kept[STAMP], manifestway.parted(kept["manifest"])
    except (ValueError, TypeError, KeyError, AttributeError):  # there is none, or somebody wrote to it
        return None, None


def _send(
    new: manifestway.Parted, before: Optional[manifestway.Parted], request: verbs.Manifest, context: Context
) -> verbs.Hashed:
    """Send a manifest, without what the operator has of it or of the one `before`."""
    return manifestway.send(context.wire, new, manifestway.pack(new, (new, before), request.have))


def _hash_beside(record: RecordFile, home: str, peer: int, path: str) -> None:
    """Have the SHA-256 of a large file made by a process that yields to all others, and noted: nobody waits for it."""
    with contextlib.suppress(ForeignError):
        note = making.open_growing(record, _hash_note(home, peer), os.O_WRONLY | os.O_CREAT)
        try:
            os.ftruncate(note, 0)
            children.start_beside([paths.code_path(home), "sha256", path], home, note)
        finally:
            os.close(note)


def hash_made_beside(home: str, peer: int, path: str) -> str:
    """The SHA-256 of a seed's file, if it is known already."""
    with contextlib.suppress(OSError), open(_hash_note(home, peer), "rb") as file:
        return read_note(file.read(), path)
    return ""


def _hash_note(home: str, peer: int) -> str:
    return os.path.join(home, f"sha256_{peer}.json")
