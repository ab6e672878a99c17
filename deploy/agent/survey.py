"""What `check` asks of the places where the payload will lie, or lies already: can they take it, can it be sent?"""

from __future__ import annotations

import os
import stat
import tempfile
from typing import List, Tuple

from deploy.agent import finalpaths, paths, verbs
from deploy.agent.context import Context
from peer.core.errors import ConfigError, system_words
from peer.core.payloadnames import LINK, SPECIAL, check_names
from peer.edge.files import entries_below, free_bytes
from peer.edge.modes import keeps_modes


def survey(request: verbs.Survey, context: Context) -> verbs.Spots:
    """Look at each peer's place."""
    home = paths.home_of(context.home)
    name = paths.plain_name(request.name)
    context.meter.begin("looking")
    return verbs.Spots(tuple(_spot(home, peer, name) for peer in request.peers))


def _spot(home: str, peer: verbs.Place, name: str) -> verbs.Spot:
    if peer.source is not None:
        return source(peer.peer, paths.expanded(peer.source), name)
    folder = paths.peer_folder(home, peer.peer) if peer.destination is None else paths.expanded(peer.destination)
    final = finalpaths.final_of(home, peer, name)
    found = place(peer.peer, folder, name, finalpaths.begun_bytes(home, peer.peer, final))
    if not finalpaths.is_taken(home, peer, final):
        return found
    what, sizes = finalpaths.obstacle(home, final, name)
    return found._replace(obstacle=what, no_obstacle=sizes)


def place(peer: int, folder: str, name: str, begun: int = 0) -> verbs.Spot:
    """What a folder, which needn't be there yet, can do for a copy of that name, of which `begun` bytes are there."""
    existing, problem = nearest(folder)
    problem = problem or why_not_writable(existing) or _why_no_name(existing, name)
    held = max(finalpaths.held(os.path.join(folder, name)), begun)
    modes = bool(problem) or keeps_modes(existing)
    return verbs.Spot(peer, folder, problem, os.stat(existing).st_dev, free_bytes(existing), held, modes, None)


def source(peer: int, path: str, name: str) -> verbs.Spot:
    """Whether the file or the tree at `path` is there, and one that a payload can be."""
    try:
        problem, size = _source(path, name)
    except ConfigError as error:
        problem, size = str(error), 0
    except OSError as error:
        problem, size = f"{os.fsdecode(error.filename or path)}: {system_words(error)}", 0
    return verbs.Spot(peer, path, problem, 0, None, 0, True, size)


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
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except OSError as error:
        return f"{error.strerror}: {folder}"


def _why_no_name(folder: str, name: str) -> str:
    """The empty text if the payload's name fits; on eCryptfs a name has at most 143 bytes."""
    try:
        most = os.pathconf(folder, "PC_NAME_MAX")
    except (OSError, ValueError):
        return ""
    if len(name.encode()) <= most:
        return ""
    return f"{folder} takes names of {most} bytes, and the payload's has {len(name.encode())}"


def _source(path: str, name: str) -> Tuple[str, int]:
    info = os.stat(path)
    if stat.S_ISREG(info.st_mode):
        check_names(name, (), (), path)
        return _why_not_readable(path), info.st_size
    if not stat.S_ISDIR(info.st_mode):
        return f"{path}: neither a file nor a folder", 0
    return _tree(path, name)


def _tree(path: str, name: str) -> Tuple[str, int]:
    """The same of a tree: the first thing in it that no payload holds, and its bytes. Raises ConfigError, OSError."""
    files: List[str] = []
    folders: List[str] = []
    size = 0
    for below, entry in entries_below(path):
        info = entry.stat(follow_symlinks=False)
        if stat.S_ISDIR(info.st_mode):
            folders.append(below)
        elif stat.S_ISREG(info.st_mode):
            files.append(below)
            size += info.st_size
        else:
            return "{}: {}; {}".format(entry.path, *(LINK if stat.S_ISLNK(info.st_mode) else SPECIAL)), 0
    check_names(name, files, folders, path)
    unreadable = (_why_not_readable(os.path.join(path, file)) for file in files)
    return next(filter(None, unreadable), "") if files else f"{path}: there is no file in this folder", size


def _why_not_readable(path: str) -> str:
    return "" if os.access(path, os.R_OK) else f"{path}: permission denied"
