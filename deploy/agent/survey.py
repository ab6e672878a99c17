"""What `check` asks of the places where the payload will lie, or lies already: can they take it, can it be sent?"""

from __future__ import annotations

import os
from typing import Tuple

from deploy.agent import currentlink, finalpaths, paths, verbs
from deploy.agent.context import Context
from peer.core.errors import ConfigError, system_words
from peer.core.listing import quoted
from peer.core.manifest import Manifest
from peer.core.treerules import USUAL, TreeRules, from_json
from peer.edge.files import free_bytes
from peer.edge.modes import keeps_modes
from peer.edge.scan import scan


def survey(request: verbs.Survey, context: Context) -> verbs.Spots:
    """Look at each peer's place."""
    home = paths.home_of(context.home)
    name = paths.plain_name(request.name)
    context.meter.begin("looking")
    rules = USUAL if request.rules is None else from_json(request.rules, "the rules")
    return verbs.Spots(tuple(_spot(home, peer, name, rules) for peer in request.peers))


def _spot(home: str, peer: verbs.Place, name: str, rules: TreeRules) -> verbs.Spot:
    if peer.source is not None:
        return source(peer.peer, paths.expanded(peer.source), name, rules)
    folder = paths.peer_folder(home, peer.peer) if peer.destination is None else paths.expanded(peer.destination)
    final = finalpaths.final_of(home, peer, name)
    found = place(peer.peer, folder, name, finalpaths.begun_bytes(home, peer.peer, final))
    in_the_way = "" if peer.root is None else currentlink.obstacle(home, peer.root)
    if in_the_way or not finalpaths.is_taken(home, peer, final):
        return found._replace(obstacle=in_the_way)
    what, sizes = finalpaths.obstacle(home, final, name)
    return found._replace(obstacle=what, no_obstacle=sizes)


def place(peer: int, folder: str, name: str, begun: int = 0) -> verbs.Spot:
    """What a folder, which needn't be there yet, can do for a copy of that name, of which `begun` bytes are there."""
    existing, problem = nearest(folder)
    problem = problem or why_not_writable(existing) or _why_no_name(existing, name)
    held = max(finalpaths.held(os.path.join(folder, name)), begun)
    modes = bool(problem) or keeps_modes(existing)
    return verbs.Spot(peer, folder, problem, os.stat(existing).st_dev, free_bytes(existing), held, modes, None)


def source(peer: int, path: str, name: str, rules: TreeRules = USUAL) -> verbs.Spot:
    """Whether the file or the tree at `path` is there, and one that a payload can be by these rules."""
    spot = verbs.Spot(peer, path, "", 0, None, 0, True, 0)
    try:
        found = scan(path, name, rules)
    except ConfigError as error:
        return spot._replace(problem=str(error))
    except OSError as error:
        where = quoted(os.fsdecode(error.filename or path))
        return spot._replace(problem=f"{where}: {system_words(error)}")
    return spot._replace(
        problem=_why_not_readable(path, found.manifest),
        size=found.manifest.size,
        room=found.manifest.room,
        left_files=found.left_files,
        left_bytes=found.left_bytes,
        skipped=found.skipped,
    )


def nearest(path: str) -> Tuple[str, str]:
    """The nearest folder at or above `path` that is there; and why none can be made below it, "" if it can."""
    problem = ""
    while not os.path.isdir(path):
        if os.path.lexists(path):
            kind = "is a link, but not to a folder" if os.path.islink(path) else "is a file, where a folder belongs"
            problem = f"{path} {kind}"
        path = os.path.dirname(path)
    return path, problem


def why_not_writable(folder: str) -> str:
    """The empty text if a file can be made in `folder`, else the reason."""
    try:
        if not _can_make_nameless(folder):
            import tempfile  # slow to load, and seldom needed

            tempfile.TemporaryFile(dir=folder).close()
        return ""
    except OSError as error:
        return f"{error.strerror}: {folder}"


def _can_make_nameless(folder: str) -> bool:
    """Whether a file without a name could be made; else one with a name may still be possible."""
    try:
        os.close(os.open(folder, os.O_RDWR | getattr(os, "O_TMPFILE", os.O_CREAT | os.O_EXCL), 0o600))
        return True
    except OSError:
        return False


def _why_no_name(folder: str, name: str) -> str:
    """The empty text if the payload's name fits; on eCryptfs a name has at most 143 bytes."""
    try:
        most = os.pathconf(folder, "PC_NAME_MAX")
    except (OSError, ValueError):
        return ""
    if len(name.encode()) <= most:
        return ""
    return f"{folder} takes names of {most} bytes, and the payload's has {len(name.encode())}"


def _why_not_readable(path: str, found: Manifest) -> str:
    """The first file that this user may not read; "" if there is none."""
    paths = (os.path.join(path, below) for below in found.files.paths) if found.tree else [path]
    return next((f"{quoted(one)}: permission denied" for one in paths if not os.access(one, os.R_OK)), "")
