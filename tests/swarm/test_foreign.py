"""Ours in one swarm with foreign makes, each with a bad habit: as their seed, as their leecher, and all together."""

from __future__ import annotations

import contextlib
import re
import socket
import struct
from pathlib import Path
from typing import Callable, Dict, Iterator, List

import pytest

from peer.core.habits import REPEATED
from peer.core.handshake import fleet_style
from tests.helpers.swarmfolder import SwarmFolder, Wish
from tests.helpers.waiting import DEADLINE, wait_for
from tests.swarm.foreign import HEADER, ForeignPeer, Payload
from tests.swarm.habits import Habits
from tests.swarm.process import Starter, assert_all_well

MakeFolder = Callable[..., SwarmFolder]
FIRST, SECOND = 1001, 1002
SMALL = Wish(size=45_000, piece_size=2000, unchoking=0.1, optimistic=0.1)  # 23 pieces, the last one short
EXACT = SMALL._replace(size=48_000)  # 24 pieces: one more would need a longer bitfield

HABITS: Dict[str, Habits] = {
    "by the book": Habits(),
    "ASCII zeros": Habits(padding=b"0" * 10),
    "noise for zeros": Habits(padding=b"\x01\x80\xff\0\0\0\0\0\x10\x01"),
    "ID as digits": Habits(ascii_id=True),
    "ASCII zeros and digits": Habits(padding=b"0" * 10, ascii_id=True),
    "insists on zeros": Habits(insists_on_zeros=True),
    "no bitfield": Habits(bitfield="never"),
    "haves before the bitfield": Habits(bitfield="after haves"),
    "waits for our bitfield": Habits(bitfield="after theirs"),
    "spare bits set": Habits(spare_bits=True),
    "says it twice": Habits(repeats=True),
    "never loses interest": Habits(never_loses_interest=True),
    "answers after a choke": Habits(chokes_before="answers"),
    "drops requests with a choke": Habits(chokes_before="drops"),
    "messages in three parts": Habits(in_parts=True),
    "32 requests at once": Habits(window=32),
    "hangs up and dials again": Habits(hangs_up=6, hang_ups=3),
    "leaves when complete": Habits(leaves_when_complete=True),
    "counts a phantom piece": Habits(phantom=True),
}
# What concerns the handshake, requests and haves is tried with ours in both profiles.
IN_FLEET = {
    "by the book", "ASCII zeros and digits", "insists on zeros", "no bitfield", "says it twice",
    "answers after a choke", "32 requests at once", "hangs up and dials again", "counts a phantom piece",
}  # fmt: skip
ONLY_LEECHERS = {"never loses interest", "32 requests at once", "leaves when complete"}
AS_LEECHER = [(name, profile) for name in HABITS for profile in ("", "fleet") if not profile or name in IN_FLEET]
AS_SEED = [(name, profile) for name, profile in AS_LEECHER if name not in ONLY_LEECHERS]


def wish_for(name: str, profile: str) -> Dict[str, object]:
    """The swarm for a habit: the phantom piece haunts only where the sizes are an exact multiple."""
    wish = EXACT if HABITS[name].phantom else SMALL
    return wish._replace(profile=profile)._asdict()


MakeForeign = Callable[..., ForeignPeer]


@pytest.fixture
def make_foreign() -> Iterator[MakeForeign]:
    """Makes foreign peers in the places of a folder's peers, and ends them after the test."""
    made: List[ForeignPeer] = []

    def make(folder: SwarmFolder, peer: int, habits: Habits = HABITS["by the book"]) -> ForeignPeer:
        row = folder.row(peer)
        payload = Payload(folder.payload.read_bytes(), folder.wish.piece_size)
        made.append(ForeignPeer(peer, row.port, payload, habits, row.has_file))
        return made[-1]

    yield make
    for foreign in made:
        foreign.close()
    assert [foreign.complaints for foreign in made] == [[] for _ in made]


@pytest.mark.parametrize("name, profile", AS_LEECHER)
def test_ours_serves(
    starter: Starter, swarm_folder: MakeFolder, make_foreign: MakeForeign, name: str, profile: str
) -> None:
    folder = swarm_folder(**wish_for(name, profile))
    ours = starter.start_listening(folder, FIRST)
    foreign = make_foreign(folder, SECOND, HABITS[name])
    foreign.dial(FIRST, folder.row(FIRST).port)
    assert_all_well(ours)
    wait_for(lambda: foreign.complete, "the last piece to arrive")
    assert foreign.data == folder.payload.read_bytes()
    assert {entry.other for entry in folder.entries(FIRST)} <= {SECOND, None}
    assert ours.status.neighbours[0].profile == "classic"


@pytest.mark.parametrize("name, profile", AS_SEED)
def test_ours_fetches(
    starter: Starter, swarm_folder: MakeFolder, make_foreign: MakeForeign, name: str, profile: str
) -> None:
    folder = swarm_folder(**wish_for(name, profile))
    habits = HABITS[name]
    foreign = make_foreign(folder, FIRST, habits)
    foreign.listen()
    assert_all_well(starter.start(folder, SECOND))
    folder.assert_equal(SECOND)
    pieces = list(range(folder.manifest.piece_count))
    assert sorted(folder.downloads(SECOND)) == pieces
    assert foreign.most_open == 1, "one request at a time"
    if not (habits.hang_ups or habits.chokes_before == "drops"):
        assert sorted(foreign.asked) == pieces, "each was asked for once"
    assert set(foreign.asked) == set(pieces)


