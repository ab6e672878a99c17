"""How a peer finds the operator's machine, which carries its connections where only SSH reaches its host.

The agent that relays listens on the loopback address of the peer's host and notes port and token in the swarm's folder.
A peer connects there and says the token and whom it wants. Once that one is connected, the answer is ACCEPTED; anything
else is a line that tells why not. Then the connection is as any other.
"""

from __future__ import annotations

import re
from typing import Optional

from peer.core.tuples import NamedTuple

MOST_HELLO = 100  # bytes of a hello
MOST_ANSWER = 500  # bytes of an answer
ACCEPTED = b"+\n"
WAY = "by relay"
NOBODY = "nobody relays now; `fab logs` does"
_TOKEN = r"[0-9a-f]{32}"
_NOTE = rf"(\d{{1,5}}) ({_TOKEN})\n"  # not compiled at each start
_HELLO = rf"({_TOKEN}) (\d{{1,10}})\n"


class RelayNote(NamedTuple):
    """Where an agent relays. The token keeps other users of that host out."""

    port: int
    token: str

    def format(self) -> str:
        """The file's text."""
        return f"{self.port} {self.token}\n"

    def hello(self, peer: int) -> bytes:
        """What a peer that wants to be connected with `peer` says first."""
        return f"{self.token} {peer}\n".encode()

    def wanted(self, line: bytes) -> Optional[int]:
        """The peer that a hello asks for; None if it is none, or has another token."""
        found = re.fullmatch(_HELLO, line.decode("ascii", "replace"))
        return int(found[2]) if found and found[1] == self.token else None


def parse_note(text: str) -> Optional[RelayNote]:
    """The file's text as a note; None while it is empty, or being written."""
    found = re.fullmatch(_NOTE, text)
    return RelayNote(int(found[1]), found[2]) if found else None


def refused(reason: str) -> bytes:
    """The answer that tells why nobody is connected."""
    return reason.replace("\n", " ").encode()[: MOST_ANSWER - 1] + b"\n"
