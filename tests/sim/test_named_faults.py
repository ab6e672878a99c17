"""Named troubles, each in a small simulated swarm: who dies when, and what the others do about it."""

from __future__ import annotations

from typing import Callable, Dict, List, Optional, Sequence

import pytest

from peer.core import bits
from peer.core.errors import EXIT_INCOMPLETE, EXIT_OK
from peer.core.events import Connected, Dial, Effect, Event, PieceStored, PieceSurplus, SendPiece
from peer.core.limits import Limits
from peer.core.swarmfile import CLASSIC, FLEET
from tools.sim.build import Habits, build, uniform
from tools.sim.wires import Rates
from tools.sim.world import SimPeer, World

PIECE = 16 * 1024
PATIENCE = 12.0
HABITS = Habits(Limits(PATIENCE, 16, 4))
BOTH = pytest.mark.parametrize("profile", [CLASSIC, FLEET])


def swarm(profile: str, count: int, pieces: int = 20) -> "tuple[World, List[SimPeer]]":
    """A swarm whose first peer is the seed, all of them begun, with links of 20 pieces a second."""
    world = World(1, PIECE, pieces * PIECE)
    peers = uniform(world, count, profile, 20 * PIECE, HABITS)
    for peer in peers:
        world.begin(peer)
    return world, peers


def when(world: World, fact: Callable[[], bool], what: Callable[[], None]) -> None:
    """Do something as soon as something is so."""
    if fact():
        what()
    else:
        world.at(0.01, when, world, fact, what)


def complete(peer: SimPeer) -> bool:
    assert peer.core
    return peer.complete and peer.core.pieces.complete


def out_once(leechers: Sequence[SimPeer], pieces: int) -> bool:
    """Whether the leechers have every piece among them."""
    held = 0
    for peer in leechers:
        held |= peer.disk
    return held == bits.full(pieces)


@BOTH
def test_the_seed_dies_after_one_copy_is_out_and_the_rest_finish(profile: str) -> None:
    world, (seed, *leechers) = swarm(profile, 5)
    when(world, lambda: out_once(leechers, 20), lambda: world.kill(seed))
    assert world.run(200)
    assert seed.left is None
    assert all(complete(peer) and peer.left and peer.left.code == EXIT_OK for peer in leechers)


@BOTH
def test_the_seed_dies_before_and_the_others_say_what_is_nowhere(profile: str) -> None:
    world, (seed, *leechers) = swarm(profile, 5)
    when(world, lambda: bits.count(leechers[0].disk) > 2, lambda: world.kill(seed))
    assert world.run(200)
    held = 0
    for peer in leechers:
        held |= peer.disk
    nowhere = 20 - bits.count(held)
    assert nowhere > 0
    for peer in leechers:
        assert peer.left and peer.left.code == EXIT_INCOMPLETE
        # They share what they have before they give up; the last to leave sees less of it connected.
        assert f"incomplete: {nowhere} of 20 pieces missing" in peer.left.reason
    assert any("1001 unreachable: connection" in peer.left.reason for peer in leechers if peer.left)


@BOTH
def test_a_killed_leecher_comes_back_and_fetches_only_what_it_lacks(profile: str) -> None:
    world, peers = swarm(profile, 4)
    victim = peers[2]
    stored: List[int] = []

    def note(peer: SimPeer, event: Optional[Event], _: List[Effect]) -> None:
        if peer is victim and isinstance(event, PieceStored):
            stored.append(event.piece)

    world.watch = note
    when(world, lambda: bits.count(victim.disk) > 8, lambda: world.kill(victim))
    when(world, lambda: not victim.alive, lambda: world.at(1.0, world.begin, victim))
    assert world.run(200)
    assert all(complete(peer) and peer.left and peer.left.code == EXIT_OK for peer in peers)
    assert sorted(stored) == list(range(20))


@BOTH
def test_a_lone_leecher_that_comes_back_with_half_of_it_is_served_at_once(profile: str) -> None:
    """The seed's offers may all be pieces that it has."""
    for held in range(0, 20, 3):
        world = World(held, PIECE, 20 * PIECE)
        seed, leecher = uniform(world, 2, profile, 20 * PIECE, HABITS)
        leecher.disk = bits.full(20) ^ bits.full(held)
        world.begin(seed)
        world.begin(leecher)
        assert world.run(200)
        assert complete(leecher)
        assert leecher.left and leecher.left.reason == ""


