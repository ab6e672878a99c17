"""Draws a round from a seed and a number: the swarm, its payload and all its faults, before anything starts."""

from __future__ import annotations

from random import Random
from typing import List, NamedTuple, Optional, Sequence, Tuple

from peer.core.sizes import format_size
from peer.core.swarmfile import CLASSIC, FLEET
from rigs.soaking import faults
from rigs.soaking.faults import CAP, CLOSED, CORRUPT, CUT, DIE, KILL, LATE, LOST, ORPHAN, ROT, SLOW, SPLIT, STOP, Fault
from tools.sim.limit import BYTES_PER_MBIT

MOST_PEERS = 6
ZONES = 2  # that share the hosts, the first ones in the first zone
BARE = ""  # the profile of a swarm without swarm.json

KIB, MIB = 1024, 1024 * 1024
LEAST, MOST = 4 * MIB, 24 * MIB
LOCAL_RATE = 50.0  # Mbit/s that many tiny pieces make of loopback, roughly: only for when to begin the faults
LOCAL_PIECE = 4 * KIB
GAP = 0.3  # seconds between two faults of one peer, at least
TRIES = 20
PATIENCE = 15.0  # seconds; longer than any fault lasts and than TCP then takes to notice that it's over

_PROFILES = ((FLEET, False),) * 9 + ((FLEET, True),) * 5 + ((CLASSIC, False),) * 4 + ((BARE, False),) * 2
_GRAVE = (None,) * 13 + (DIE,) * 3 + (ROT,) * 2 + (ORPHAN, LOST)
_PASSING = (KILL, KILL, STOP, STOP, CORRUPT, CORRUPT, CUT, CUT, SLOW, SLOW, LATE, CAP, CAP)
_CLOSED = 0.3  # of the fleet's rounds have a host that accepts nothing
_ZONED = 0.4  # ... and so many two zones, with half the links' rate between
_SPLIT = 0.6  # of those have the zones parted for a while, the others members of one killed at the same moment
_LASTS = {
    KILL: (0.1, 2.5), CORRUPT: (0.1, 2.5), STOP: (0.3, 4.0), CUT: (0.3, 4.0), SLOW: (0.5, 4.0), LATE: (0.2, 4.0),
    CAP: (0.5, 4.0), SPLIT: (0.5, 4.0),
}  # fmt: skip


class Round(NamedTuple):
    """One swarm and its troubles. `seeds` are places in PeerInfo.cfg; sizes are bytes, `patience` seconds.

    `rate`: of each link, in Mbit/s. `zoned`: the hosts are in two zones, and the peers know it.
    """

    seed: str
    number: int
    profile: str
    tls: bool
    peers: int
    seeds: Tuple[int, ...]
    size: int
    piece_size: int
    tree: bool
    rate: float
    degree: int
    faults: Tuple[Fault, ...]
    patience: float = PATIENCE
    zoned: bool = False

    @property
    def between(self) -> float:
        """Mbit/s between the zones; 0: as much as there is."""
        return self.rate / 2 if self.zoned else 0.0

    def zone(self, place: int) -> int:
        """The number of the zone of a peer, from 1."""
        return 1 + place * ZONES // MOST_PEERS

    def of(self, *kinds: str) -> List[Fault]:
        """Its faults of these kinds."""
        return [fault for fault in self.faults if fault.kind in kinds]

    @property
    def seconds(self) -> float:
        """That the swarm would take without faults, at best."""
        return self.size / (self.rate * BYTES_PER_MBIT)


def draw(seed: str, number: int, local: bool = False) -> Round:
    """The round of this number: the same for the same arguments, always and everywhere."""
    rng = Random(f"soak {seed} {number}")
    profile, tls = rng.choice(_PROFILES)
    grave = _possible(rng.choice(_GRAVE), profile, local)
    peers = rng.choice((3, 4, 4, 5, 5, MOST_PEERS))
    seeds = _seeds(rng, peers, grave)
    rate = LOCAL_RATE if local else rng.choice((20.0, 30.0, 40.0, 50.0))
    size = max(LEAST, min(MOST, int(rate * BYTES_PER_MBIT * rng.uniform(1.5, 4.5))))
    bare = Round(
        seed, number, profile, tls, peers, seeds, size,
        piece_size=LOCAL_PIECE if local else rng.choice((32, 64, 128, 256, 1024)) * KIB,
        tree=profile != BARE and rng.random() < 0.3,
        rate=rate,
        degree=4 if grave is None and rng.random() < 0.3 else 16,
        faults=(),
    )  # fmt: skip
    found = _faults(rng, bare, grave, local)
    if profile == FLEET and peers > 3 and not local:
        bare, found = _with_zones(Random(f"zones {seed} {number}"), bare, found)
    return bare._replace(faults=tuple(sorted(found, key=lambda fault: fault.at)))


