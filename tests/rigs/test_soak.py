"""The soak: rounds are drawn whole from a seed, wrong outcomes are found, and what is found can be played again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random
from typing import List, Optional

import pytest

from peer.core import status
from peer.core.status import Status
from peer.core.swarmfile import FLEET
from rigs import soak
from rigs.soaking import faults, roundpayload
from rigs.soaking.faults import (
    CAP,
    CLOSED,
    CORRUPT,
    CUT,
    DIE,
    GRAVE,
    KILL,
    LATE,
    LOST,
    ORPHAN,
    PASSING,
    ROT,
    SLOW,
    SPLIT,
    STOP,
    Fault,
)
from rigs.soaking.judge import Found, judge
from rigs.soaking.machines import LocalMachines
from rigs.soaking.rounddirs import RoundDirs
from rigs.soaking.roundplan import BARE, GAP, PATIENCE, Round, describe, draw
from rigs.soaking.series import Series, SoakOptions
from rigs.soaking.stallwatch import Watchdog
from tests.helpers.waiting import DEADLINE, wait_for

ROUNDS = [draw("some", number) for number in range(1, 400)]
PLAIN = ROUNDS[0]._replace(faults=())
LOCAL = [draw("some", number, local=True) for number in range(1, 400)]

# ---- plans


def test_the_same_seed_and_number_give_the_same_round() -> None:
    assert [draw("some", number) for number in range(1, 400)] == ROUNDS
    assert draw("other", 1) != draw("some", 1)


def test_the_rounds_cover_all_that_can_happen() -> None:
    """Or a hundred right ones would say little."""
    seen = Counter(fault.kind for swarm in ROUNDS[:100] for fault in swarm.faults)
    assert all(seen[kind] >= 8 for kind in (*PASSING, CLOSED))
    assert all(seen[kind] >= 1 for kind in GRAVE) and seen[SPLIT] >= 4
    profiles = Counter((swarm.profile, swarm.tls) for swarm in ROUNDS[:100])
    assert len(profiles) == 4
    assert profiles["fleet", False] + profiles["fleet", True] > 50
    assert {swarm.tree for swarm in ROUNDS} == {True, False}
    assert {len(swarm.seeds) for swarm in ROUNDS} == {1, 2}


def test_members_of_a_zone_are_killed_at_the_same_moment_and_others_are_parted() -> None:
    zoned = [swarm for swarm in ROUNDS if swarm.zoned]
    together = [swarm for swarm in zoned if max(Counter(fault.at for fault in swarm.of(KILL)).values(), default=0) > 1]
    assert len(zoned) > 40 and len(together) > 5
    assert all(swarm.profile == FLEET and swarm.between and swarm.zone(swarm.peers - 1) == 2 for swarm in zoned)
    assert {swarm.zoned for swarm in ROUNDS if swarm.of(SPLIT)} == {True}
    assert "between zones: " in describe(zoned[0]) and "zones" not in describe(PLAIN._replace(zoned=False))


def test_no_plan_asks_for_what_cannot_be() -> None:
    for swarm in [*ROUNDS, *LOCAL]:
        check(swarm)


def check(swarm: Round) -> None:
    assert len(swarm.of(*GRAVE)) <= 1
    assert len(swarm.seeds) < swarm.peers
    for number, fault in enumerate(swarm.faults):
        assert fault.lasts < PATIENCE / 2, "the others would give up on it"
        for other in swarm.faults[:number]:
            apart = fault.at >= other.until + GAP or other.at >= fault.until + GAP
            assert other.place != fault.place or (apart and not {fault.kind, other.kind} & set(GRAVE))
    if swarm.of(DIE, ORPHAN):
        assert len(swarm.seeds) == 1 and not swarm.of(CORRUPT), "spoiled bytes might be the only ones"
    if swarm.profile == BARE:
        assert not swarm.of(CORRUPT, ROT), "without hashes nobody could tell"
    assert len(swarm.of(CLOSED)) <= (swarm.profile == FLEET), "two that accept nothing may be all there are"
    assert not any(fault.place in swarm.seeds for fault in swarm.of(CORRUPT, LATE, LOST))
    assert all(fault.place in swarm.seeds for fault in swarm.of(DIE, ORPHAN, ROT))


def test_on_loopback_no_link_is_touched() -> None:
    assert not any(swarm.of(CUT, SLOW, LOST, CLOSED, SPLIT) or swarm.zoned for swarm in LOCAL)
    assert all(any(swarm.of(kind) for swarm in LOCAL) for kind in (CAP, KILL, STOP, CORRUPT, LATE, DIE, ORPHAN, ROT))


def test_deeds_come_in_the_order_of_time() -> None:
    planned = [Fault(CORRUPT, 1, 2.0, 1.0), Fault(CUT, 2, 0.5, 2.0), Fault(LATE, 3, 0.0, 0.7), Fault(DIE, 0)]
    assert [(action.at, action.what, action.place) for action in faults.actions(planned)] == [
        (0.0, faults.END_COPIED, 0),
        (0.5, faults.PART, 2),
        (0.7, faults.START, 3),
        (2.0, faults.END, 1),
        (2.0, faults.SPOIL, 1),
        (2.5, faults.JOIN, 2),
        (3.0, faults.START, 1),
    ]


def test_what_is_undone_is_undone_and_nothing_else() -> None:
    for swarm in ROUNDS:
        done = Counter(action.what for action in faults.actions(swarm.faults))
        assert done[faults.FREEZE] == done[faults.THAW]
        assert done[faults.PART] == done[faults.JOIN] + len(swarm.of(LOST))
        assert done[faults.BRAKE] == done[faults.RELEASE]
        assert done[faults.PART_ZONE] == done[faults.JOIN_ZONE]
        assert done[faults.LIMIT] == done[faults.FREE]
        assert done[faults.START] == done[faults.END] - len(swarm.of(ORPHAN)) + len(swarm.of(LATE))


def test_a_round_is_described_in_one_line() -> None:
    assert describe(ROUNDS[0]._replace(faults=(Fault(STOP, 2, 1.0, 0.5), Fault(ROT, 0)))).endswith(
        ": stop 1003 for 0.5 s at 1.0 s; 1001 is rotten"
    )


# ---- payloads


@pytest.mark.parametrize("tree", [False, True])
def test_a_payload_is_the_same_each_time_and_as_large_as_asked(tmp_path: Path, tree: bool) -> None:
    for name in ("one", "other"):
        roundpayload.make(tmp_path / name, 300_000, tree, "some")
    assert content(tmp_path / "one") == content(tmp_path / "other")
    assert len(b"".join(content(tmp_path / "one"))) == 300_000


def content(path: Path) -> List[bytes]:
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    return [file.read_bytes() for file in files if file.is_file()]


@pytest.mark.parametrize("tree", [False, True])
def test_spoiling_flips_bits_and_keeps_sizes(tmp_path: Path, tree: bool) -> None:
    roundpayload.make(tmp_path / "it", 300_000, tree, "some")
    before = content(tmp_path / "it")
    assert roundpayload.spoil(tmp_path / "it", Random(3)) > 0
    after = content(tmp_path / "it")
    assert before != after
    assert [len(data) for data in before] == [len(data) for data in after]


@pytest.mark.parametrize("profile", [BARE, FLEET])
def test_a_swarm_of_the_two_classic_files_owes_no_time_of_change(profile: str, tmp_path: Path) -> None:
    swarm = PLAIN._replace(profile=profile, tls=False, tree=False, size=100_000, seeds=(0,))
    dirs = RoundDirs(swarm, LocalMachines(tmp_path).prepare(swarm.peers, 0), tmp_path / "payload")
    dirs.final(1).parent.mkdir()
    dirs.final(1).write_bytes(dirs.final(0).read_bytes())
    assert bool(dirs.problem(1)) == (profile == FLEET)


# ---- verdicts

GOOD = Found(place=1, code=0, gone=False, named=True, problem="", left=(), words="")
INCOMPLETE = "peer 1002: incomplete: 3 of 20 pieces missing, 3 of them nowhere; 1001 unreachable: connection refused\n"
HONEST = GOOD._replace(code=3, named=False, problem="not there", left=("payload.part",), words=INCOMPLETE)


def verdict(found: Found, swarm: Round = PLAIN, obtainable: bool = True) -> List[str]:
    return judge(swarm, [found], obtainable, [])


def test_a_good_copy_is_right() -> None:
    assert verdict(GOOD) == []


@pytest.mark.parametrize(
    "found, words",
    [
        (GOOD._replace(problem="payload: wrong bytes"), "exit code 0, and yet payload: wrong bytes"),
        (GOOD._replace(code=None), "it had not ended by the deadline"),
        (GOOD._replace(code=1, words="peer 1002: the disk is full\n"), "exit code 1: peer 1002: the disk is full"),
        (GOOD._replace(code=-11), "exit code -11"),
        (GOOD._replace(left=["payload.part"]), "it left payload.part"),
        (GOOD._replace(words="Traceback (most recent call last):\n"), "it said: Traceback"),
        (HONEST, "exit code 3: peer 1002: incomplete"),
    ],
)
def test_what_is_wrong_is_found(found: Found, words: str) -> None:
    wrong = verdict(found)
    assert len(wrong) == 1
    assert wrong[0].startswith(f"peer 1002: {words}")


def test_who_is_cut_off_for_good_may_lack_pieces_and_must_say_so() -> None:
    swarm = PLAIN._replace(faults=(Fault(LOST, 1, 1.0),))
    assert verdict(HONEST, swarm) == []
    assert verdict(GOOD, swarm) == []
    assert verdict(HONEST._replace(place=2), swarm) != []
    assert "without a word" in verdict(HONEST._replace(words=""), swarm)[0]
    assert "something is under the final name" in verdict(HONEST._replace(named=True), swarm)[0]


def test_where_the_seed_died_too_early_all_may_lack_pieces_but_only_if_they_are_nowhere() -> None:
    swarm = PLAIN._replace(faults=(Fault(ORPHAN, 0, 1.0),))
    assert verdict(HONEST, swarm, obtainable=False) == []
    assert verdict(HONEST, swarm, obtainable=True) != []
    died = PLAIN._replace(faults=(Fault(DIE, 0),))
    assert verdict(HONEST, died, obtainable=False) != [], "one copy was out"
    assert verdict(GOOD._replace(place=0, gone=True, code=-9, problem="spoiled"), died) == []


def test_a_rotten_seed_must_end_and_its_bytes_do_not_matter() -> None:
    swarm = PLAIN._replace(faults=(Fault(ROT, 1),))
    rotten = GOOD._replace(problem="payload: wrong bytes")
    assert verdict(rotten, swarm) == []
    assert verdict(rotten._replace(code=None), swarm) != []
    assert verdict(rotten._replace(place=2), swarm) != []


# ---- the watchdog


def told(at: float, received: int, reason: str = "", state: str = status.DOWNLOADING, pid: int = 1) -> Status:
    return Status(
        1002, "", state, "fleet", True, 6008, pid, 3, 20, 20_000, bytes_down=received, reason=reason, updated=at
    )


@pytest.mark.parametrize(
    "statuses, barks",
    [
        ([told(0, 5), told(3, 5), told(5.1, 5)], True),
        ([told(0, 5), told(5.1, 5, "choked by all 3 neighbours")], False),
        ([told(0, 5), told(4, 5, "no answer from 1001"), told(6, 5)], True),
        ([told(0, 5), told(3, 6), told(5.1, 6)], False),
        ([told(0, 5), told(4.9, 5)], False),
        ([told(0, 5, state=status.SEEDING), told(9, 5, state=status.SEEDING)], False),
        ([told(0, 5), told(9, 5, pid=2)], False),
        ([told(0, 5)] * 100, False),
    ],
    ids=["silent", "with a reason", "lost its reason", "a byte", "soon", "whole", "another life", "stopped"],
)
def test_the_watchdog_barks_at_silent_stalls_alone(statuses: List[Status], barks: bool) -> None:
    dog = Watchdog()
    found = [said for said in map(dog.see, statuses) if said]
    assert bool(found) == barks
    assert all(said.startswith("peer 1002 has 3 of 20 pieces, got no byte for ") for said in found)


# ---- real rounds, on loopback


def find(*kinds: str) -> int:
    """The number of a round with these faults alone, of which they come early: it may be a fast machine."""
    good = [swarm for swarm in LOCAL if swarm.of(*kinds) and len(swarm.faults) == 1 and swarm.peers < 5]
    return min(good, key=lambda swarm: (swarm.faults[0].at - 0.3) / swarm.size).number


@pytest.mark.parametrize("kind", [CORRUPT, DIE, CAP])
def test_a_real_round_goes_right(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, find(kind)) == 0
    said = capsys.readouterr().out
    assert "right, " in said
    assert f"1 round of seed some in {said.split(' in ')[-1].split(' s,')[0]} s, 0 wrong; faults: 1 {kind}" in said


def run(tmp_path: Path, number: int, deadline: Optional[str] = None) -> int:
    series = Series(
        SoakOptions(
            "some", 1, only=number, local=True, keep=tmp_path / "kept", work=tmp_path, deadline=float(deadline or 100)
        )
    )
    series.run()
    assert [path.name for path in tmp_path.iterdir()] == (["kept"] if series.wrong else []), "nothing else is left"
    return series.wrong


def test_a_wrong_round_is_kept_and_the_line_to_play_it_again_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No swarm is through in no time: its processes count as hung, and are ended."""
    number = find(KILL)
    assert run(tmp_path, number, deadline="0.001") == 1
    said = capsys.readouterr().out
    assert "WRONG: peer 1001: it had not ended by the deadline" in said
    assert f"again: python rigs/soak.py --seed some --round {number} --local" in said
    assert ", 1 wrong; " in said
    kept = tmp_path / "kept" / f"some-{number}"
    assert (kept / "1001" / "PeerInfo.cfg").exists()
    assert (kept / "round.txt").read_text().startswith(describe(LOCAL[number - 1]))


def test_an_interrupted_soak_leaves_nothing(tmp_path: Path) -> None:
    command = [sys.executable, soak.__file__, "--seed", "some", "--local", "--work", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: list(tmp_path.glob("*/host*/status_*.json")), "its peers")
    peers = {json.loads(path.read_text())["pid"] for path in tmp_path.glob("*/host*/status_*.json")}
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=DEADLINE)
    assert (process.returncode, said) == (130, "soak: interrupted: everything was taken down\n")
    assert list(tmp_path.iterdir()) == []
    assert peers and not any(os.path.exists(f"/proc/{pid}") for pid in peers)


def test_the_command_takes_arguments_and_says_what_is_wrong_with_them(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        soak.main(["--seed", "../else"])
    assert ended.value.code == 2
    assert "letters and digits alone" in capsys.readouterr().err
    options = soak.parser().parse_args(["--seed", "7", "--round", "12", "--local"])
    assert (options.seed, options.only, options.local) == ("7", 12, True)