def test_one_that_listens_late_is_dialled_again(
    starter: Starter, swarm_folder: MakeFolder, make_foreign: MakeForeign
) -> None:
    folder = swarm_folder(**SMALL._asdict())
    ours = starter.start(folder, SECOND)
    wait_for(lambda: "1001 unreachable" in reason(folder, SECOND), "the reason by name")
    make_foreign(folder, FIRST).listen()
    assert_all_well(ours)
    folder.assert_equal(SECOND)


def reason(folder: SwarmFolder, peer: int) -> str:
    status = folder.status(peer)
    return status.reason if status else ""


def test_one_that_falls_silent_is_passed_over(
    starter: Starter, swarm_folder: MakeFolder, make_foreign: MakeForeign
) -> None:
    """What it was asked for last is asked of another, though it never chokes us nor goes."""
    folder = swarm_folder(**SMALL._replace(peers=3, seeds=(0, 1))._asdict())
    mute, good = make_foreign(folder, 1001, Habits(answers=2)), make_foreign(folder, 1002)
    mute.listen()
    ours = starter.start(folder, 1003)
    wait_for(lambda: len(mute.asked) == 3, "the request that it leaves unanswered")
    good.listen()
    assert_all_well(ours)
    folder.assert_equal(1003)
    assert mute.asked[2] in good.asked


@pytest.mark.parametrize("profile", ["", "fleet"], ids=["classic", "fleet"])
def test_all_in_one_swarm(starter: Starter, swarm_folder: MakeFolder, make_foreign: MakeForeign, profile: str) -> None:
    """Ours and theirs in turns, in the order of PeerInfo.cfg; everybody gets everything from everybody."""
    # 100 pieces, the last one short: with its four spare bits set, no bitfield can be read with the low bit first.
    wish = SMALL._replace(peers=8, size=199_000, profile=profile)
    folder = swarm_folder(**wish._asdict())
    habits = {
        1002: Habits(in_parts=True, ascii_id=True, padding=b"0" * 10),
        1004: Habits(bitfield="never", repeats=True),
        1005: Habits(bitfield="after theirs", chokes_before="answers", spare_bits=True),
        1007: Habits(hangs_up=40, hang_ups=3, chokes_before="drops", insists_on_zeros=True),
    }
    ours = {peer: starter.start(folder, peer) for peer in folder.ids if peer not in habits}
    theirs = {peer: make_foreign(folder, peer, habit) for peer, habit in habits.items()}
    for peer, foreign in theirs.items():
        foreign.listen()
        for before in folder.ids[: folder.ids.index(peer)]:
            foreign.dial(before, folder.row(before).port)
    assert_all_well(*ours.values())
    folder.assert_equal(*ours)
    for foreign in theirs.values():
        wait_for(lambda: foreign.complete, f"peer {foreign.me} to be whole")  # noqa: B023
        assert foreign.data == folder.payload.read_bytes()
    for peer in ours:
        assert len(folder.downloads(peer)) == len(set(folder.downloads(peer)))


# ---- one with intent


EVIL = Habits(flips=True)


@pytest.mark.parametrize(
    "profile, tagged", [("classic", False), ("fleet", False), ("fleet", True)], ids=["classic", "fleet", "as one of us"]
)
def test_an_evil_peers_pieces_are_neither_stored_nor_passed_on(
    starter: Starter, swarm_folder: MakeFolder, make_foreign: MakeForeign, profile: str, tagged: bool
) -> None:
    """It says that it has everything, and flips a bit of each piece; an honest seed comes later."""
    folder = swarm_folder(**SMALL._replace(peers=4, size=200_000, seeds=(0, 1), profile=profile)._asdict())
    tag = fleet_style(folder.manifest.digest).padding
    evil = make_foreign(folder, 1001, EVIL._replace(fleet=True, padding=tag) if tagged else EVIL)
    evil.listen()
    ours = starter.start_all(folder, 1003, 1004)
    wait_for(lambda: evil.asked, "it to have its chance")
    ours[1002] = starter.start(folder, 1002)
    for process in ours.values():
        assert process.wait() == 0, process.account()
    folder.assert_equal(*ours)
    bad = {peer: ours[peer].status.bad_pieces for peer in (1003, 1004)}
    assert any(bad.values()), "somebody was sent a bad piece"
    for peer, count in bad.items():
        sources = {entry.other for entry in folder.entries(peer) if entry.kind == "piece"}
        assert sources <= {1002, 1003, 1004}, "nothing of the evil one was called a piece"
        assert len(folder.downloads(peer)) == folder.manifest.piece_count
        named = re.findall(rf"peer {peer}: dropped (\d+): piece \d+ from (\d+) has the wrong hash", ours[peer].stderr)
        assert named == [("1001", "1001")] * count, "it, and nobody else, was found with a bad one"


