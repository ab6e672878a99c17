"""Histories of the end: when each profile leaves, and with what reason a peer gives up."""

from __future__ import annotations

from typing import Callable, List

import pytest

from peer.core.leaving import LAST_WISH
from peer.core.limits import Limits
from peer.core.swarmfile import CLASSIC, FLEET
from tests.core.history import History, set_of, without_logs

ALL = set_of(0, 1, 2, 3)
PATIENT = Limits(patience=20.0)


def whole(profile: str = CLASSIC, **words: object) -> History:
    """A peer that has the payload."""
    return History(here=[0, 1, 2, 3], profile=profile, seeds=(1002,), limits=PATIENT, **words)  # type: ignore[arg-type]


@pytest.mark.parametrize("profile", [CLASSIC, FLEET])
def test_a_peer_alone_with_the_payload_has_nothing_to_wait_for(profile: str) -> None:
    assert whole(profile, ids=(1002,)).started == ["leave 0: "]


@pytest.mark.parametrize("profile", [CLASSIC, FLEET])
def test_an_empty_payload_is_complete_at_once(profile: str) -> None:
    history = History(total=0, profile=profile)
    assert history.started[-1] == "leave 0: "


def test_a_payload_that_only_lacks_its_name_gets_it_first() -> None:
    history = History(here=[0, 1, 2, 3])
    history.core.leaving.finished = False
    assert "finish" in [type(effect).__name__.lower() for effect in history.core.start(0.0)]
    assert history.finished() == ["log complete"]


def test_a_classic_peer_leaves_when_all_are_complete_however_it_learns_it() -> None:
    history = whole()
    history.connect(1001)
    history.connect(1003)
    assert "leave 0: " not in history.got(1001, "bitfield", ALL)
    for piece in (0, 1, 2):
        assert "leave 0: " not in history.got(1003, "have", piece)
    assert history.got(1003, "have", 3)[-1] == "leave 0: "


def foreign_with_all() -> History:
    """Beside a neighbour that has every piece and hasn't said that it wants nothing more."""
    history = whole(ids=(1001, 1002))
    history.connect(1001)
    history.got(1001, "interested")
    for piece in range(4):
        assert "leave 0: " not in history.got(1001, "have", piece)
    return history


def test_who_may_still_ask_for_an_empty_piece_at_the_end_can_do_so() -> None:
    assert foreign_with_all().got(1001, "not interested")[-1] == "leave 0: "


def test_who_never_loses_interest_is_left_all_the_same() -> None:
    history = foreign_with_all()
    assert "leave 0: " not in history.wait(LAST_WISH - 0.1)
    assert "leave 0: " in history.wait(1)


def test_a_classic_peer_waits_for_who_has_not_come_yet() -> None:
    history = whole()
    history.connect(1001)
    assert "leave 0: " not in history.got(1001, "bitfield", ALL)
    assert history.wait(19) == ["dial 1003"]  # which may be unable to get through to us


@pytest.mark.parametrize("profile", [CLASSIC, FLEET])
def test_a_peer_that_will_not_take_part_is_neither_dialled_nor_waited_for(profile: str) -> None:
    assert whole(profile, absent=(1001, 1003)).started == ["leave 0: "]


def test_a_peer_that_takes_part_all_the_same_is_served_to_its_end() -> None:
    history = whole(ids=(1002, 1003, 1004), absent=(1003,))
    history.connect(1003, dialled=False)
    history.got(1003, "interested")
    assert "leave 0: " not in history.meet(1004, [0, 1, 2, 3]) + history.wait(LAST_WISH)
    for piece in range(4):
        history.got(1003, "have", piece)
    history.got(1003, "not interested")
    assert history.wait(LAST_WISH + 1)[-1] == "leave 0: "


def test_a_peer_that_was_complete_and_is_gone_is_not_waited_for() -> None:
    history = whole()
    history.meet(1001, [0, 1, 2, 3])
    history.disconnect(1001)
    history.connect(1003)
    assert history.got(1003, "bitfield", ALL)[-1] == "leave 0: "


def test_we_finish_last() -> None:
    history = History(total=1)
    history.meet(1001, [0])
    history.meet(1003, [0])
    assert "finish" in history.stored(1001, 0)
    assert history.finished() == ["log complete", "leave 0: "]


def test_a_fleet_peer_waits_for_its_neighbours_alone() -> None:
    ids = (*range(1, 40), 1002)
    history = History(4, [0, 1, 2, 3], FLEET, ids, (1002,), Limits(20.0, degree=4))
    near = sorted(history.core.neighbours)
    for peer in near:
        history.connect(peer, fleet=True)
    for peer in near[:-1]:
        assert "leave 0: " not in history.got(peer, "complete")
    assert history.got(near[-1], "complete")[-1] == "leave 0: "


def test_whoever_still_sees_a_seeds_offers_only_is_told_all_before_it_leaves() -> None:
    history = whole(FLEET, ids=(1001, 1002))
    assert without_logs(history.connect(1001, fleet=True))[:2] == ["1001: bitfield", "1001: unchoke"]
    assert without_logs(history.got(1001, "complete"))[-2:] == ["1001: complete", "leave 0: "]


# ---- patience


