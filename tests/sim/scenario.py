"""Swarms drawn from a seed, with what goes wrong in them, and the rules that every step of every run must keep.

`run(kind, seed)` is one run from beginning to end. A seed that fails gives the same run again.
"""

from __future__ import annotations

import hashlib
from random import Random
from typing import Dict, List, NamedTuple, Optional, Set, Tuple

from peer.core import bits, habits, messages
from peer.core.errors import EXIT_INCOMPLETE, EXIT_OK
from peer.core.events import (
    Connected,
    Disconnected,
    Effect,
    Event,
    Finished,
    Leave,
    Log,
    PieceBad,
    PieceStored,
    PieceSurplus,
    Received,
    Send,
    SendPiece,
    Tell,
    Tick,
)
from peer.core.limits import Limits
from peer.core.swarmfile import CLASSIC, FLEET
from tools.sim.build import Habits, build, pieces_of
from tools.sim.wires import Rates
from tools.sim.world import SimPeer, World

KINDS = (CLASSIC, FLEET, "mixed")
PATIENCE = 12.0
PIECE = 16 * 1024
SILENCE = 1.4  # seconds after which an open request may be given up
LIMIT = 600.0  # simulated seconds that no run of these may take


class Fate(NamedTuple):
    """What happens to one peer: the seconds at which it starts, is killed and comes back (0: never), and so on."""

    start: float = 0.0
    killed: float = 0.0
    back: float = 0.0
    frozen: float = 0.0
    thawed: float = 0.0
    sent_bad: float = 0.0  # chance that a piece it sends is corrupt

    @property
    def gone(self) -> bool:
        """Whether it is lost to the swarm for good."""
        return bool((self.killed and not self.back) or (self.frozen and not self.thawed))


class Scenario(NamedTuple):
    """One swarm and its troubles. `cuts`: (second, place, place) of connections that break."""

    profiles: Tuple[str, ...]
    seeds: Tuple[int, ...]
    size: int
    rates: Tuple[Rates, ...]
    fates: Tuple[Fate, ...]
    cuts: Tuple[Tuple[float, int, int], ...]
    jitter: float
    degree: int


class Outcome(NamedTuple):
    """What became of a run. `digest` names everything that every peer was told and answered, in order."""

    scenario: Scenario
    peers: List[SimPeer]
    over: bool
    digest: str
    broken: List[str]


def draw(kind: str, seed: int) -> Scenario:
    """The scenario of a seed: about half of them in good health, the others with one kind of trouble or several."""
    rng = Random(f"{kind} {seed}")
    count = rng.choice((2, 3, 4, 5, 6, 9))
    pieces = rng.choice((0, 1, 2, 7, 16, 30))
    size = pieces * PIECE - (rng.choice((0, 0, 1, PIECE - 1)) if pieces else 0)
    seeds = tuple(sorted(rng.sample(range(count), 2 if count > 3 and rng.random() < 0.3 else 1)))
    profiles = tuple(kind if kind != "mixed" else rng.choice((CLASSIC, FLEET)) for _ in range(count))
    rates = tuple(_rates(rng) for _ in range(count))
    return Scenario(profiles, seeds, size, rates, *_troubles(rng, count), rng.choice((2, 4, 16)))


def _rates(rng: Random) -> Rates:
    rate = PIECE * rng.choice((3, 10, 40))  # pieces a second
    return Rates(rate, rate)


def _troubles(rng: Random, count: int) -> Tuple[Tuple[Fate, ...], Tuple[Tuple[float, int, int], ...], float]:
    fates = [Fate(start=rng.choice((0.0, 0.0, rng.uniform(0, 3)))) for _ in range(count)]
    cuts: List[Tuple[float, int, int]] = []
    if rng.random() < 0.35:
        cuts = [_cut(rng, count) for _ in range(rng.randint(1, 8))]
    if rng.random() < 0.4:
        victim, killed = rng.randrange(count), rng.uniform(0.05, 4)
        back = killed + rng.uniform(0.01, PATIENCE / 2) if rng.random() < 0.7 else 0.0
        fates[victim] = fates[victim]._replace(killed=killed, back=back)
    if rng.random() < 0.3:
        victim, frozen = rng.randrange(count), rng.uniform(0.05, 5)
        thawed = frozen + rng.uniform(0.01, PATIENCE / 2) if rng.random() < 0.5 else 0.0
        fates[victim] = fates[victim]._replace(frozen=frozen, thawed=thawed)
    if rng.random() < 0.2:
        place = rng.randrange(count)
        fates[place] = fates[place]._replace(sent_bad=rng.choice((0.05, 1.0)))
    return tuple(fates), tuple(cuts), rng.choice((0.0, 0.01, 0.2))