@pytest.mark.parametrize("profile", ["classic", "fleet"])
def test_with_nobody_but_an_evil_seed_a_peer_says_so_and_leaves(
    starter: Starter, swarm_folder: MakeFolder, make_foreign: MakeForeign, profile: str
) -> None:
    """After two bad pieces it is shut out; the peer gives up when its patience ends, with nothing stored."""
    folder = swarm_folder(**SMALL._replace(profile=profile)._asdict())
    evil = make_foreign(folder, FIRST, EVIL)
    evil.listen()
    starter.patience = 4.0  # and the second bad piece comes within that, also on a busy machine
    ours = starter.start(folder, SECOND)
    assert ours.wait() == 3, ours.account()
    assert ours.status.state == "incomplete"
    assert ours.status.pieces == 0
    assert ours.status.bad_pieces == 2
    assert len(evil.asked) == 2, "then it is dialled no more"
    last = ours.stderr.splitlines()[-1]
    assert last.startswith(
        f"peer {SECOND}: incomplete: 23 of 23 pieces missing, 23 of them nowhere; 1001 unreachable: "
    )
    assert not folder.path_of(SECOND).exists()


@pytest.mark.parametrize("profile", ["", "fleet"], ids=["classic", "fleet"])
def test_one_that_asks_and_never_reads_is_named_and_keeps_nothing_from_others(
    starter: Starter, swarm_folder: MakeFolder, make_foreign: MakeForeign, profile: str
) -> None:
    """What it may have waiting is bounded; an honest one is served all the same."""
    wish = SMALL._replace(peers=3, size=2_000_000, piece_size=20_000, profile=profile)
    folder = swarm_folder(**wish._asdict())
    ours = starter.start_listening(folder, 1001)
    ask_without_end(folder.row(1001).port, 1002, folder.manifest.piece_count)
    wait_for(lambda: f"tolerated: 1002 {REPEATED}" in ours.stderr, "its name")
    honest = make_foreign(folder, 1003)
    honest.dial(1001, folder.row(1001).port)
    wait_for(lambda: honest.complete, "the honest one to be whole")
    assert honest.data == folder.payload.read_bytes()
    lines = ours.stderr.splitlines()
    assert len(lines) == len(set(lines)) <= 2, "a line for each habit, not for each request"


def ask_without_end(port: int, me: int, count: int) -> None:
    """Ask for each piece a hundred times, and read none."""
    with socket.create_connection(("127.0.0.1", port), DEADLINE) as sock:
        sock.sendall(HEADER + bytes(10) + struct.pack(">I", me) + b"\0\0\0\x01\x02")
        unchoke = b"\0\0\0\x01\x01"
        heard = b""
        while not heard.endswith(unchoke):
            heard += sock.recv(1)
        with contextlib.suppress(ConnectionError):
            for turn in range(100 * count):
                sock.sendall(struct.pack(">IBI", 5, 6, turn % count))


@pytest.mark.parametrize(
    "nonsense, words",
    [
        (b"\xff\xff\xff\xff\x07", "a piece message of 4294967295 bytes"),
        (struct.pack(">IBI", 5, 4, 23), "a have message for piece 23 of 23"),
        (b"\0\0\0\x01\x09", "message type 9 doesn't exist"),
    ],
    ids=["length", "index", "type"],
)
def test_nonsense_costs_the_connection_and_nothing_else(
    starter: Starter, swarm_folder: MakeFolder, make_foreign: MakeForeign, nonsense: bytes, words: str
) -> None:
    folder = swarm_folder(**SMALL._asdict())
    ours = starter.start_listening(folder, FIRST)
    vandal = make_foreign(folder, SECOND, Habits(says=nonsense))
    vandal.dial(FIRST, folder.row(FIRST).port)
    wait_for(lambda: trouble(folder, FIRST) == f"protocol error: {words}", "the reason in the status")
    vandal.close()
    heir = make_foreign(folder, SECOND)
    heir.dial(FIRST, folder.row(FIRST).port)
    assert ours.wait() == 0, ours.account()
    for line in ours.stderr.splitlines():
        assert f"dropped {SECOND}: protocol error: {words}; bytes: " in line and "; rule: " in line
    wait_for(lambda: heir.complete, "the last piece to arrive")


def trouble(folder: SwarmFolder, peer: int) -> str:
    status = folder.status(peer)
    return status.neighbours[0].trouble if status and status.neighbours else ""


def test_the_foreign_peers_swarm_among_themselves(tmp_path: Path, make_foreign: MakeForeign) -> None:
    """That they can do it at all: else the tests above would prove nothing."""
    folder = SwarmFolder(tmp_path / "swarm", SMALL._replace(peers=3))
    peers = [make_foreign(folder, peer) for peer in folder.ids]
    for place, foreign in enumerate(peers):
        foreign.listen()
        for other in peers[:place]:
            foreign.dial(other.me, folder.row(other.me).port)
    for foreign in peers:
        wait_for(lambda: foreign.complete, "everything")  # noqa: B023
        assert foreign.data == folder.payload.read_bytes()
