"""The command line of a deployed peer: a program that loads it from peer.pyz, waits for its line, and runs it.

Python takes longer to load a peer than the peer to begin. So peers are loaded on all hosts simultaneously, and wait for
a line on standard input: to start them in order, each listening before the next, then costs little. A peer that gets no
line ends. What its keys need is half of that time, if it has any. To read a command line as a user's needs another
tenth, so here its arguments stand in their order.
"""

from __future__ import annotations

import os
from typing import List, Tuple

from peer.core import folder

LINE = b"go\n"
_LOAD = """\
import gc, os, sys
gc.disable()
sys.path.insert(0, sys.argv[1])
from peer.edge.exitcode import exit_code
from peer.edge.loading import load
if os.path.isdir(sys.argv[2]):
    import peer.edge.keys
run_peer = load()
"""
_WAIT = f"""\
if sys.stdin.buffer.readline() != {LINE!r}:
    sys.exit()
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
"""
_RUN = """\
me, home, *absent = sys.argv[3:]
sys.exit(exit_code("peer", lambda: run_peer(home, int(me), absent=tuple(map(int, absent)))))
"""


def peer_command(
    interpreter: List[str], home: str, peer: int, absent: Tuple[int, ...] = (), waits: bool = False
) -> List[str]:
    """Run a peer whose files a deployment has put into `home`; see `peer.edge.run.run_peer`.

    `waits`: it begins with a LINE on standard input, and then lets go of that.
    """
    program = _LOAD + (_WAIT if waits else "") + _RUN
    code, keys = os.path.join(home, folder.CODE), os.path.join(home, folder.keys(peer))
    return [*interpreter, "-c", program, code, keys, str(peer), home, *map(str, absent)]
