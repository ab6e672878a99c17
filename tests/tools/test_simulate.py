"""Large swarms in simulated time: the same chance gives the same run, links make the difference that they must."""

from __future__ import annotations

import json

import pytest

from peer.core import graph
from peer.core.limits import Limits
from tools import simulate
from tools.sim import ratefile
from tools.sim.growth import Growth, Payload, Wire
from tools.sim.ratefile import RateError, parse
from tools.sim.wires import Rates


def run(capsys, *arguments: object) -> "tuple[int, str]":
    try:
        code = simulate.main([str(argument) for argument in arguments])
    except SystemExit as stop:
        code = stop.code
    said = capsys.readouterr()
    return code, said.out + said.err


def figures(capsys, *arguments: object) -> dict:
    code, said = run(capsys, *arguments, "--json")
    assert code == 0
    found = json.loads(said)
    return {name: value for name, value in found.items() if name not in ("real_seconds", "memory")}


def test_every_receiver_gets_all_of_it_not_faster_than_the_limit(capsys):
    found = figures(capsys, "--peers", 40, "--pieces", 60)
    assert found["complete"] == 39 and found["ratio"] > 1
    assert found["copies"] >= 1 and found["messages"] >= 1
    assert found["first"] <= found["seconds"]


def test_the_same_chance_gives_the_same_run_and_another_gives_another(capsys):
    arguments = ("--peers", 24, "--pieces", 60, "--degree", 6)
    first = figures(capsys, *arguments, "--seed", 7)
    assert figures(capsys, *arguments, "--seed", 7) == first
    assert figures(capsys, *arguments, "--seed", 8) != first


def test_zeros_dont_travel(capsys):
    found = figures(capsys, "--peers", 12, "--pieces", 40, "--zeros", 30)
    assert found["complete"] == 11 and 1 <= found["copies"] < 2
    assert found["limit"] == pytest.approx(figures(capsys, "--peers", 12, "--pieces", 10)["limit"])
    assert run(capsys, "--pieces", 40, "--zeros", 40)[0] == 2


def test_rates_set_the_limit(capsys):
    slow = figures(capsys, "--peers", 6, "--pieces", 8, "--rate", "10/100")
    fast = figures(capsys, "--peers", 6, "--pieces", 8, "--rate", "100")
    assert slow["limit"] == pytest.approx(10 * fast["limit"]) and slow["seconds"] > fast["seconds"]


def test_slow_peers_make_it_longer(capsys):
    whole = figures(capsys, "--peers", 6, "--pieces", 8)
    slowed = figures(capsys, "--peers", 6, "--pieces", 8, "--slow", "2:0.1")
    assert slowed["limit"] == pytest.approx(10 * whole["limit"])


def test_rates_from_a_file(tmp_path, capsys):
    path = tmp_path / "rates"
    path.write_text("# the seed\n1000 1000\n\n100\n50 200  # a slow one\n")
    assert ratefile.read(str(path)) == [Rates(125e6, 125e6), Rates(12.5e6, 12.5e6), Rates(6.25e6, 25e6)]
    assert figures(capsys, "--rates", path, "--pieces", 4)["peers"] == 3


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "0 peers: write a line for the seed and one for each receiver"),
        ("100", "1 peer"),
        ("100\nfast", "f:2: 'fast': write 'up down' in Mbit/s"),
        ("100\n1 2 3", "f:2: '1 2 3'"),
        ("100\n0", "f:2: '0'"),
        ("100\nnan", "f:2: 'nan'"),
        ("100\n-5 5", "f:2: '-5 5'"),
    ],
)
def test_wrong_rates_are_named_with_their_line(text, words):
    with pytest.raises(RateError) as found:
        parse(text, "f")
    assert words in str(found.value)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--peers", "1"], "not a whole number from 2 to 10000"),
        (["--peers", "10001"], "not a whole number from 2 to 10000"),
        (["--rate", "0"], "write Mbit/s, as 100 or 1000/100"),
        (["--slow", "5"], "as 50:0.1"),
        (["--slow", "2:1.5"], "as 50:0.1"),
        (["--peers", "5", "--slow", "5:0.1"], "--slow 5: there are 4 receivers"),
        (["--latency", "-1"], "no number of milliseconds"),
        (["--rates", "/nonexistent"], "/nonexistent: No such file"),
    ],
)
def test_wrong_arguments_are_one_line_and_code_2(capsys, arguments, words):
    code, said = run(capsys, *arguments)
    assert code == 2 and words in said and len(said.strip().splitlines()) == 1


def test_each_peer_knows_its_neighbours_of_the_graph_and_nobody_else():
    growth = Growth(Payload(2, 1000), [Rates(1e6, 1e6)] * 50, Limits(degree=6), Wire(0.001, 1000), 1)
    ids = [peer.id for peer in growth.peers]
    for peer in growth.peers:
        assert {row.peer_id for row in peer.setup.rows} - {peer.id} == graph.neighbours(peer.id, ids, 6)


@pytest.mark.parametrize("degree", [1, 2, 5, 16, 59, 80])
def test_everybodys_neighbours_at_once_are_each_ones(degree):
    ids = list(range(1001, 1061))
    together = graph.all_neighbours(ids, degree)
    assert together == {me: graph.neighbours(me, ids, degree) for me in ids}


def test_the_words_for_a_person(capsys):
    code, said = run(capsys, "--peers", 5, "--pieces", 4)
    assert code == 0
    for part in ("5 peers, 4 pieces of 256 KiB", "T*", "seed sent", "copies", "messages", "of memory here"):
        assert part in said


def test_a_piece_crosses_into_a_zone_once_where_peers_know_of_zones(capsys):
    swarm = ("--zones", "3x6", "--pieces", 60, "--between", 200, "--json")
    told, unaware = (json.loads(run(capsys, *swarm, *more)[1]) for more in ((), ("--unaware",)))
    assert told["complete"] == unaware["complete"] == 17
    assert told["entered"] < 1.1 < 2 < unaware["entered"]
    assert told["seconds"] < unaware["seconds"]
