"""Where things lie in a swarm's folder on a host, and what marks that folder as ours."""

from __future__ import annotations

import contextlib
import os
import re
from typing import List

from deploy.agent.wire import AgentError
from peer.core import folder

MARKER = ".weft"  # in every folder that a push had to make; without it nothing is ever overwritten or removed
INCOMING = ".incoming-"  # begins the name of a file that is still being received
_TRIES = 100
_OURS = re.compile(
    r"Common\.cfg|PeerInfo\.cfg|swarm\.json|peer\.pyz|\.weft|\.incoming-.*"
    r"|(log_peer|status|lock|stderr|keys|peer|made|manifest)_\d+(\.[a-z.]+)?"
)  # the names of `folder`, those of payload.py's notes, and each as a peer or we write it first, with a suffix


def home_of(named: str) -> str:
    """The swarm's folder, as the operator names it."""
    return expanded(named)


def expanded(path: str) -> str:
    """`path`, absolute, with `~` as this host has it; AgentError where this user has no home."""
    found = os.path.expanduser(path)
    if found.startswith("~"):
        raise AgentError(f"{path}: there is no home directory for that here", "name an absolute path")
    return os.path.abspath(found)


def deployed_home(named: str) -> str:
    """The swarm's folder; AgentError where nobody deployed it."""
    home = home_of(named)
    if not is_marked(home):
        raise AgentError("this swarm isn't deployed there", "run `fab deploy` first")
    return home


def make_home(named: str) -> str:
    """The swarm's folder, made and marked; a folder with foreign things in it is refused."""
    home = home_of(named)
    if is_marked(home):
        return home
    if _entries(home):
        raise AgentError(f"{home} holds files that aren't Weft's", "choose another workdir or swarm name")
    for _ in range(_TRIES):
        with contextlib.suppress(FileNotFoundError):  # an agent that cleans took the folder above, empty as it was
            _make_marked(home)
            return home
    raise AgentError(f"{os.path.dirname(home)} is removed again and again", "does somebody else clean there?")


def mark(path: str) -> None:
    """Note that a folder is Weft's. Raises FileNotFoundError where it is gone."""
    with open(os.path.join(path, MARKER), "w"):
        pass


def is_marked(path: str) -> bool:
    """Whether Weft made that folder."""
    return os.path.exists(os.path.join(path, MARKER))


def is_ours(name: str) -> bool:
    """Whether an entry of the swarm's folder is one that Weft makes."""
    return _OURS.fullmatch(name) is not None


def plain_name(name: str) -> str:
    """`name`, if it names an entry of one folder and nothing else."""
    if not name or name in (".", "..") or "/" in name or "\0" in name:
        raise AgentError(f"{name!r} isn't a plain file name", "rename it")
    return name


def code_path(home: str) -> str:
    """The pushed peer."""
    return os.path.join(home, folder.CODE)


def peer_folder(home: str, peer: int) -> str:
    """That peer's payload folder, which may be a link to the inventory's `destination`."""
    return os.path.join(home, folder.payload(peer))


def log_path(home: str, peer: int) -> str:
    """That peer's event log."""
    return os.path.join(home, folder.log(peer))


def status_path(home: str, peer: int) -> str:
    """That peer's status file."""
    return os.path.join(home, folder.status(peer))


def lock_path(home: str, peer: int) -> str:
    """The file that a living peer holds locked."""
    return os.path.join(home, folder.lock(peer))


def stderr_path(home: str, peer: int) -> str:
    """Where a peer's standard error goes."""
    return os.path.join(home, folder.stderr(peer))


def peers_here(home: str) -> List[int]:
    """The IDs of all peers that left something in the folder."""
    found = {folder.peer_of(name) for name in _entries(home)}
    return sorted(peer for peer in found if peer is not None)


def _entries(home: str) -> List[str]:
    try:
        return os.listdir(home)
    except FileNotFoundError:
        return []


def _make_marked(home: str) -> None:
    """Make a folder and those missing above it; each only where the one above is still there, with its mark."""
    for path in (*_missing(os.path.dirname(home)), home):
        with contextlib.suppress(FileExistsError):
            os.mkdir(path, 0o755)
        mark(path)


def _missing(path: str) -> List[str]:
    """Those of `path` and the folders above it that aren't there, the highest first."""
    if os.path.isdir(path):
        return []
    return [*_missing(os.path.dirname(path)), path]
