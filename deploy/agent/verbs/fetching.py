"""What an operator asks of a seed whose payload comes from elsewhere."""

from __future__ import annotations

from typing import Type

from peer.core.tuples import NamedTuple


class Fetched(NamedTuple):
    """`is_there`: the file that was asked for; `is_new`: it was fetched just now."""

    is_there: bool
    is_new: bool


class Fetch(NamedTuple):
    """Fetch the payload `name` of a seed from a URL; `sha256`: "" where only TLS vouches for it.

    With `look`, only tell whether it is there. `aside`: as of `Receive`.
    """

    peer: int
    name: str
    url: str
    sha256: str
    aside: str = ""
    look: bool = False

    def answer(self) -> Type[Fetched]:
        return Fetched
