"""Where things lie in a swarm's folder on a host, and what marks that folder as ours."""

from __future__ import annotations

import contextlib
import os
from typing import Iterator, List

from deploy.agent.wire import AgentError
from peer.core import folder
from peer.edge.ours.naming import put
from peer.edge.ours.recordfile import ForeignError, LateViews, RecordFile, read
from peer.edge.ours.sharing import shorten_alone, unreplaced
from peer.edge.ours.trees import aside_name

MARKER = ".weft"  # the record of what we made there: its first line names the folder, and whether we made that too
_TRIES = 100
_PUSHED = (folder.COMMON, folder.PEER_INFO, folder.SWARM, folder.CODE)


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


def make_home(named: str, aside: str = "") -> str:
    """The swarm's folder, made if need be, with its record; a folder with things in it that aren't ours is refused.

    `aside`: what to append to the name of such a folder, to move it out of the way; "": it is refused.
    """
    home = home_of(named)
    if is_marked(home):
        return home
    if _entries(home):
        _make_way(home, aside)
    for _ in range(_TRIES):
        with contextlib.suppress(FileNotFoundError):  # an agent that cleans took the folder above, empty as it was
            _make_marked(home)
            return home
    raise AgentError(f"{os.path.dirname(home)} is removed again and again", "does somebody else clean there?")


def mark(path: str, made: bool) -> None:
    """Begin the record of a folder. `made`: it is ours. Raises FileNotFoundError where it is gone."""
    with as_agent_error():
        RecordFile(os.path.join(path, MARKER), os.path.basename(path), made).close()


def is_marked(path: str) -> bool:
    """Whether that folder holds our record of it: a name alone proves nothing."""
    return read(os.path.join(path, MARKER)) is not None


@contextlib.contextmanager
def recording(home: str) -> Iterator[RecordFile]:
    """The record of a swarm's folder, with those of its peers to ask; what is in our way becomes an AgentError."""
    shorten_record(home)
    with as_agent_error(), unreplaced(os.path.join(home, MARKER)):
        record = RecordFile(os.path.join(home, MARKER), os.path.basename(home))
        record.readers = LateViews(home, filter(folder.is_record, os.listdir(home)))
        try:
            yield record
        finally:
            record.close()


def shorten_record(home: str) -> None:
    """Shorten the record of a swarm's folder, if it has become long and no other agent uses it."""
    with as_agent_error():
        shorten_alone(os.path.join(home, MARKER), os.path.basename(home))


@contextlib.contextmanager
def as_agent_error() -> Iterator[None]:
    """Tell of something that isn't ours as the operator is told of all trouble."""
    try:
        yield
    except ForeignError as error:
        remedy = error.remedy or "move it away, or write `replace: true` (push: `--replace`) to have it put aside"
        raise AgentError(str(error), remedy) from None


def is_pushed(name: str) -> bool:
    """Whether an operator may send an entry of that name to the swarm's folder."""
    return name in _PUSHED or folder.is_keys(name) or folder.is_payload(name)


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


def payload_path(home: str, peer: int, name: str) -> str:
    """Where a peer's payload has its final name, with no link above it: as records write it."""
    return os.path.join(os.path.realpath(peer_folder(home, peer)), plain_name(name))


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


def _make_way(home: str, aside: str) -> None:
    marker = os.path.join(home, MARKER)
    if not aside:
        remedy = "choose another workdir or swarm name, or write `replace: true` to have it put aside"
        if os.path.isfile(marker) and not os.path.getsize(marker):
            raise AgentError(f"{home} was made by a Weft that kept no record of it", remedy)
        raise AgentError(f"{home} holds files that aren't Weft's", remedy)
    above, name = os.path.split(home)
    put(home, os.path.join(above, aside_name(name, aside)))


def _make_marked(home: str) -> None:
    """Make a folder and those missing above it; each only where the one above is still there."""
    for path in missing(os.path.dirname(home)):
        with contextlib.suppress(FileExistsError):  # another agent's: that one marks it
            os.mkdir(path, 0o755)
            mark(path, True)
    made = not os.path.isdir(home)
    with contextlib.suppress(FileExistsError):
        os.mkdir(home, 0o755)
    mark(home, made)


def missing(path: str) -> List[str]:
    """Those of `path` and the folders above it that aren't there, the highest first."""
    found: List[str] = []
    while not os.path.isdir(path):
        found.insert(0, path)
        path = os.path.dirname(path)
    return found