@BOTH
def test_a_peer_that_starts_late_is_waited_for(profile: str) -> None:
    world = World(1, PIECE, 20 * PIECE)
    peers = uniform(world, 4, profile, 20 * PIECE, HABITS)
    for peer in peers[:-1]:
        world.begin(peer)
    world.at(PATIENCE * 0.8, world.begin, peers[-1])
    assert world.run(200)
    assert all(complete(peer) and peer.left and peer.left.reason == "" for peer in peers)


@BOTH
def test_a_peer_cut_off_and_healed_reconnects_and_finishes(profile: str) -> None:
    world, peers = swarm(profile, 4, pieces=40)
    world.at(0.3, world.cut_off, peers[2])
    world.at(0.3 + PATIENCE * 0.6, world.heal, peers[2])
    assert world.run(200)
    assert all(complete(peer) and peer.left and peer.left.reason == "" for peer in peers)


@BOTH
def test_a_peer_cut_off_for_good_is_named_by_those_that_finish(profile: str) -> None:
    world, peers = swarm(profile, 4, pieces=40)
    lost = peers[2]
    world.at(0.3, world.cut_off, lost)
    assert world.run(200)
    for peer in set(peers) - {lost}:
        assert complete(peer) and peer.left and peer.left.code == EXIT_OK
        assert str(lost.id) in peer.left.reason
    assert lost.left and lost.left.code == EXIT_INCOMPLETE
    assert "1001 unreachable: " in lost.left.reason


@BOTH
def test_a_frozen_neighbours_open_requests_are_asked_elsewhere(profile: str) -> None:
    world, peers = swarm(profile, 4, pieces=40)
    frozen = peers[2]
    when(world, lambda: bits.count(frozen.disk) > 10, lambda: world.freeze(frozen))
    assert world.run(200)
    assert frozen.missed is not None, "it was frozen in the middle"
    for peer in set(peers) - {frozen}:
        assert complete(peer) and peer.left and peer.left.code == EXIT_OK
        assert f"{frozen.id} (" in peer.left.reason


def test_a_frozen_neighbours_offers_are_made_to_others() -> None:
    """A seed's first round is an order, never a gate: who sits on its offers keeps them from nobody."""
    world, (_, *leechers) = swarm(FLEET, 4, pieces=40)
    world.at(0.02, world.freeze, leechers[0])
    assert world.run(200)
    assert all(complete(peer) for peer in leechers[1:])


@BOTH
def test_a_neighbour_that_sends_rubbish_is_shut_out_and_the_others_finish_without_it(profile: str) -> None:
    world, peers = swarm(profile, 5)
    evil = peers[1]
    evil.sent_bad = 1.0
    calls: Dict[int, int] = {}

    def note(peer: SimPeer, event: Optional[Event], effects: List[Effect]) -> None:
        if peer is evil and isinstance(event, Connected):
            calls[event.peer] = calls.get(event.peer, 0) + 1
        assert not any(isinstance(effect, SendPiece) and not peer.disk >> effect.piece & 1 for effect in effects)

    world.watch = note
    assert world.run(200)
    for peer in set(peers) - {evil}:
        assert complete(peer) and peer.left and peer.left.code == EXIT_OK
    # Who hangs up at once is dialled again at ticks only, not as fast as it can hang up.
    assert max(calls.values()) < 4 * world.now


@BOTH
def test_a_seed_that_sends_nothing_but_rubbish_is_named(profile: str) -> None:
    world, (seed, leecher) = swarm(profile, 2)
    seed.sent_bad = 1.0
    assert world.run(200)
    assert leecher.disk == 0 and leecher.left and leecher.left.code == EXIT_INCOMPLETE
    assert leecher.left.reason.startswith("incomplete: 20 of 20 pieces missing, 20 of them nowhere; 1001 unreachable: ")
    assert leecher.core and leecher.core.bad_pieces == 2


