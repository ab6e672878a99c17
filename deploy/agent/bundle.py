"""Receives files in one transfer: each hashed on the way, written beside its place, synced and renamed."""

from __future__ import annotations

import hashlib
import os
from typing import List

from deploy.agent import paths, removal, verbs
from deploy.agent.context import Context
from deploy.agent.lines import OTHER_VERSION
from deploy.agent.wire import AgentError, Wire
from peer.core import folder
from peer.edge.modes import set_mode


def receive(request: verbs.Receive, context: Context) -> verbs.Received:
    """Write the files whose bytes follow the request, each in its place with its mode or not at all."""
    home = paths.make_home(context.home)
    _sweep(home)
    for path in request.gone:
        removal.remove(os.path.join(home, *_parts(path)))
    folders = [(os.path.join(home, *_parts(path)), mode) for path, mode in request.folders]
    for inner, _ in folders:
        os.makedirs(inner, exist_ok=True)
    for entry in request.files:
        _receive_one(home, entry, context.wire)
    for inner, mode in folders:
        set_mode(inner, mode)  # only now: a folder may be read-only in the end
    return verbs.Received(home, len(request.files))


def _receive_one(home: str, entry: verbs.PushedFile, wire: Wire) -> None:
    final = os.path.join(home, *_parts(entry.path))
    _make_folders(home, entry.path)
    name = hashlib.sha256(entry.path.encode()).hexdigest()[:16]  # the same again: no second left-over
    partial = os.path.join(os.path.dirname(final), paths.INCOMING + name)
    removal.remove(partial)
    # The mode is there from the first moment: nobody else may read a key while it arrives.
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, entry.mode)
    ours = os.fstat(handle)
    try:
        sha256 = _write(handle, entry.size, entry.mode, wire)
        if entry.sha256 and sha256 != entry.sha256:
            raise AgentError(f"{entry.path} arrived damaged", "run it again")
        if not _is_still(partial, ours):
            raise AgentError("another operator sends to this host just now", "run it again when that is done")
        os.replace(partial, final)
    except BaseException:
        if _is_still(partial, ours):  # a later transfer may have begun while this one was cut off
            removal.remove(partial)
        raise


def _write(handle: int, size: int, mode: int, wire: Wire) -> str:
    """The body's next `size` bytes into a new file, which is closed; their SHA-256 as hex."""
    sha = hashlib.sha256()
    with os.fdopen(handle, "wb") as file:
        for data in wire.body(size):
            sha.update(data)
            file.write(data)
        set_mode(handle, mode)  # the umask may have taken bits away
        _check_private(handle, mode)
        file.flush()
        os.fsync(file.fileno())
    return sha.hexdigest()


def _check_private(handle: int, mode: int) -> None:
    """A key must stay its owner's alone, and not every file system can promise that."""
    if not mode & 0o077 and os.fstat(handle).st_mode & 0o077:
        problem = (
            "the file system of its workdir keeps no permissions, so other users there could read the swarm's keys"
        )
        raise AgentError(problem, "name another `workdir`, or write `tls: false`")


def _is_still(path: str, facts: os.stat_result) -> bool:
    try:
        return os.path.samestat(os.lstat(path), facts)
    except FileNotFoundError:
        return False


def _make_folders(home: str, path: str) -> None:
    """The folders above `path`; those of keys are their owner's alone."""
    above = home
    for part in _parts(path)[:-1]:
        above = os.path.join(above, part)
        secret = folder.is_keys(part)
        if not os.path.isdir(above):
            os.mkdir(above, 0o700 if secret else 0o755)
        if secret:
            set_mode(above, 0o700)


def _parts(path: str) -> List[str]:
    parts = [paths.plain_name(part) for part in path.split("/")]
    if not paths.is_ours(parts[0]):
        raise AgentError(f"{path!r} isn't a name of Weft's", OTHER_VERSION)
    return parts


def _sweep(home: str) -> None:
    """Remove what a transfer that broke off has left."""
    for name in os.listdir(home):
        if name.startswith(paths.INCOMING):
            os.unlink(os.path.join(home, name))
