"""The first step of `deploy`: the seeds for us alone, and the wait for a swarm that still runs on them."""

from __future__ import annotations

import getpass
import os
import socket
import time

from deploy.agent import clocks
from deploy.agent.verbs import Claim, Claimed
from deploy.core.claimants import busy_with
from deploy.core.inventory import fold
from deploy.edge.tasks.chain import Chain, Halt

_LOOK_SECONDS = 1.0
_REMEDY = f"wait until that is done ({clocks.CUT_OFF}, if it was cut off), then run it again"


def claim_seeds(chain: Chain, seeds: list[str], served: list[str]) -> None:
    """Keep other operators from deploying this swarm until our chain ends. Raises Halt where one does so already.

    `seeds` are hosts in PeerInfo order: two operators meet at the first of them. Those of them that weren't asked for,
    and only serve the hosts that come later (`served`), may still be busy with earlier ones: they are waited for.
    """
    for name in [name for name in chain.able(seeds) if name not in chain.helpers]:
        for answer in _claim(chain, [name]).values():
            if answer.held:
                raise Halt(f"{name}: {busy_with(answer.by, answer.seconds, answer.doing, answer.living)}: {_REMEDY}")
    _await(chain, [name for name in chain.able(seeds) if name in chain.helpers], served)


def _await(chain: Chain, helpers: list[str], served: list[str]) -> None:
    """As long as it takes: peers that make no progress end by themselves, and so does a claim that nobody holds."""
    told: list[str] = []
    while busy := [name for name, one in _claim(chain, helpers).items() if one.held or one.living]:
        if busy != told:
            late = fold(chain.able(served))
            chain.screen.note(
                f"the swarm still runs on {fold(busy)}: waiting for it to end, then {late} will be served"
            )
            told = busy
        time.sleep(_LOOK_SECONDS)  # there is no way to wait for the end of somebody else's peers


def _claim(chain: Chain, names: list[str]) -> dict[str, Claimed]:
    return chain.ask(lambda link: link.ask(Claim(link.host.aside(chain.run), _me())), names, drop=True)


def _me() -> str:
    """What other operators are told: a person, and a machine."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a number without a name, as in containers
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"
