"""Classic swarms of real decisions in simulated time, and the logs that their peers would write."""

from __future__ import annotations

import time
from functools import lru_cache
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import Callable, Dict, List, Mapping, NamedTuple, Optional, Tuple

from peer.core import eventlog, folder
from peer.core.config import Common, PeerRow, format_common, format_peer_info
from peer.core.events import Effect, Event, Log
from peer.core.limits import Limits
from peer.core.swarm import Swarm
from peer.core.swarmfile import CLASSIC
from tools.auditing.evidence import Evidence, evidence
from tools.auditing.judging import judge
from tools.auditing.loglines import parse_log
from tools.auditing.rule import BROKEN, Result
from tools.sim.build import Habits, build
from tools.sim.wires import Rates
from tools.sim.world import SimPeer, World

BEGIN = 1_700_000_000  # seconds since 1970
PIECE = 16 * 1024

Texts = Dict[int, List[str]]
parsed_log = lru_cache(maxsize=64)(parse_log)  # of a damaged swarm's logs all but one or two are known


class Made(NamedTuple):
    """A swarm that has run. `texts`: peer -> lines of its log."""

    common: Common
    rows: Tuple[PeerRow, ...]
    texts: Texts

    def audited(self, texts: Optional[Mapping[int, List[str]]] = None) -> List[Result]:
        """What the auditor says of these logs, or of others in their place."""
        return judge(self.evidence(texts))

    def evidence(self, texts: Optional[Mapping[int, List[str]]] = None) -> Evidence:
        logs = {peer: (folder.log(peer), "\n".join(lines)) for peer, lines in (texts or self.texts).items()}
        parsed = {peer: (file, parsed_log(file, text, peer)) for peer, (file, text) in logs.items()}
        return evidence(self.common, self.rows, parsed, {})


class Wish(NamedTuple):
    """What swarm to run; intervals in seconds, rates in bytes a second."""

    peers: int
    seeds: int
    pieces: int
    preferred: int
    unchoking: float
    optimistic: float
    rate: float


def wish_of(seed: int) -> Wish:
    """A swarm drawn from a seed: small and large, quick and slow."""
    rng = Random(f"audit {seed}")
    peers = rng.randint(3, 8)
    unchoking = rng.choice((1, 2, 5, 5))
    return Wish(
        peers,
        rng.randint(1, min(3, peers - 1)),
        rng.choice((1, 20, 130, 200, 306)),
        rng.randint(1, 4),
        unchoking,
        unchoking * rng.choice((1, 2, 3)),
        PIECE * rng.choice((5.0, 10.0, 20.0, 40.0)),
    )


def swarm(wish: Wish, seed: int, changes: Mapping[int, Callable[[Swarm], None]] = MappingProxyType({})) -> Made:
    """Run it: peers start one after another, each link has a rate of its own, the last piece is short.

    `changes`: peer -> what is done to its core when it begins.
    """
    rng = Random(f"swarm {seed}")
    world = World(seed, PIECE, (wish.pieces - 1) * PIECE + 5_992)
    texts: Texts = {}

    def watch(peer: SimPeer, event: Optional[Event], effects: List[Effect]) -> None:
        stamp = time.strftime(eventlog.TIME_FORMAT, time.gmtime(BEGIN + world.now))
        if event is None and peer.core and peer.id in changes:
            changes[peer.id](peer.core)
        for effect in effects:
            if isinstance(effect, Log):
                texts.setdefault(peer.id, []).append(f"{stamp}: {eventlog.format_entry(effect.entry)}")

    world.watch = watch
    habits = Habits(Limits(patience=2_000.0), wish.preferred, wish.unchoking, wish.optimistic)
    rates = [Rates(wish.rate * rng.uniform(0.5, 2), wish.rate * rng.uniform(0.5, 2)) for _ in range(wish.peers)]
    peers = build(world, [CLASSIC] * wish.peers, range(wish.seeds), rates, habits)
    for peer in peers:
        world.at(rng.uniform(0, 6), world.begin, peer)
    assert world.run(20_000.0), "the swarm never ended"
    setup = peers[0].setup
    return Made(setup.common, setup.rows, texts)


def written(made: Made, where: Path) -> Path:
    """The swarm as its peers leave it, in a folder that isn't there yet."""
    for row in made.rows:
        (where / f"peer_{row.peer_id}").mkdir(parents=True)
        (where / f"peer_{row.peer_id}" / made.common.file_name).write_bytes(bytes(made.common.file_size))
        (where / f"log_peer_{row.peer_id}.log").write_text("\n".join(made.texts[row.peer_id]) + "\n")
    (where / "Common.cfg").write_text(format_common(made.common))
    (where / "PeerInfo.cfg").write_text(format_peer_info(made.rows))
    return where


def broken(results: List[Result]) -> List[str]:
    """The rules that are broken, each with its first finding: for a test's message."""
    return [
        f"{one.rule.name}: {one.findings[0].where}: {one.findings[0].found} | expected {one.findings[0].expected}"
        for one in results
        if one.state == BROKEN
    ]
