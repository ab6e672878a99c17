"""What an operator asks about the swarm's folder: what is in it, what comes into it, what leaves it."""

from __future__ import annotations

from typing import Any, Dict, Optional, Tuple, Type

from deploy.agent.verbs.done import Done
from peer.core.tuples import NamedTuple


class SwarmFolder(NamedTuple):
    """The swarm's folder: the run that it holds, SHA-256 of what was pushed, and the peers that live (their pids)."""

    home: str
    deployed: bool
    tls: str  # "", or why the Python there can't speak it
    run: str
    have: Dict[str, str]
    living: Dict[int, int]


class State(NamedTuple):
    """What is there already?"""

    def answer(self) -> Type[SwarmFolder]:
        return SwarmFolder


class Claimed(NamedTuple):
    """`held`: another operator deploys this swarm; `living`: the peers that run there.

    `by`: who it is, for so many `seconds`, and what is being done; "" and 0 where that isn't known.
    """

    held: bool
    living: Tuple[int, ...]
    by: str = ""
    seconds: float = 0.0
    doing: str = ""


class Claim(NamedTuple):
    """Keep other operators out of the swarm's folder, which is made if need be, until this agent ends."""

    aside: str = ""  # as of `Receive`, for the folder itself
    who: str = ""  # what other operators are told meanwhile

    def answer(self) -> Type[Claimed]:
        return Claimed


class PushedFile(NamedTuple):
    """A file below the swarm's folder; its bytes follow the request. `hash`: "" where nobody knows it yet.

    `packed`: how many bytes come instead, packed by deploy.agent.packing; 0: the file's own come.
    """

    path: str
    mode: int
    size: int
    hash: str
    packed: int = 0


class PushedFolder(NamedTuple):
    """A folder of a tree."""

    path: str
    mode: int


class Received(NamedTuple):
    """How many files came."""

    home: str
    received: int


class Receive(NamedTuple):
    """Write files; their bytes follow the request, one after the other. Those of a peer's folder are a new payload.

    `aside`: what to append to the name of something in the way that isn't ours; "": that is an error.
    `block`: the files' hashes are their IDs in a manifest with blocks of so many bytes; 0: plain SHA-256.
    `parts`: what the payload holds beside files and folders, as peer.core.treeparts writes it.
    """

    files: Tuple[PushedFile, ...]
    folders: Tuple[PushedFolder, ...] = ()
    aside: str = ""
    block: int = 0
    parts: Optional[Dict[str, Any]] = None

    def answer(self) -> Type[Received]:
        return Received


class Place(NamedTuple):
    """Where a peer's payload lies, if not in the peer's own folder: the folder it shall lie in, or where it is now.

    `root`: the destination is a release below it.
    """

    peer: int
    destination: Optional[str] = None
    source: Optional[str] = None
    root: Optional[str] = None


class Release(NamedTuple):
    """A release's name, and what the operator knows its payload by."""

    name: str
    key: str


class Prepare(NamedTuple):
    """Make the payload folders of these peers, or links to where the payload `name` lies.

    `receivers`: those that will get the payload of swarm.json. Where it can't lie nothing is made. `up`, `down`: the
    host's caps, in bytes a second, 0 for none. `release`: the one that these peers bring, if they bring one.
    """

    peers: Tuple[Place, ...]
    name: str
    receivers: Tuple[int, ...] = ()
    up: float = 0.0
    down: float = 0.0
    release: Optional[Release] = None

    def answer(self) -> Type[Done]:
        return Done


class Spot(NamedTuple):
    """A folder that shall hold a peer's copy, or a seed's payload that is there. `problem`: why it won't do, or ""."""

    peer: int
    path: str
    problem: str
    disk: int  # the same for spots that share a disk
    free: Optional[int]  # None where it can't be told
    held: int  # bytes of a copy that lie there already
    modes: bool  # files there have permission bits of their own
    size: Optional[int]  # of the payload, where it is there
    obstacle: str = ""  # what isn't ours and in the way there
    no_obstacle: Tuple[int, int] = (0, -1)  # to payloads of how many bytes it isn't, as it may be the very payload
    left_files: int = 0  # of a seed's payload, by the rules' `exclude`
    left_bytes: int = 0
    room: Optional[int] = None  # bytes that a copy of it takes on a disk: holes take none
    skipped: Tuple[str, ...] = ()  # its devices, pipes and sockets, where they may be left out


class Spots(NamedTuple):
    """One for each peer."""

    spots: Tuple[Spot, ...]


class Survey(NamedTuple):
    """Can the payload `name` lie there, or be sent from there? Nothing is made. `rules`: see `Manifest`."""

    peers: Tuple[Place, ...]
    name: str
    rules: Optional[Dict[str, Any]] = None

    def answer(self) -> Type[Spots]:
        return Spots


class Generated(NamedTuple):
    """`made`: False where this very payload was there."""

    made: bool


class Generate(NamedTuple):
    """Make the test payload `name` of a seed. The same `seed` gives the same bytes. `aside`: as of `Receive`.

    It is hashed meanwhile, for a `Manifest` with this `piece_size` and these `rules`.
    """

    peer: int
    name: str
    size: int
    seed: int
    aside: str = ""
    piece_size: str = "auto"
    rules: Optional[Dict[str, Any]] = None

    def answer(self) -> Type[Generated]:
        return Generated


class Copy(NamedTuple):
    """A peer's copy, hashed from its final path. `problem`: why it isn't `ok`; `extras`: files that aren't of it.

    `proof`: what its bytes are known by (peer.core.manifest.payload_proof); `sha256`: what `sha256sum` says, if known.
    """

    peer: int
    ok: bool
    problem: str = ""
    proof: str = ""
    sha256: str = ""
    bytes: Optional[int] = None
    path: str = ""
    extras: int = 0


class Verified(NamedTuple):
    """All copies that were asked for."""

    copies: Tuple[Copy, ...]


class Verify(NamedTuple):
    """Compare each peer's copy of the payload `name` with the manifest. `size`: its bytes, 0 where unknown."""

    peers: Tuple[int, ...]
    name: str
    size: int

    def answer(self) -> Type[Verified]:
        return Verified


class Collected(NamedTuple):
    """The files that came in parts before this answer, with their sizes; and the names of those that are `known`."""

    files: Dict[str, int]
    known: Tuple[str, ...] = ()


class Collect(NamedTuple):
    """Send logs, statuses and configuration. `known`: name -> SHA-256 of configuration that needn't come."""

    known: Dict[str, str] = {}

    def answer(self) -> Type[Collected]:
        return Collected


class Cleaned(NamedTuple):
    """`foreign`: what was left because it isn't ours."""

    home: str
    was_there: bool
    foreign: Tuple[str, ...] = ()


class Clean(NamedTuple):
    """Remove what is ours, and the swarm's folder if we made it."""

    def answer(self) -> Type[Cleaned]:
        return Cleaned
