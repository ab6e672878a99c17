"""What an operator asks about releases: which are there, the two steps that turn `current`, and the end of old ones.

`root` is the folder that holds `releases/` and `current`, as the inventory names it.
"""

from __future__ import annotations

from typing import Optional, Tuple, Type

from deploy.agent.verbs.content import Release
from deploy.agent.verbs.done import Done
from peer.core.tuples import NamedTuple


class KeptRelease(NamedTuple):
    """One release, as peer.core.releaselist has it. `proved`: its copy was hashed there, and was right."""

    name: str
    payload: str
    key: str
    size: int
    proved: bool
    told: bool


class Kept(NamedTuple):
    """The releases below `root`, in the order in which they were brought.

    `current`: the one that the link names, "" for none; `held`: the one that the latest run delivers, or "".
    `sent`: the one that this host's seed gave to others, while its own payload stayed where it is; with its key.
    """

    root: str
    current: str
    held: str
    releases: Tuple[KeptRelease, ...]
    sent: Optional[Release] = None


class Keep(NamedTuple):
    """Which releases are there? `root`: "" where the host keeps none."""

    root: str

    def answer(self) -> Type[Kept]:
        return Kept


class Readied(NamedTuple):
    """`before`: the release that is current now, "" for none."""

    before: str


class Ready(NamedTuple):
    """Make all that `Turn` needs, and see that the release is there as it was proved; keep other operators out.

    `aside`: as of `Receive`, for something foreign called `current`.
    """

    root: str
    name: str
    aside: str = ""

    def answer(self) -> Type[Readied]:
        return Readied


class Turn(NamedTuple):
    """Make a release the current one, in one step. Asked again, it changes nothing."""

    root: str
    name: str
    aside: str = ""

    def answer(self) -> Type[Done]:
        return Done


class Unready(NamedTuple):
    """Forget what `Ready` made."""

    def answer(self) -> Type[Done]:
        return Done


class Ran(NamedTuple):
    """How a command ended: `code` None where it took too long; the last of what it wrote."""

    code: Optional[int]
    output: str


class Run(NamedTuple):
    """Run a command, an argument list, after the turn to release `name`; it may take `within` seconds."""

    root: str
    name: str
    command: Tuple[str, ...]
    within: float

    def answer(self) -> Type[Ran]:
        return Ran


class Settle(NamedTuple):
    """All commands went well after the turn to this release."""

    root: str
    name: str

    def answer(self) -> Type[Done]:
        return Done


class Pruned(NamedTuple):
    """The releases that went, and the paths in them that stay because they aren't ours."""

    gone: Tuple[str, ...]
    foreign: Tuple[str, ...]


class Prune(NamedTuple):
    """Remove the oldest releases, so that `keep` stay; never the current one, nor what isn't ours."""

    root: str
    keep: int

    def answer(self) -> Type[Pruned]:
        return Pruned