def _with_zones(rng: Random, swarm: Round, others: List[Fault]) -> Tuple[Round, List[Fault]]:
    """The round in zones, perhaps, and its faults with what then befalls a zone beside the `others`."""
    if rng.random() >= _ZONED:
        return swarm, others
    at, lasts = round(rng.uniform(0.3, 1.2 * swarm.seconds), 3), round(rng.uniform(*_LASTS[SPLIT]), 3)
    if rng.random() < _SPLIT:
        more = [Fault(SPLIT, swarm.peers - 1, at, lasts)]
    else:
        leechers = [place for place in range(swarm.peers) if place not in swarm.seeds]
        zones = [[place for place in leechers if swarm.zone(place) == 1 + number] for number in range(ZONES)]
        more = [Fault(KILL, place, at, lasts) for place in max(zones, key=len)]
    return swarm._replace(zoned=True), others + [fault for fault in more if _fits(fault, others)]


def _possible(grave: Optional[str], profile: str, local: bool) -> Optional[str]:
    """Without hashes nobody can tell a rotten seed; on loopback nobody can be cut off."""
    impossible = (grave == ROT and profile == BARE) or (local and grave in faults.NEED_LAB)
    return None if impossible else grave


def _seeds(rng: Random, peers: int, grave: Optional[str]) -> Tuple[int, ...]:
    """A seed that shall die is the only one, and one that is rotten isn't."""
    two = grave == ROT or (grave not in (DIE, ORPHAN) and peers > 3 and rng.random() < 0.25)
    return tuple(sorted(rng.sample(range(peers), 2 if two else 1)))


def _faults(rng: Random, swarm: Round, grave: Optional[str], local: bool) -> List[Fault]:
    found = [_grave(rng, swarm, grave)] if grave else []
    closed = Fault(CLOSED, rng.randrange(swarm.peers))
    if rng.random() < _CLOSED and swarm.profile == FLEET and not local and _fits(closed, found):
        found.append(closed)
    for _ in range(rng.randint(0 if grave else 1, 3)):
        kind = rng.choice([kind for kind in _PASSING if _allowed(kind, swarm, grave, local)])
        for _ in range(TRIES):
            fault = _passing(rng, swarm, kind)
            if _fits(fault, found):
                found.append(fault)
                break
    return found


def _allowed(kind: str, swarm: Round, grave: Optional[str], local: bool) -> bool:
    """No bytes are spoiled where nobody could tell, or where they may be the only ones there are."""
    if kind == CORRUPT and (swarm.profile == BARE or grave in (DIE, ORPHAN)):
        return False
    return not (local and kind in faults.NEED_LAB)


def _grave(rng: Random, swarm: Round, kind: str) -> Fault:
    leechers = [place for place in range(swarm.peers) if place not in swarm.seeds]
    place = rng.choice(leechers if kind == LOST else swarm.seeds)
    return Fault(kind, place, 0.0 if kind in (DIE, ROT) else rng.uniform(0.3, swarm.seconds))


def _passing(rng: Random, swarm: Round, kind: str) -> Fault:
    leechers = [place for place in range(swarm.peers) if place not in swarm.seeds]
    place = rng.choice(leechers if kind in (CORRUPT, LATE) else range(swarm.peers))
    at = 0.0 if kind == LATE else rng.uniform(0.3, 1.2 * swarm.seconds)
    return Fault(kind, place, round(at, 3), round(rng.uniform(*_LASTS[kind]), 3))


def _fits(fault: Fault, others: Sequence[Fault]) -> bool:
    """One thing at a time befalls a peer, and nothing else whom a grave one befalls."""
    for other in others:
        if other.place == fault.place and (
            other.kind in faults.GRAVE or (fault.at < other.until + GAP and other.at < fault.until + GAP)
        ):
            return False
    return True


def describe(swarm: Round) -> str:
    """One line for a person, peers by their ID."""
    profile = {BARE: "classic without hashes"}.get(swarm.profile, swarm.profile) + (" with TLS" if swarm.tls else "")
    payload = f"{'tree' if swarm.tree else 'file'} of {format_size(swarm.size)} in pieces of "
    payload += format_size(swarm.piece_size)
    rates = f"{swarm.rate:g} Mbit/s" + (f", {swarm.between:g} between zones" if swarm.zoned else "")
    return f"{profile}, {swarm.peers} peers, {payload}, {rates}: " + "; ".join(map(_say, swarm.faults))


def _say(fault: Fault) -> str:
    peer = peer_id(fault.place)
    if fault.kind == DIE:
        return f"{peer} dies after one copy"
    if fault.kind == ROT:
        return f"{peer} is rotten"
    if fault.kind == CLOSED:
        return f"{peer} accepts nothing"
    whom = f"the zone of {peer}" if fault.kind == SPLIT else f"{peer}"
    lasts = f" for {fault.lasts:.1f} s" if fault.lasts else " for good"
    return f"{fault.kind} {whom}{lasts}" + (f" at {fault.at:.1f} s" if fault.at else "")


def peer_id(place: int) -> int:
    """The ID of the peer at a place of PeerInfo.cfg."""
    return 1001 + place