def _cut(rng: Random, count: int) -> Tuple[float, int, int]:
    one, other = rng.sample(range(count), 2)
    return rng.uniform(0.05, 4), one, other


def run(kind: str, seed: int) -> Outcome:
    """Let one scenario happen, with every step watched."""
    scenario = draw(kind, seed)
    world = World(seed, PIECE, scenario.size)
    world.wires.jitter = scenario.jitter
    world.wires.chunk = PIECE // 4
    habits = Habits(Limits(PATIENCE, scenario.degree, 4))
    peers = build(world, scenario.profiles, scenario.seeds, scenario.rates, habits)
    watcher = Watcher(world, {peer.id for peer, fate in zip(peers, scenario.fates) if fate.frozen})
    world.watch = watcher.see
    for peer, fate in zip(peers, scenario.fates):
        destine(world, peer, fate)
    for when, one, other in scenario.cuts:
        world.at(when, world.lose_connection, peers[one], peers[other].id)
    over = world.run(LIMIT)
    return Outcome(scenario, peers, over, watcher.digest.hexdigest(), watcher.broken)


def destine(world: World, peer: SimPeer, fate: Fate) -> None:
    """Have a peer's fate happen."""
    peer.sent_bad = fate.sent_bad
    world.at(fate.start, world.begin, peer)
    turns = ((fate.killed, world.kill), (fate.frozen, world.freeze), (fate.thawed, world.thaw))
    for when, what in turns:
        if when:
            world.at(max(when, fate.start), what, peer)
    if fate.back:
        world.at(max(fate.back, fate.start), come_back, world, peer)


def come_back(world: World, peer: SimPeer) -> None:
    """Start a killed peer again, unless it had left by itself before it was to be killed."""
    if not peer.alive and not peer.left:
        world.begin(peer)


