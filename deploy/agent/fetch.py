"""Has the seed's payload fetched from a URL: beside everything else first, and to its place once it is right."""

from __future__ import annotations

import contextlib
import json
import os
from typing import Any, Dict

from deploy.agent import children, paths, verbs
from deploy.agent.context import Context
from deploy.agent.notes import load_note, save_note
from deploy.agent.payload import make_in_place
from deploy.agent.wire import AgentError
from peer.core.errors import parse_words
from peer.core.mark import BYTES
from peer.core.treerules import USUAL
from peer.edge.asbefore import stamp
from peer.edge.ours import making
from peer.edge.ours.recordfile import RecordFile


def fetch(request: verbs.Fetch, context: Context) -> verbs.Fetched:
    """Fetch it, unless this very file was fetched before; with `look`, tell just that."""
    home = paths.deployed_home(context.home)
    path = paths.payload_path(home, request.peer, request.name)
    about = os.path.join(home, f"fetched_{request.peer}.json")
    known = _known(about, path)
    if known and request.sha256 and known.get("sha256") == request.sha256:
        return verbs.Fetched(is_there=True, is_new=False)
    if request.look:
        return verbs.Fetched(is_there=False, is_new=False)
    part = os.path.join(home, f"fetching_{request.peer}")
    with paths.recording(home) as record:
        for one in (part, f"{part}.json"):
            os.close(making.open_growing(record, one, os.O_WRONLY | os.O_CREAT))
    same = known.get("url") == request.url and not request.sha256  # a hash that isn't the noted one wants another file
    validator = str(known.get("validator", "")) if same else ""
    found = _download(request, home, part, validator, context)
    if found["new"]:
        with paths.recording(home) as record:
            context.meter.begin(f"moving {request.name} to its place")
            make_in_place(record, path, request.aside, lambda new: _move(record, part, new))
            fields = {"url": request.url, "sha256": found["sha256"], "validator": found["validator"]}
            save_note(record, about, {**fields, "stamp": stamp(path, USUAL)})
    return verbs.Fetched(is_there=True, is_new=bool(found["new"]))


def _known(about: str, path: str) -> Dict[str, Any]:
    """What was noted of the file at `path`, if it is still the one that was fetched."""
    note = load_note(about)
    if not isinstance(note, dict) or not os.path.isfile(path) or note.get("stamp") != stamp(path, USUAL):
        return {}
    return note


def _download(request: verbs.Fetch, home: str, part: str, validator: str, context: Context) -> Dict[str, Any]:
    context.meter.begin(f"fetching {request.name}", 0, BYTES)
    arguments = [paths.code_path(home), "fetch", request.url, part, "--note", f"{part}.json", "--progress"]
    arguments += ["--sha256", request.sha256] if request.sha256 else []
    arguments += ["--known", validator] if validator else []
    ended = children.python(arguments, home, context.meter)
    if ended.code:
        raise AgentError(parse_words(ended.last_words))
    found: Dict[str, Any] = json.loads(ended.out)
    return found


def _move(record: RecordFile, part: str, new: str) -> None:
    """By a rename, or to another disk by a copy."""
    try:
        os.rename(part, new)
    except OSError:
        import shutil  # slow to load, and seldom needed

        shutil.copyfile(part, new)
        os.unlink(part)
    record.gone(part)
    with contextlib.suppress(OSError):
        os.unlink(f"{part}.json")
        record.gone(f"{part}.json")