@pytest.mark.parametrize("profile", [CLASSIC, FLEET])
def test_without_any_progress_patience_ends(profile: str) -> None:
    history = History(profile=profile, limits=PATIENT)
    history.connect(1001, fleet=profile == FLEET)
    history.got(1001, "bitfield", set_of(0, 1))
    history.dial_failed(1003, "1003:6008: connection refused")
    assert [effect for effect in history.wait(19.5) if effect.startswith("leave")] == []
    assert next(effect for effect in history.wait(1.5) if effect.startswith("leave")) == (
        "leave 3: incomplete: 4 of 4 pieces missing, 2 of them nowhere; choked by 1001, which alone has what we lack"
    )


Act = Callable[[History], object]

PROGRESS = [
    ("a piece", lambda history: history.stored(1001, 0)),
    ("a neighbour's progress", lambda history: history.got(1001, "have", 3)),
    ("a neighbour that came", lambda history: history.meet(1003, [])),
    ("bytes of a piece delivered", lambda history: history.delivered.update({1001: 1})),
]


@pytest.mark.parametrize(("_", "act"), PROGRESS, ids=[name for name, _ in PROGRESS])
def test_progress_of_any_kind_begins_patience_anew(_: str, act: Act) -> None:
    history = History(total=6, limits=PATIENT)
    history.meet(1001, [0, 1])
    history.wait(15)
    act(history)
    assert [effect for effect in history.wait(19) if effect.startswith("leave")] == []
    assert [effect for effect in history.wait(4) if effect.startswith("leave 3: incomplete")]


@pytest.mark.parametrize("profile", [CLASSIC, FLEET])
def test_connections_on_which_nothing_large_gets_through_are_no_progress(profile: str) -> None:
    """As through a tunnel that loses packets of full length, and tells nobody: TCP gives up, and both dial again."""
    history = History(total=6, profile=profile, limits=PATIENT)
    effects: List[str] = []
    for _ in range(8):
        history.connect(1001, fleet=profile == FLEET)
        history.got(1001, "bitfield")
        for piece in range(6):
            history.got(1001, "have", piece)
        history.got(1001, "unchoke")
        history.sent(1001, 0)  # the kernel takes it
        effects += history.wait(5)
        history.disconnect(1001, "connection timed out")
    assert [effect for effect in effects if effect.startswith("leave 3: incomplete")]


def test_a_connection_alone_is_no_progress() -> None:
    """A peer that leaves still takes calls for a moment; who calls it again must not wait for longer each time."""
    history = History(total=6, limits=PATIENT)
    history.meet(1001, [0, 1])
    history.wait(15)
    history.connect(1003)
    assert [effect for effect in history.wait(8) if effect.startswith("leave 3: incomplete")]


def test_bytes_of_a_slow_piece_are_progress() -> None:
    history = History(total=6, limits=PATIENT)
    history.meet(1001, [0, 1])
    for _ in range(60):
        assert [effect for effect in history.wait(1.0, received={1001: 1}) if effect.startswith("leave")] == []


def test_a_complete_peer_that_waits_in_vain_leaves_well_and_names_whom_it_waited_for() -> None:
    history = whole()
    history.dial_failed(1001, "connection refused")
    history.connect(1003)
    history.got(1003, "bitfield", set_of(1))
    left = [effect for effect in history.wait(20.6) if effect.startswith("leave")]
    assert left == ["leave 0: waiting for 1001 (connection refused), 1003 (1 of 4 pieces)"]


def test_a_slow_disk_is_waited_for() -> None:
    history = History(total=1, limits=PATIENT)
    history.meet(1001, [0])
    assert "finish" in history.stored(1001, 0)
    assert [effect for effect in history.wait(100) if effect.startswith("leave")] == []
    assert history.finished() == ["log complete"]


# ---- the reason by name


def reason_of(history: History) -> str:
    return history.core.leaving.reason()


def test_reasons() -> None:
    history = History()
    history.dial_failed(1001, "localhost:6008: connection refused")
    assert reason_of(history) == (
        "1001 unreachable: localhost:6008: connection refused, 1003 unreachable: not connected yet"
    )
    history.connect(1003)
    assert reason_of(history).startswith("no connected neighbour has a piece we lack (1 connected), 1001 unreachable: ")
    history.got(1003, "bitfield", set_of(0))
    assert reason_of(history) == "choked by 1003, which alone has what we lack"
    history.connect(1001)
    history.got(1001, "bitfield", ALL)
    assert reason_of(history) == "choked by all 2 neighbours that have what we lack"
    history.disconnect(1001)
    history.got(1003, "unchoke")
    assert reason_of(history) == "waiting for pieces from 1003"
    history.wait(2.5)
    assert reason_of(history) == "no answer from 1003"


def test_reasons_of_a_complete_peer() -> None:
    history = whole()
    assert reason_of(history) == "waiting for 1001 (not connected yet), 1003 (not connected yet)"
    history.meet(1001, [0, 1, 2, 3])
    history.connect(1003)
    assert reason_of(history) == "waiting for 1003 (0 of 4 pieces)"
    history.got(1003, "bitfield", ALL)
    assert reason_of(history) == ""


def test_while_the_disk_is_synced() -> None:
    history = History(total=1)
    history.meet(1001, [0])
    history.stored(1001, 0)
    assert reason_of(history) == "syncing the payload to disk"


def test_a_swarm_of_one_without_the_payload() -> None:
    assert reason_of(History(ids=(1002,), seeds=())) == "no other peer in PeerInfo.cfg"


def test_many_names_are_cut_short() -> None:
    history = History(ids=tuple(range(1001, 1020)))
    assert reason_of(history).count("unreachable") == 4
    assert reason_of(history).endswith(" and 14 more")
