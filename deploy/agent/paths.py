"""Where things lie in a swarm's folder on a host, and what marks that folder as ours."""

from __future__ import annotations

import contextlib
import os
import re
from typing import List

from deploy.agent.wire import AgentError, Request

MARKER = ".weft"  # in every folder that a push had to make; without it nothing is ever overwritten or removed
CODE = "peer.pyz"
SWARM = "swarm.json"
INCOMING = ".incoming-"  # begins the name of a file that is still being received
_TRIES = 100
_OURS = re.compile(
    r"Common\.cfg|PeerInfo\.cfg|swarm\.json|peer\.pyz|\.weft|\.incoming-.*"
    r"|(log_peer|status|lock|stderr|keys|peer|made|manifest)_\d+(\.[a-z.]+)?"
)


def home_of(request: Request) -> str:
    """The swarm's folder, `~` expanded on this host."""
    return os.path.abspath(os.path.expanduser(str(request["home"])))


def deployed_home(request: Request) -> str:
    """The swarm's folder; AgentError where nobody deployed it."""
    home = home_of(request)
    if not is_marked(home):
        raise AgentError("this swarm isn't deployed there", "run `fab deploy` first")
    return home


def make_home(request: Request) -> str:
    """The swarm's folder, made and marked; a folder with foreign things in it is refused."""
    home = home_of(request)
    if is_marked(home):
        return home
    if _entries(home):
        raise AgentError(f"{home} holds files that aren't Weft's", "choose another workdir or swarm name")
    for _ in range(_TRIES):
        with contextlib.suppress(FileNotFoundError):  # an agent that cleans took the folder above, empty as it was
            _make_marked(home)
            return home
    raise AgentError(f"{os.path.dirname(home)} is removed again and again", "does somebody else clean there?")


def mark(folder: str) -> None:
    """Note that a folder is Weft's. Raises FileNotFoundError where it is gone."""
    with open(os.path.join(folder, MARKER), "w"):
        pass


def is_marked(folder: str) -> bool:
    """Whether Weft made that folder."""
    return os.path.exists(os.path.join(folder, MARKER))


def is_ours(name: str) -> bool:
    """Whether an entry of the swarm's folder is one that Weft makes."""
    return _OURS.fullmatch(name) is not None


def plain_name(name: str) -> str:
    """`name`, if it names an entry of one folder and nothing else."""
    if not name or name in (".", "..") or "/" in name or "\0" in name:
        raise AgentError(f"{name!r} isn't a plain file name", "rename it")
    return name


def peer_folder(home: str, peer: int) -> str:
    """That peer's payload folder, which may be a link to the inventory's `destination`."""
    return os.path.join(home, f"peer_{int(peer)}")


def log_path(home: str, peer: int) -> str:
    """That peer's event log."""
    return os.path.join(home, f"log_peer_{int(peer)}.log")


def status_path(home: str, peer: int) -> str:
    """That peer's status file."""
    return os.path.join(home, f"status_{int(peer)}.json")


def lock_path(home: str, peer: int) -> str:
    """The file that a living peer holds locked."""
    return os.path.join(home, f"lock_{int(peer)}")


def stderr_path(home: str, peer: int) -> str:
    """Where a peer's standard error goes."""
    return os.path.join(home, f"stderr_{int(peer)}.txt")


def peers_here(home: str) -> List[int]:
    """The IDs of all peers that left something in the folder."""
    found = {match.group(1) for match in map(_PEER_FILE.fullmatch, _entries(home)) if match}
    return sorted(int(peer) for peer in found)


def _entries(home: str) -> List[str]:
    try:
        return os.listdir(home)
    except FileNotFoundError:
        return []


def _make_marked(home: str) -> None:
    """Make a folder and those missing above it; each only where the one above is still there, with its mark."""
    for folder in (*_missing(os.path.dirname(home)), home):
        with contextlib.suppress(FileExistsError):
            os.mkdir(folder, 0o755)
        mark(folder)


def _missing(folder: str) -> List[str]:
    """Those of `folder` and the folders above it that aren't there, the highest first."""
    if os.path.isdir(folder):
        return []
    return [*_missing(os.path.dirname(folder)), folder]


_PEER_FILE = re.compile(r"(?:peer|lock|status|log_peer)_(\d+)(?:\.json|\.log)?")
