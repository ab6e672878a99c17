"""Histories of connections: who dials whom, what is said first, what a lost or a replaced connection leaves behind."""

from __future__ import annotations

import pytest

from peer.core.limits import Limits
from tests.core.history import History, fleet, requests, set_of, without_logs


def test_a_starting_peer_dials_all_listed_before_it_and_accepts_the_others() -> None:
    assert History(ids=(1001, 1000, 1002, 1003)).started == ["dial 1001", "dial 1000"]
    assert History(ids=(1002, 1001, 1003)).started == []


def test_a_fleet_peer_dials_its_neighbours_only() -> None:
    ids = (*range(1, 40), 1002)
    history = fleet(ids=ids, seeds=(1,), limits=Limits(60.0, degree=4))
    dialled = [int(effect.split()[1]) for effect in history.started]
    assert 2 <= len(dialled) <= 4
    assert set(dialled) == set(history.core.neighbours)


@pytest.mark.parametrize(("dialled", "line"), [(True, "log dialled 1001"), (False, "log accepted 1001")])
def test_the_bitfield_goes_first_and_always(dialled: bool, line: str) -> None:
    stop = [] if dialled else ["stop dialling 1001"]  # which was begun at the start
    assert History().connect(1001, dialled=dialled) == [line, *stop, "1001: bitfield"]
    history = History(total=16, here=[*range(8), 8, 9])
    assert history.connect(1001, dialled=dialled) == [
        line,
        *stop,
        "1001: bitfield 0,1,2,3,4,5,6,7",
        "1001: have 8",
        "1001: have 9",
    ]


def test_a_fleet_peer_unchokes_at_once_also_a_classic_neighbour() -> None:
    assert without_logs(fleet().connect(1003, fleet=True)) == ["1003: bitfield", "1003: unchoke"]
    assert without_logs(fleet().connect(1003, fleet=False)) == ["1003: bitfield", "1003: unchoke"]


def test_a_lost_connection_is_dialled_again_by_the_one_that_dialled_it() -> None:
    history = History()
    history.connect(1001)
    history.connect(1003, dialled=False)
    history.wait(1)
    assert history.disconnect(1001) == ["dial 1001"]
    assert history.disconnect(1003) == []


def test_who_hangs_up_at_once_is_dialled_again_with_the_next_tick() -> None:
    history = History()
    history.connect(1001)
    assert history.disconnect(1001) == []
    assert history.wait(1) == ["dial 1001"]
    assert history.wait(10) == []


def test_who_dials_us_back_meanwhile_is_not_dialled() -> None:
    history = History()
    history.connect(1001)
    history.disconnect(1001)
    history.connect(1001, dialled=False)
    assert "dial 1001" not in history.wait(1)


def test_nobody_is_dialled_again_from_whom_nothing_is_wanted() -> None:
    history = History(here=[0, 1, 2, 3], seeds=(1001, 1002))
    history.meet(1001, [0, 1, 2, 3])
    history.wait(1)
    assert history.disconnect(1001) == []


def test_a_lost_connections_requests_are_asked_for_elsewhere() -> None:
    history = History(total=1)
    assert requests(history.meet(1001, [0])) == ["1001: request 0"]
    assert requests(history.meet(1003, [0])) == []
    history.wait(1)
    assert requests(history.disconnect(1001)) == ["1003: request 0"]


def test_the_newest_connection_replaces_the_old_one() -> None:
    """A neighbour came back before we missed it: its open request and all it had told is void."""
    history = History(total=1)
    assert requests(history.meet(1003, [0])) == ["1003: request 0"]
    effects = history.connect(1003, dialled=False)
    assert effects == ["log accepted 1003", "1003: bitfield"]
    neighbour = history.core.neighbours[1003]
    assert (neighbour.pieces, neighbour.asking.open, history.core.pieces.asked) == (0, {}, 0)
    assert history.core.pieces.rarity[0] == set_of(0)
    assert requests(history.got(1003, "bitfield", set_of(0)) + history.got(1003, "unchoke")) == ["1003: request 0"]