class Watcher:
    """Sees each step of a run, writes it into the digest, and notes which rule it broke."""

    def __init__(self, world: World, slept: Set[int]) -> None:
        self._world = world
        self._slept = slept  # who was frozen and wakes up takes its neighbours for silent
        self.digest = hashlib.sha256()
        self.broken: List[str] = []
        self._total = pieces_of(world)
        self._open: Dict[Tuple[int, int], Dict[int, float]] = {}  # (asker, asked) -> piece -> when
        self._heard: Dict[Tuple[int, int], float] = {}
        self._logged: Dict[int, Set[int]] = {}

    def see(self, peer: SimPeer, event: Optional[Event], effects: List[Effect]) -> None:
        """One step."""
        self.digest.update(f"{self._world.now:.9f} {peer.id} {event} {effects}\n".encode())
        if isinstance(event, Tick):
            self._give_up_silent(peer)
        elif event is None or isinstance(event, Finished):
            pass
        elif isinstance(event, (Connected, Disconnected)):
            self._open[peer.id, event.peer] = {}
        else:
            self._heard[peer.id, event.peer] = self._world.now
            self._note_answer(peer, event)
        if isinstance(event, Connected):
            self._check_introduction(peer, event, effects)
        for effect in effects:
            self._check(peer, effect)

    def _give_up_silent(self, peer: SimPeer) -> None:
        """Requests that a neighbour left without a byte for so long may be given up, which happens at ticks."""
        for (asker, asked), requests in self._open.items():
            heard = self._heard.get((asker, asked), 0.0)
            if asker == peer.id and requests and self._world.now - max(heard, *requests.values()) > SILENCE:
                requests.clear()

    def _note_answer(self, peer: SimPeer, event: Event) -> None:
        if isinstance(event, (PieceStored, PieceBad, PieceSurplus)):
            self._open[peer.id, event.peer].pop(event.piece, None)
        elif isinstance(event, Received) and event.message.type == messages.CHOKE:
            self._open[peer.id, event.peer] = {}

    def _check_introduction(self, peer: SimPeer, event: Connected, effects: List[Effect]) -> None:
        first = next((effect for effect in effects if isinstance(effect, Send)), None)
        if first and first.message.type != messages.BITFIELD:
            self._blame(peer, f"{first} before the bitfield")

    def _check(self, peer: SimPeer, effect: Effect) -> None:
        if isinstance(effect, Send):
            self._check_message(peer, effect)
        elif isinstance(effect, SendPiece) and not peer.disk >> effect.piece & 1:
            self._blame(peer, f"{effect} that it hasn't")
        elif isinstance(effect, Log) and effect.entry.kind == "piece":
            self._check_piece_line(peer, effect)
        elif isinstance(effect, Tell):
            self._check_tolerance(peer, effect)
        elif isinstance(effect, Leave):
            self._check_leave(peer, effect)

    def _check_message(self, peer: SimPeer, effect: Send) -> None:
        kind, value = effect.message[:2]
        told = {messages.HAVE: 1 << value if kind == messages.HAVE else 0, messages.BITFIELD: value}.get(kind, 0)
        if kind == messages.COMPLETE:
            told = bits.full(self._total)
        if told & ~peer.disk:
            self._blame(peer, f"{effect} told before it is stored")
        if kind == messages.REQUEST:
            self._check_request(peer, effect.peer, value)

    def _check_request(self, peer: SimPeer, other: int, piece: int) -> None:
        requests = self._open.setdefault((peer.id, other), {})
        if peer.disk >> piece & 1:
            self._blame(peer, f"asks {other} for piece {piece}, which it has")
        if not self._world.peers[other].disk >> piece & 1:
            self._blame(peer, f"asks {other} for piece {piece}, which that one hasn't")
        several = peer.id in self._slept or peer.setup.profile == self._world.peers[other].setup.profile == FLEET
        if requests and not several:
            self._blame(peer, f"asks {other} for piece {piece} while {list(requests)} is open")
        requests[piece] = self._world.now

    def _check_piece_line(self, peer: SimPeer, effect: Log) -> None:
        logged = self._logged.setdefault(peer.id, set())
        if effect.entry.piece in logged:
            self._blame(peer, f"logs piece {effect.entry.piece} twice")
        logged.add(effect.entry.piece or 0)
        if effect.entry.owned != bits.count(peer.disk):
            self._blame(peer, f"counts {effect.entry.owned} pieces of {bits.count(peer.disk)}")

    def _check_tolerance(self, peer: SimPeer, effect: Tell) -> None:
        """Slow peers of ours may be told twice that they are unchoked, but none needs what it never asked for."""
        if habits.PUSHED in effect.text and not any(str(other) in effect.text for other in self._slept):
            self._blame(peer, f"says {effect.text!r}")

    def _check_leave(self, peer: SimPeer, effect: Leave) -> None:
        lacking = self._total - bits.count(peer.disk)
        if effect.code == EXIT_OK and (lacking or not peer.complete):
            self._blame(peer, f"leaves with 0 and lacks {lacking} pieces")
        wanted = f"incomplete: {lacking} of {self._total} {'piece' if self._total == 1 else 'pieces'} missing"
        if effect.code == EXIT_INCOMPLETE and not (lacking and effect.reason.startswith(wanted)):
            self._blame(peer, f"leaves with {effect} and lacks {lacking} pieces")
        if effect.code not in (EXIT_OK, EXIT_INCOMPLETE):
            self._blame(peer, f"leaves with {effect}")

    def _blame(self, peer: SimPeer, what: str) -> None:
        self.broken.append(f"{self._world.now:.3f} s: {peer.id} {what}")


def may_lose(scenario: Scenario) -> bool:
    """Whether what went wrong can keep somebody from the payload.

    That is a bad sender, a seed that is gone for good, or two peers gone between whom a sparse graph may fall apart.
    """
    bad = any(fate.sent_bad for fate in scenario.fates)
    split = sum(fate.gone for fate in scenario.fates) > 1 and scenario.degree < len(scenario.fates) - 1
    return bad or split or any(scenario.fates[seed].gone for seed in scenario.seeds)


def faults_of(outcome: Outcome) -> List[str]:
    """What is wrong with a run: nothing, where all are equal or have failed honestly."""
    faults = outcome.broken[:5]
    if not outcome.over:
        faults.append(f"not over after {LIMIT} simulated seconds")
    for fate, peer in zip(outcome.scenario.fates, outcome.peers):
        if peer.left is None and not fate.gone:
            faults.append(f"{peer.id} never left")
        elif peer.left and peer.left.code and not may_lose(outcome.scenario):
            faults.append(f"{peer.id} failed without need: {peer.left.reason}")
        elif peer.left and not peer.left.code and peer.left.reason and not _may_wait(outcome.scenario):
            faults.append(f"{peer.id} waited in vain: {peer.left.reason}")
    return faults


def _may_wait(scenario: Scenario) -> bool:
    """Whether a complete peer may have to wait for somebody until its patience ends."""
    if len(set(scenario.profiles)) > 1 and scenario.degree < len(scenario.profiles) - 1:
        return True  # a classic peer expects everybody, and not every fleet peer has it among its neighbours
    return bool(scenario.cuts) or any(fate.killed or fate.frozen or fate.sent_bad for fate in scenario.fates)
