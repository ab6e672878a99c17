"""Asks for manifests: of a seed's payload, and of what stands where a copy is or will be."""

from __future__ import annotations

from typing import Any, Dict, Optional, Tuple, Type

from deploy.agent.verbs.content import Place
from peer.core.tuples import NamedTuple


class Hashed(NamedTuple):
    """The manifest that came in parts before this answer, packed by deploy.agent.manifestway.

    `hashed`: False where an earlier one was still true. `sizes`, `name`: of its texts, and of all of it; `older`: the
    name of the one that it is to be unpacked with.
    """

    hashed: bool
    sizes: Tuple[int, ...]
    name: str
    older: str = ""


class Standing(NamedTuple):
    """What is at a peer's final `path`: `hashed` of its manifest, None where nothing is. `foreign`: what isn't ours."""

    path: str
    hashed: Optional[Hashed]
    foreign: Tuple[str, ...] = ()


class Look(NamedTuple):
    """What lies where a peer's payload `name` is, or will be? Nothing is made or noted. The rest: see `Manifest`."""

    place: Place
    name: str
    piece_size: str
    block: int = 0
    rules: Optional[Dict[str, Any]] = None

    def answer(self) -> Type[Standing]:
        return Standing


class Manifest(NamedTuple):
    """The manifest of a peer's payload. `piece_size`: bytes or "auto"; `block`: bytes, 0 for automatic.

    `rules`: what of a tree is carried, as peer.core.treerules writes it; None: the usual. `have`: the names of some
    earlier manifests that the operator has, so that what is the same needn't travel.
    """

    peer: int
    name: str
    piece_size: str
    block: int = 0
    rules: Optional[Dict[str, Any]] = None
    have: Tuple[str, ...] = ()

    def answer(self) -> Type[Hashed]:
        return Hashed
