"""The followed events of a swarm folded into views, and what fits on a screen."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.core.inventory import Inventory, parse_inventory
from deploy.core.progress import PeerView, Progress, most_telling, overall, reasons
from peer.core.followline import Alive, FollowLine, LogLine, StatusLine
from peer.core.status import Neighbour, Status

ID = 1001
DEAD, ALIVE = Alive(ID, False), Alive(ID, True)
BEGUN = None  # the peer was started


def inventory(count: int = 3) -> Inventory:
    swarm = "swarm: {name: s, payload: {generate: 1MiB}}\ndefaults: {connection: local}\n"
    return parse_inventory(f"{swarm}hosts: {{'n[1-{count}]': }}\nseeds: [n1]\n")


def status(peer: int = ID, **fields: Any) -> StatusLine:
    base = Status(peer, "r1", "downloading", "fleet", True, 6008, 7, pieces=3, total=10, size=1000)
    return StatusLine(peer, base._replace(**fields))


def line(text: str, offset: int = 10, peer: int = ID) -> LogLine:
    return LogLine(peer, f"2026-01-02 03:04:05: {text}", offset)


def view_of(*events: FollowLine | None, run: str = "r1") -> PeerView:
    progress = Progress(inventory(), run)
    for event in events:
        progress.begin(ID) if event is BEGUN else progress.see(event)
    return progress.views[0]


@pytest.mark.parametrize(
    ("events", "state", "ended", "failed"),
    [
        ([], "no news yet", False, False),
        ([DEAD], "never started", True, True),
        ([status(), ALIVE], "downloading", False, False),
        ([status(reason="choked by all 3 neighbours")], "downloading: choked by all 3 neighbours", False, False),
        ([status(), DEAD], "killed while downloading", True, True),
        ([status(state="done", completed=5.0), DEAD], "done", True, False),
        ([status(state="incomplete", reason="x"), DEAD], "incomplete: x", True, True),
        ([status(run="r0", state="done"), ALIVE], "no news yet", False, False),
        ([DEAD, BEGUN], "no news yet", False, False),
        ([BEGUN, status(state="done", completed=1.0)], "done", True, False),
    ],
)
def test_histories(events: list[FollowLine | None], state: str, ended: bool, failed: bool) -> None:
    view = view_of(*events)
    assert (view.state, view.ended, view.failed) == (state, ended, failed)


def test_lines_come_with_their_peer_and_the_frequent_kinds_are_known() -> None:
    progress = Progress(inventory())
    (quiet,) = progress.see(line("Peer 1001 received the 'have' message from 1002 for the piece 5.", 60))
    (loud,) = progress.see(line("Peer 1001 is unchoked by 1002.", 99))
    assert (quiet.notable, loud.notable) == (False, False)
    assert str(loud) == "n1/1001 | 2026-01-02 03:04:05: Peer 1001 is unchoked by 1002."
    assert loud.short == "03:04:05 n1/1001 is unchoked by 1002."
    assert progress.offsets("n1") == {1001: 99}


@pytest.mark.parametrize(
    ("profile", "text", "notable"),
    [
        ("fleet", "Peer 1001 has downloaded the complete file.", True),
        ("fleet", "something that isn't a line of the assignment", True),
        ("fleet", "Peer 1001 makes a connection to Peer 1002.", False),
        ("fleet", "Peer 1001 is connected from Peer 1002.", False),
        ("fleet", "Peer 1001 is choked by 1002.", False),
        ("fleet", "Peer 1001 has the preferred neighbors 1002.", False),
        ("fleet", "Peer 1001 received the 'have' message from 1002 for the piece 5.", False),
        ("classic", "Peer 1001 makes a connection to Peer 1002.", True),
        ("classic", "Peer 1001 is choked by 1002.", True),
        ("classic", "Peer 1001 received the 'have' message from 1002 for the piece 5.", False),
    ],
)
def test_lines_that_are_shown_without_every(profile: str, text: str, notable: bool) -> None:
    swarm = f"swarm: {{name: s, payload: {{generate: 1MiB}}, profile: {profile}}}\n"
    (seen,) = Progress(parse_inventory(f"{swarm}hosts: {{n1: , n2: }}\nseeds: [n1]\n")).see(line(text))
    assert seen.notable is notable


def test_escape_codes_in_a_hosts_line_do_not_reach_the_terminal() -> None:
    (shown,) = Progress(inventory()).see(line("\x1b[2Jgone\r"))
    assert "\x1b" not in str(shown) and "\r" not in str(shown)


def test_events_of_strangers_are_ignored() -> None:
    progress = Progress(inventory())
    assert progress.see(line("x", peer=9)) == ()


def test_a_lost_host_is_told_until_it_is_heard_again() -> None:
    progress = Progress(inventory())
    progress.lose("n1", "no answer")
    assert progress.views[0].state == "lost: no answer"
    progress.hear("n1")
    assert progress.views[0].trouble == ""


@pytest.mark.parametrize(
    ("state", "now", "word", "told"),
    [
        ("downloading", 14.9, "downloading", True),
        ("downloading", 16.0, "silent 6 s", False),
        ("seeding", 74.0, "silent 64 s", False),
        ("checking", 74.0, "silent 64 s", False),
        ("done", 74.0, "done", False),
    ],
)
def test_a_peer_that_should_speak_and_does_not_is_silent(state: str, now: float, word: str, told: bool) -> None:
    progress = Progress(inventory())
    progress.see(status(state=state, rate_down=5e6, completed=float(state == "done")), 10.0)
    progress.wait(now)
    view = progress.views[0]
    assert view.word == word
    assert (view.rates is not None) is told
    assert overall(progress.views).endswith("0 B/s") is not told
    progress.see(status(state=state), now)
    progress.wait(now)
    assert not view.silent


def test_a_check_is_told_with_its_part_its_pace_and_the_time_left() -> None:
    progress = Progress(inventory())
    checking = {"state": "checking", "to_check": 100 * 2**20, "checked": 43 * 2**20, "rate_checked": 19.0 * 2**20}
    progress.see(status(**checking), 10.0)
    assert progress.views[0].word == "checking 43 %"
    assert "1 checking (43 %, 19 MiB/s, 3 s left)" in overall(progress.views)


def test_peers_with_every_piece_are_finishing_until_they_are_complete() -> None:
    progress = Progress(inventory())
    progress.see(status(1001, state="seeding", pieces=10, completed=1.0), 10.0)
    progress.see(status(1002, pieces=10), 10.0)
    progress.see(status(1003, pieces=10), 10.0)
    assert [view.finishing for view in progress.views] == [False, True, True]
    assert overall(progress.views) == "1 of 3 complete, 2 finishing; 100%, 0 B/s"
    progress.see(status(1002, state="seeding", pieces=10, completed=1.0), 11.0)
    progress.see(status(1003, state="checking", pieces=10), 11.0)
    assert not any(view.finishing for view in progress.views)


def test_a_host_that_is_cut_off_is_silent_and_its_rates_do_not_count() -> None:
    progress = Progress(inventory())
    progress.see(status(rate_down=2**20), 10.0)
    progress.see(status(1002, rate_down=2**20), 10.0)
    progress.lose("n1", "no answer")
    progress.see(status(1002, rate_down=2**20), 12.0)
    progress.wait(12.0)
    assert progress.views[0].state == "silent 2 s: no answer"
    assert overall(progress.views).startswith("0 of 3 complete, 1 silent; 15%, 1 MiB/s")


def test_time_left() -> None:
    progress = Progress(inventory())
    progress.see(status(1001, state="seeding", pieces=10, completed=1.0, rate_down=5e6), 10.0)  # messages
    progress.see(status(1002, pieces=5, size=200 * 2**20, rate_down=2**20), 10.0)
    assert overall(progress.views) == "1 of 3 complete; 25%, 1 MiB/s, 2 min left"


def test_unfinished_rows_come_first_at_any_size() -> None:
    progress = Progress(inventory(4), "r1")
    progress.see(status(1001, state="seeding", pieces=10, completed=1.0))
    progress.see(status(1002, state="done", pieces=10, completed=1.0))
    progress.see(status(1004))
    assert [view.peer for view in most_telling(progress.views, 99)[0]] == [1004, 1003, 1001, 1002]
    assert [view.peer for view in most_telling(progress.views, 2)[0]] == [1004, 1003]


def test_whom_a_peer_lets_fetch() -> None:
    neighbours = tuple(Neighbour(peer, True, we_unchoke=peer != 1003) for peer in (1002, 1003, 1004))
    assert view_of(status(neighbours=neighbours, optimistic=1004)).unchoked == "1002 1004*"


def test_active_and_failed_peers_are_shown_first_and_the_rest_counted() -> None:
    progress = Progress(inventory(60), "r1")
    for peer in range(1001, 1051):
        progress.see(status(peer, state="done", pieces=10, completed=1.0))
        progress.see(Alive(peer, False))
    progress.see(status(1058))
    progress.see(status(1060, state="failed"))
    progress.see(Alive(1060, False))
    shown, hidden = most_telling(progress.views, 4)
    assert hidden == 56
    assert {1058, 1060} <= {view.peer for view in shown}
    assert [view.peer for view in shown] == [1060, 1058, 1051, 1052]
    assert overall(progress.views).startswith("50 of 60 complete, 1 failed; ")


def test_all_are_shown_where_they_fit() -> None:
    progress = Progress(inventory(3))
    assert most_telling(progress.views, 3) == (progress.views, 0)
    assert most_telling(progress.views, -5)[1] == 2


def test_equal_reasons_are_told_once_and_many_are_counted() -> None:
    progress = Progress(inventory(20), "r1")
    for peer in range(1001, 1007):
        progress.see(status(peer, reason="waiting for 1020"))
    progress.lose("n7", "no answer")
    assert reasons(progress.views) == ("1001, 1002, 1003, 1004 and 2 more: waiting for 1020", "1007: no answer")
    for peer in range(1008, 1015):
        progress.see(status(peer, reason=f"reason {peer}"))
    assert len(reasons(progress.views)) == 5 and reasons(progress.views)[-1] == "and 5 other reasons"
