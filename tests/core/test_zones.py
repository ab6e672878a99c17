"""Zones: the graph across them, each piece's gate, and what may be fetched from outside."""

from __future__ import annotations

from random import Random
from typing import Dict, FrozenSet, Iterable, List, Mapping, Tuple

import pytest

from peer.core import bits
from peer.core.config import Common, PeerRow
from peer.core.crossing import PAUSE, Crossing
from peer.core.events import SendPiece
from peer.core.gateturns import GateTurns
from peer.core.holding import Holding, holding_of
from peer.core.limits import Limits
from peer.core.neighbour import Neighbour
from peer.core.pieces import Pieces
from peer.core.setup import Setup
from peer.core.swarmfile import FLEET
from peer.core.uploader import Uploader
from peer.core.zones import ALL, MOST_GATES, Border, Zones

TOTAL = 40
SIZES = [(2, 4), (8, 16), (3, 1), (20, 5)]


def zones_of(number: int, hosts: int, site: int = 0) -> Dict[int, str]:
    """So many zones of so many hosts; `site`: as many zones of each site."""
    names = [f"site{zone // site}/rack{zone}" if site else f"rack{zone}" for zone in range(number)]
    return {1001 + at: names[at // hosts] for at in range(number * hosts)}


def graph_of(zones: Mapping[int, str], seeds: Iterable[int] = (1001,)) -> Dict[int, FrozenSet[int]]:
    made = Zones(zones, tuple(seeds), 8)
    return {peer: made.neighbours(peer) for peer in zones}


def reached(graph: Mapping[int, FrozenSet[int]], gone: Iterable[int] = ()) -> int:
    """How many peers are connected with the first, it included."""
    lost = set(gone)
    queue: List[int] = [next(peer for peer in graph if peer not in lost)]
    for peer in queue:
        queue += sorted(graph[peer] - lost - set(queue))
    return len(queue)


@pytest.mark.parametrize(("number", "hosts"), SIZES)
@pytest.mark.parametrize("site", [0, 2])
def test_every_graph_is_symmetric_and_connected(number: int, hosts: int, site: int) -> None:
    graph = graph_of(zones_of(number, hosts, site))
    assert all(me in graph[other] for me, near in graph.items() for other in near)
    assert all(me not in near for me, near in graph.items())
    assert reached(graph) == len(graph)


def test_most_neighbours_are_in_the_zone_and_a_few_across() -> None:
    zones = zones_of(8, 40)
    inside = outside = 0
    for me, near in graph_of(zones).items():
        inside += sum(zones[me] == zones[other] for other in near)
        outside += sum(zones[me] != zones[other] for other in near)
    assert 0 < outside < inside / 4


@pytest.mark.parametrize("hosts", [10, 16, 32])
def test_every_receiver_of_a_small_zone_has_as_many_neighbours_in_it(hosts: int) -> None:
    zones = zones_of(8, hosts)
    for me, near in graph_of(zones).items():
        inside = [other for other in near if zones[me] == zones[other] and other != 1001]
        assert me == 1001 or len(inside) == 8


def test_whom_a_seed_feeds_and_other_gates_are_spread_over_all_receivers_of_a_zone() -> None:
    zones = zones_of(8, 16)
    graph = graph_of(zones)
    gates = {me for me, near in graph.items() if any(zones[me] != zones[other] for other in near)} - {1001}
    for me, near in graph.items():
        found = sum(zones[me] == zones[other] and other in gates for other in near)
        assert me == 1001 or 2 <= found <= 6


def test_who_asks_from_another_zone_is_served_first() -> None:
    near = {peer: Neighbour(peer, 4) for peer in (1, 2, 3)}
    near[2].apart = True
    uploader = Uploader(1, Holding(1001, {}, 1))
    for peer, neighbour in near.items():
        uploader.begin(neighbour, 0.0)
        uploader.accept(neighbour, peer, 0.0)
    assert uploader.serve(near, 0.0) == [SendPiece(2, 2, 0)]


@pytest.mark.parametrize(("zones", "waits"), [((), True), (((1, "a"), (2, "a")), True), (((1, "a"), (2, "b")), False)])
def test_a_piece_of_another_seeds_share_waits_for_a_seed_of_the_zone(
    zones: Tuple[Tuple[int, str], ...], waits: bool
) -> None:
    rows = tuple(PeerRow(peer, f"host{peer}", 6008, peer < 3) for peer in (1, 2, 3))
    common = Common(2, 1.0, 2.0, "x", 4096, 1024)
    holding = holding_of(Setup(1, rows, common, FLEET, Limits(), 4, zones=zones))
    neighbour = Neighbour(3, 4)
    neighbour.fleet = True
    holding.news(neighbour, 0b0001, 0.0)  # which seed 1 never sent: of an older version
    holding.asked(neighbour, 1, 0.0)
    assert holding.waits(neighbour, 1, 1.0) == waits
    assert not holding.waits(neighbour, 1, 4.0)


@pytest.mark.parametrize("seed", range(5))
def test_it_stays_connected_when_each_zone_loses_a_quarter(seed: int) -> None:
    zones = zones_of(8, 16)
    rng = Random(seed)
    gone = [peer for at in range(8) for peer in rng.sample(range(1001 + 16 * at, 1017 + 16 * at), 4)]
    assert reached(graph_of(zones), gone) == 128 - 32


def test_hosts_without_a_zone_and_those_of_a_site_without_a_rack_are_reached_too() -> None:
    zones = {1001: "", 1002: "", 1003: "site", 1004: "site/a", 1005: "site/a", 1006: "site/b", 1007: "other"}
    assert reached(graph_of(zones)) == 7


@pytest.mark.parametrize(("number", "hosts"), SIZES)
def test_each_piece_has_one_gate_in_each_zone(number: int, hosts: int) -> None:
    zones = zones_of(number, hosts)
    made = Zones(zones, (1001,), 8)
    outside = 1002 if hosts > 2 else 1001
    for zone in sorted(set(zones.values()) - {zones[outside]}):
        borders = [made.border(me, outside, TOTAL) for me in zones if zones[me] == zone]
        shares = [border.turns[0] for border in borders if border and border.turns]
        assert sum(map(bits.count, shares)) == TOTAL
        assert len(shares) == min(MOST_GATES, hosts)


def test_a_seed_feeds_all_zones_alike_and_each_with_other_pieces() -> None:
    zones = zones_of(8, 16)
    made = Zones(zones, (1001,), 8)
    meant: Dict[str, int] = {}
    for taker in made.neighbours(1001):
        gift = made.meant_for(1001, taker, TOTAL)
        assert gift and not gift & meant.get(zones[taker], 0)
        meant[zones[taker]] = meant.get(zones[taker], 0) | gift
    assert {bits.count(gifts) for gifts in meant.values()} == {TOTAL * 2 // 8}


def test_the_graph_is_the_same_for_every_version_of_this_program() -> None:
    """Peers of two versions meet in one swarm: this very graph is a part of the protocol."""
    assert sorted(Zones(zones_of(3, 6), (1001,), 4).neighbours(1009)) == [1001, 1003, 1008, 1010, 1011, 1012, 1017]


def test_where_the_way_out_is_scarce_each_piece_leaves_the_seeds_zone_for_one_other() -> None:
    zones = Zones(zones_of(4, 6), (1001,), 4)
    carried: List[int] = [0, 0, 0]
    for peer in range(1007, 1025):
        border = zones.border(peer, 1002, TOTAL)
        assert border is not None
        if border.turns:
            carried[(peer - 1007) // 6] |= border.turns[0] & border.carried
    assert sum(map(bits.count, carried)) == TOTAL
    assert carried[0] | carried[1] | carried[2] == (1 << TOTAL) - 1
    assert min(map(bits.count, carried)) >= TOTAL // 4
    among = zones.border(1007, 1013, TOTAL)
    assert among is not None and among.carried == ALL


class Case:
    """A gate with a neighbour inside (1) and two outside, of which the second is a seed (2, 3).

    `turns`: what it fetches from both, `carried`: of that where the way is scarce; `seed_inside`: a second seed (4)
    is in the gate's zone.
    """

    def __init__(
        self, total: int = 4, turns: Tuple[int, ...] = (0b0001, 0b0010), seed_inside: bool = False, carried: int = ALL
    ) -> None:
        self.pieces = Pieces(total)
        self.near = {peer: Neighbour(peer, total) for peer in ((1, 2, 3, 4) if seed_inside else (1, 2, 3))}
        for neighbour in self.near.values():
            neighbour.begin(True, 0.0)
        border = Border(0, turns, carried)
        self.crossing = Crossing({2: border, 3: border}, self.pieces, self.near, [3, 4])

    def allowed(self, peer: int) -> int:
        return self.crossing.allowed(self.near[peer])

    def look(self, outside: int, pauses: int, inside: int = 0) -> None:
        """Look, so many pauses after the first look; the neighbour outside has `outside`, `inside` has come in."""
        self.near[2].pieces = outside
        self.pieces.gain(inside)
        self.crossing.look(0.1, 10.0 + pauses * PAUSE)


def test_a_gate_fetches_its_share_and_inside_everything() -> None:
    case = Case()
    assert case.allowed(1) == 0b1111
    assert case.allowed(2) == 0b0001


def test_what_somebody_inside_has_isnt_fetched_from_outside() -> None:
    case = Case()
    case.pieces.gain(0b0001)
    assert case.allowed(2) == 0


def test_what_a_seed_offers_is_for_us_alone() -> None:
    case = Case()
    case.near[3].pieces = 0b1000
    assert case.allowed(3) == 0b1001


def test_the_next_gates_turn_comes_when_a_piece_was_outside_alone_for_long() -> None:
    case = Case()
    case.look(outside=0b0010, pauses=0)
    assert case.allowed(2) == 0b0001
    case.look(outside=0b0010, pauses=1)
    assert case.allowed(2) == 0b0011
    case.look(outside=0b0010, pauses=2, inside=0b0010)
    assert case.allowed(2) == 0b0001


def test_a_gate_that_fetches_keeps_its_turn_however_long_the_way_in_takes() -> None:
    case = Case(total=8, turns=(0b01010101, 0b10101010))
    case.look(outside=0b10101010, pauses=0)
    for pauses, inside in enumerate((0b00000010, 0b00001000, 0b00100000), start=1):
        case.look(outside=0b10101010, pauses=pauses, inside=inside)
        assert not case.allowed(2) & 0b10101010
    case.look(outside=0b10101010, pauses=4)
    assert case.allowed(2) & 0b10101010 == 0b10000000


def test_who_sees_another_gate_bring_pieces_steps_back() -> None:
    """Of three gates, the first is gone: the second takes its share, the third doesn't, until the second is gone."""
    second, third = GateTurns((0b1110_0000, 0b0000_1111)), GateTurns((0, 0b1110_0000, 0b0000_1111))
    for turns in (second, third):
        turns.pause(0b1111, brought=0)
        turns.pause(0b1111, brought=0)
    assert second.ours & 0b1111 and not third.ours & 0b1111
    second.pause(0b1110, brought=0b0001)
    third.pause(0b1110, brought=0)
    assert second.ours & 0b1111 and not third.ours & 0b1111
    for _ in range(2):
        third.pause(0b1110, brought=0)
    assert third.ours & 0b1111
    third.pause(0b1000, brought=0b0100)
    assert not third.ours & 0b1111


def test_by_a_scarce_way_a_gate_fetches_what_its_zone_carries_until_nobody_passes_on_the_rest() -> None:
    case = Case(turns=(0b1111,), carried=0b0101)
    case.look(outside=0b1111, pauses=0)
    assert case.allowed(2) == 0b1111
    case.near[2].asking.wait = 1.0  # where 0.1 s are usual
    assert case.allowed(2) == 0b0101
    case.look(outside=0b1111, pauses=1, inside=0b0010)
    assert case.allowed(2) == 0b0101
    case.look(outside=0b1111, pauses=2)
    assert case.allowed(2) == 0b1101


def test_a_zone_far_ahead_leaves_to_its_seed_what_that_gave_to_others() -> None:
    case = Case(total=8, turns=(0b11111111,), seed_inside=True)
    case.near[2].pieces = 0b10000000
    assert case.allowed(2) == 0b11111111
    case.pieces.gain(0b00000111)
    assert case.allowed(2) == 0
    case.near[4].end("it left")
    assert case.allowed(2) == 0b11111000
    case.near[4].begin(True, 0.0)
    case.near[2].pieces = 0b11000000
    assert case.allowed(2) == 0b11111000
