"""What stands where a peer's copy is or will be, hashed for an operator who asks what would change; nothing is made."""

from __future__ import annotations

import os
from typing import List

from deploy.agent import finalpaths, manifestway, paths, releasestore, verbs
from deploy.agent.context import Context
from deploy.agent.wire import AgentError
from peer.core import folder, manifestjson
from peer.core.errors import WeftError
from peer.core.manifest import Manifest
from peer.core.mark import BYTES
from peer.core.releaselist import CURRENT
from peer.core.treerules import USUAL, TreeRules, from_json
from peer.edge.ours.recordfile import views


def look(request: verbs.Look, context: Context) -> verbs.Standing:
    """The manifest of what is there, and which paths in it aren't ours."""
    home = paths.home_of(context.home)
    name = paths.plain_name(request.name)
    place = request.place
    path = paths.expanded(place.source) if place.source is not None else finalpaths.final_of(home, place, name)
    if place.root is not None:  # what it would follow
        path = os.path.join(os.path.realpath(os.path.join(releasestore.root_path(place.root), CURRENT)), name)
    if not os.path.exists(path):
        return verbs.Standing(path, None)
    try:
        rules = USUAL if request.rules is None else from_json(request.rules, "the rules")
        found = _manifest(path, name, request, rules, context)
    except WeftError as error:
        raise AgentError(str(error)) from None
    foreign = tuple(_foreign(home, path, found))
    made = manifestway.parted(manifestjson.to_json(found))
    return verbs.Standing(path, manifestway.send(context.wire, made, manifestway.pack(made, (), ())), foreign)


def _manifest(path: str, name: str, request: verbs.Look, rules: TreeRules, context: Context) -> Manifest:
    from peer.edge.hashing import hash_scanned, scan_payload  # only who asks this waits for it to be loaded

    context.meter.begin(f"looking at {name}")
    found = scan_payload(path, name, rules)
    context.meter.begin(f"hashing {name}", found.manifest.size, BYTES)
    size = None if request.piece_size == "auto" else int(request.piece_size)
    return hash_scanned(path, found, size, context.meter.add, request.block).manifest


def _foreign(home: str, path: str, found: Manifest) -> List[str]:
    """What of a tree Weft hasn't made, by the records in the swarm's folder."""
    if not found.tree:
        return []
    records = views(home, filter(folder.is_record, os.listdir(home))) if os.path.isdir(home) else []
    top = os.path.realpath(path)
    return [one for one in found.leaves if not any(view.is_ours(os.path.join(top, one)) for view in records)]