def test_last_words_of_a_lost_connection_are_not_heard() -> None:
    history = History()
    history.meet(1001, [0])
    history.disconnect(1001)
    assert history.got(1001, "have", 1) == []
    assert history.disconnect(1001) == []


def test_a_piece_that_a_lost_connection_stored_counts() -> None:
    history = History()
    history.meet(1001, [0])
    history.connect(1003)
    history.disconnect(1001)
    assert history.stored(1001, 0) == ["log piece 0 of 1001 (1)", "1003: have 0"]


def test_what_a_neighbour_had_stays_known_for_the_question_who_is_complete() -> None:
    history = History(here=[0, 1, 2, 3], seeds=(1001, 1002))
    history.meet(1001, [0, 1, 2, 3])
    history.wait(1)
    history.disconnect(1001)
    assert history.connect(1003)[0] == "log dialled 1003"
    assert history.got(1003, "bitfield", set_of(0, 1, 2, 3))[-1] == "leave 0: "


def test_a_classic_peer_that_is_no_neighbour_in_the_graph_is_a_neighbour_when_it_dials() -> None:
    ids = (*range(1, 40), 1002)
    history = fleet(ids=ids, seeds=(1,), limits=Limits(60.0, degree=4))
    stranger = next(peer for peer in ids if peer not in (1, 1002, *history.core.neighbours))
    assert without_logs(history.connect(stranger, dialled=False)) == [f"{stranger}: bitfield", f"{stranger}: unchoke"]
    assert requests(history.got(stranger, "bitfield", set_of(1)) + history.got(stranger, "unchoke")) == [
        f"{stranger}: request 1"
    ]


# ---- bad neighbours


def test_a_bad_piece_drops_its_sender_by_name_and_the_second_shuts_it_out() -> None:
    history = History(total=1)
    history.meet(1001, [0])
    reason = "piece 0 from 1001 has the wrong hash; it was thrown away"
    assert history.bad(1001, 0) == [f"drop 1001: {reason}"]
    history.wait(1)
    assert history.disconnect(1001, reason) == ["dial 1001"]  # a first one may have been the line's fault
    assert requests(history.meet(1001, [0])) == ["1001: request 0"]
    assert history.bad(1001, 0) == [f"drop 1001: {reason}"]
    history.wait(1)
    assert history.disconnect(1001, reason) == []
    assert history.connect(1001, dialled=False) == ["drop 1001: it sent bad pieces before"]
    assert history.got(1001, "bitfield", set_of(0)) == []
    assert history.disconnect(1001) == []
    assert history.core.pieces.here == 0 and history.core.bad_pieces == 2


def test_a_bad_piece_is_asked_for_elsewhere() -> None:
    history = History(total=1)
    history.meet(1001, [0])
    history.meet(1003, [0])
    history.bad(1001, 0)
    assert requests(history.disconnect(1001)) == ["1003: request 0"]


def test_too_many_requests_at_once_are_a_reason_to_go() -> None:
    history = fleet(total=200, here=range(200), seeds=(1002,), limits=Limits(60.0, uploads=1))
    history.connect(1001, fleet=True, dialled=False)
    effects = [effect for piece in range(66) for effect in history.got(1001, "request", piece)]
    assert effects[0] == "1001: piece 0"
    assert effects[1:] == [
        "drop 1001: more than 64 requests open simultaneously"
    ]  # once, though more were on their way


def test_haves_without_end_cost_the_connection() -> None:
    """Twice the same is sloppy and forgiven; who never stops fills our log and nothing else."""
    history = History()
    history.connect(1001)
    dropped = 0
    for count in range(1, 200):
        if any(effect.startswith("drop 1001") for effect in history.got(1001, "have", count % 2)):
            dropped = count
            break
    assert dropped > 2 * history.core.setup.total
    assert dropped < 200