def test_an_idle_seed_stays_while_its_neighbours_go_forward() -> None:
    """Nobody asks the seed for anything for longer than its patience, and yet it may be needed."""
    world = World(1, PIECE, 60 * PIECE)
    slow = Rates(PIECE * 1.2, PIECE * 1.2)
    peers = build(world, [FLEET] * 9, [0], [Rates(1e9, 1e9), *[slow] * 8], Habits(Limits(2.5, 16, 4)))
    for peer in peers:
        world.begin(peer)
    served = [0.0]  # when the seed sent a piece

    def note(peer: SimPeer, _: Optional[Event], effects: List[Effect]) -> None:
        if peer is peers[0] and any(isinstance(effect, SendPiece) for effect in effects):
            served.append(world.now)

    world.watch = note
    assert world.run(1000)
    idle = max(later - earlier for earlier, later in zip(served, [*served[1:], world.now]))
    assert idle > 1.5 * 2.5, "the seed has to be idle for this test to mean anything"
    assert all(complete(peer) and peer.left and peer.left.reason == "" for peer in peers)


def test_slow_links_fetch_next_to_nothing_twice() -> None:
    """A fleet neighbour's queue is long where links are slow; its silence is no reason to ask others."""
    world = World(1, PIECE, 40 * PIECE)
    world.wires.chunk = PIECE // 8
    peers = uniform(world, 8, FLEET, PIECE / 4, Habits(Limits(120.0, 16, 4)))
    surplus: List[int] = []

    def note(_: SimPeer, event: Optional[Event], _effects: List[Effect]) -> None:
        if isinstance(event, PieceSurplus):
            surplus.append(event.piece)

    world.watch = note
    for peer in peers:
        world.begin(peer)
    assert world.run(5000)
    assert all(complete(peer) for peer in peers)
    assert len(surplus) <= 0.05 * 7 * 40


@BOTH
def test_a_slow_disk_is_not_the_swarms_fault(profile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.sim.world.SYNC", 3 * PATIENCE)
    world, peers = swarm(profile, 2)
    assert world.run(500)
    assert all(complete(peer) and peer.left and peer.left.code == EXIT_OK for peer in peers)


@BOTH
def test_a_peer_alone_gives_up_after_its_patience(profile: str) -> None:
    world = World(1, PIECE, 20 * PIECE)
    peers = uniform(world, 3, profile, 1e6, HABITS)
    world.begin(peers[2])
    assert world.run(200)
    assert peers[2].left and peers[2].left.code == EXIT_INCOMPLETE
    assert PATIENCE < world.now < PATIENCE + 2
    assert "1001 unreachable: connection refused, 1002 unreachable: connection refused" in peers[2].left.reason


@BOTH
def test_connections_that_break_all_the_time_are_made_again(profile: str) -> None:
    world, peers = swarm(profile, 4, pieces=40)
    dials: List[Dial] = []

    def break_one(turn: int) -> None:
        one = peers[turn % 4]
        for other in list(one.links)[:1]:
            world.lose_connection(one, other)
        if turn < 40:
            world.at(0.15, break_one, turn + 1)

    def note(_: SimPeer, event: Optional[Event], effects: List[Effect]) -> None:
        dials.extend(effect for effect in effects if isinstance(effect, Dial) and event)

    world.watch = note
    world.at(0.1, break_one, 0)
    assert world.run(200)
    assert len(dials) > 5
    assert all(complete(peer) and peer.left and peer.left.code == EXIT_OK for peer in peers)


@pytest.mark.parametrize(
    ("profile", "count", "degree", "closed", "longer"),
    [
        (FLEET, 8, 16, (0, 4, 7), 1.2),
        (FLEET, 40, 8, range(0, 40, 3), 1.5),
        (CLASSIC, 6, 16, (0,), 3.0),
    ],
)
def test_hosts_that_accept_nothing_get_all_of_it_and_keep_nobody(
    profile: str, count: int, degree: int, closed: Sequence[int], longer: float
) -> None:
    """The seed and the last among them; where there are several, some are neighbours that can never meet."""
    seconds = []
    for places in ((), closed):
        world = World(3, PIECE, 200 * PIECE)
        peers = uniform(world, count, profile, 20 * PIECE, Habits(Limits(60.0, degree, 4)))
        world.no_inbound = {peers[place].id for place in places}
        for peer in peers:
            world.begin(peer)
        assert world.run(200)
        assert all(complete(peer) and peer.left and peer.left.code == EXIT_OK for peer in peers)
        assert not [peer.left.reason for peer in peers if peer.left and peer.left.reason]
        seconds.append(max(peer.completed or 0.0 for peer in peers))
        assert world.now - seconds[-1] < 10  # nobody waited for `patience`
    assert seconds[1] < longer * seconds[0]
