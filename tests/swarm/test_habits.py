"""Each habit of `docs/foreign-peers.md`, played by a stub that has no other, beside one of ours: both finish.

What is tolerated is told once on stderr and in the status.
"""

from __future__ import annotations

import contextlib
import socket
import time
from typing import Callable, Dict, Iterable, Iterator, List, NamedTuple

import pytest

from peer.core import habits
from peer.core.swarmfile import Limits
from peer.edge.owner import FLUSH_SECONDS
from tests.helpers.swarmfolder import SwarmFolder, Wish
from tests.helpers.waiting import wait_for
from tests.swarm.foreign import (
    BITFIELD,
    HAVE,
    HEADER,
    INTERESTED,
    NOT_INTERESTED,
    PIECE,
    REQUEST,
    UNCHOKE,
    Payload,
)
from tests.swarm.process import PeerProcess, Starter
from tests.swarm.stubs import ZEROS, Script, Stub, Talk, field, greet, index_of, message, receive

MakeFolder = Callable[..., SwarmFolder]
MakeStub = Callable[..., Stub]
FIRST, SECOND = 1001, 1002
LATE = 2.1  # seconds after which one of the stubs takes an unchoke for one


@pytest.fixture
def make_stub() -> Iterator[MakeStub]:
    """Makes stubs in the places of a folder's peers, and ends them after the test."""
    made: List[Stub] = []

    def make(folder: SwarmFolder, peer: int, pieces: Iterable[int] = ()) -> Stub:
        payload = Payload(folder.payload.read_bytes(), folder.wish.piece_size)
        made.append(Stub(peer, folder.row(peer).port, payload, pieces))
        return made[-1]

    yield make
    for stub in made:
        stub.close()
    assert [stub.faults for stub in made] == [[] for _ in made]


def swarm_of(count: int, profile: str = "", **words: object) -> Dict[str, object]:
    """A swarm of so many pieces, the last one short."""
    wish = Wish(size=count * 2000 - 7, piece_size=2000, unchoking=0.1, optimistic=0.1, profile=profile)
    return wish._replace(**words)._asdict()  # type: ignore[arg-type]


def assert_tolerated(ours: PeerProcess, other: int, *names: str) -> None:
    """It left well; these habits, and none that isn't named, were told once on stderr and are in the status."""
    assert ours.wait() == 0, ours.account()
    assert ours.status.state == "done"
    told = [line.split(": ", 2)[2] for line in ours.stderr.splitlines()]
    assert sorted(told) == sorted(f"{other} {name}" for name in names), ours.account()
    assert len(ours.status.tolerated) == len(names)
    for name in names:
        assert any(line.startswith(f"{other} {name}") for line in ours.status.tolerated)


# ---- as leechers


def asks_behind_its_bitfield(talk: Talk) -> None:
    talk.sock.sendall(message(INTERESTED) + message(REQUEST, index_of(0)))
    talk.only_read()


def asks_upon_a_late_unchoke(talk: Talk) -> None:
    talk.say(BITFIELD, field(talk.pieces, talk.payload.count))
    talk.say(INTERESTED)
    begin = time.monotonic()
    while True:
        talk.read_until(UNCHOKE)
        if time.monotonic() - begin > LATE:
            break
    talk.ask_on()
    talk.leech()


def believes_that_it_has_asked(talk: Talk) -> None:
    talk.say(BITFIELD, field(talk.pieces, talk.payload.count))
    talk.say(INTERESTED)
    talk.only_read()


def says_it_is_not_interested(talk: Talk) -> None:
    talk.say(BITFIELD, field(talk.pieces, talk.payload.count))
    talk.say(NOT_INTERESTED)
    talk.leech()


def asks_for_everything_at_every_have(talk: Talk) -> None:
    talk.say(BITFIELD, field(talk.pieces, talk.payload.count))
    talk.say(INTERESTED)
    talk.read_until(UNCHOKE)
    ask_for_all(talk)
    for turn in range(talk.payload.count):
        kind, body = talk.read()
        while kind != PIECE:
            kind, body = talk.read()
        talk.say(HAVE, body[:4])
        if turn in (2, 4):
            ask_for_all(talk)
    talk.say(NOT_INTERESTED)
    talk.only_read()


def ask_for_all(talk: Talk) -> None:
    talk.sock.sendall(b"".join(message(REQUEST, index_of(index)) for index in talk.missing))


def never_closes(talk: Talk) -> None:
    """It reads to the end, and then stays."""
    talk.say(BITFIELD, field(talk.pieces, talk.payload.count))
    talk.say(INTERESTED)
    with contextlib.suppress(EOFError):
        talk.leech()


def has_an_empty_bitfield(talk: Talk) -> None:
    talk.say(BITFIELD)
    talk.say(INTERESTED)
    talk.leech()


def has_a_bitfield_without_zeros_at_its_end(talk: Talk) -> None:
    talk.say(BITFIELD, field(talk.pieces, talk.payload.count).rstrip(b"\0"))
    talk.say(INTERESTED)
    talk.leech()


def reads_low_bit_first(talk: Talk) -> None:
    """It asks for every piece that it takes our bitfield to name, be there such a piece or not."""
    talk.say(BITFIELD, field(talk.pieces, talk.payload.count, low_first=True))
    kind, body = talk.read()
    assert kind == BITFIELD
    wanted = [index for index in range(8 * len(body)) if body[index // 8] >> index % 8 & 1]
    talk.say(INTERESTED)
    unchoked = False
    while talk.missing:
        kind, body = talk.read()
        if kind == HAVE:
            wanted.append(int.from_bytes(body, "big"))
        elif kind == UNCHOKE:
            unchoked = True
        elif kind == PIECE:
            talk.say(HAVE, body[:4])
        if unchoked and kind in (UNCHOKE, PIECE, HAVE) and wanted:
            talk.say(REQUEST, index_of(wanted.pop()))
    talk.say(NOT_INTERESTED)
    talk.only_read()


def asks_after_the_end(talk: Talk) -> None:
    talk.say(BITFIELD, field(talk.pieces, talk.payload.count))
    talk.say(INTERESTED)
    talk.say(REQUEST, index_of(talk.payload.count + 1))
    talk.leech()


class Case(NamedTuple):
    """A stub that leeches. `has`: its pieces at the start; `told`: the habits that are told of it."""

    script: Script
    count: int
    told: List[str]
    has: List[int] = []


LEECHERS = {
    "1 asks while choked": Case(asks_behind_its_bitfield, 1, [habits.ASKED_CHOKED, habits.UNTOLD]),
    "2 asks upon an unchoke": Case(asks_upon_a_late_unchoke, 3, [habits.IDLE]),
    "3 believes it has asked": Case(believes_that_it_has_asked, 3, [habits.IDLE, habits.PUSHED, habits.UNTOLD], [0, 1]),
    "3 not interested": Case(says_it_is_not_interested, 3, [habits.UNINTERESTED]),
    "4 100 requests open": Case(asks_for_everything_at_every_have, 100, [habits.DEEP, habits.REPEATED]),
    "5 never closes": Case(never_closes, 3, [habits.NEVER_CLOSES]),
    "9 empty bitfield": Case(has_an_empty_bitfield, 23, [habits.SHORT_BITFIELD]),
    "9 short bitfield": Case(has_a_bitfield_without_zeros_at_its_end, 23, [habits.SHORT_BITFIELD], [0]),
    "10 low bit first": Case(reads_low_bit_first, 23, []),
    "10 low bit first, some": Case(reads_low_bit_first, 23, [habits.LOW_BIT_FIRST], [0, 16, 17]),
    "10 after the end": Case(asks_after_the_end, 23, [habits.AFTER_END]),
}
# In the fleet nobody is choked, so a request is never early.
NOT_IN_FLEET = {"1 asks while choked", "3 not interested"}
AS_LEECHER = [(name, "") for name in LEECHERS] + [(name, "fleet") for name in LEECHERS if name not in NOT_IN_FLEET]


@pytest.mark.parametrize("name, profile", AS_LEECHER)
def test_ours_serves_it(
    starter: Starter, swarm_folder: MakeFolder, make_stub: MakeStub, name: str, profile: str
) -> None:
    case = LEECHERS[name]
    folder = swarm_folder(**swarm_of(case.count, profile))
    ours = starter.start_listening(folder, FIRST)
    stub = make_stub(folder, SECOND, case.has)
    stub.dial(folder.row(FIRST).port, case.script)
    wait_for(lambda: stub.complete or ours.code is not None, "the last piece to arrive")
    assert_tolerated(ours, SECOND, *case.told)
    assert stub.data == folder.payload.read_bytes()


# ---- as seeds


def never_unchokes(talk: Talk) -> None:
    talk.say(BITFIELD, field(range(talk.payload.count), talk.payload.count))
    while True:
        kind, body = talk.read()
        if kind == REQUEST:
            talk.serve(body)


def announces_low_bit_first(talk: Talk) -> None:
    talk.say(BITFIELD, field(range(talk.payload.count), talk.payload.count, low_first=True))
    talk.seed()


def announces_nothing(talk: Talk) -> None:
    talk.seed()


def stays_for_ever(talk: Talk) -> None:
    talk.say(BITFIELD, field(range(talk.payload.count), talk.payload.count))
    with contextlib.suppress(EOFError):
        talk.seed()


def by_the_book(talk: Talk) -> None:
    talk.say(BITFIELD, field(range(talk.payload.count), talk.payload.count))
    talk.seed()


SEEDS = {
    "5 never closes": Case(stays_for_ever, 3, [habits.NEVER_CLOSES]),
    "10 low bit first": Case(announces_low_bit_first, 23, [habits.LOW_BIT_FIRST]),
    "10 announces nothing": Case(announces_nothing, 3, [habits.SEED_BITFIELD]),
    "12 never unchokes": Case(never_unchokes, 5, [habits.NEVER_UNCHOKES]),
}


@pytest.mark.parametrize("profile", ["", "fleet"], ids=["classic", "fleet"])
@pytest.mark.parametrize("name", SEEDS)
def test_ours_fetches_from_it(
    starter: Starter, swarm_folder: MakeFolder, make_stub: MakeStub, name: str, profile: str
) -> None:
    case = SEEDS[name]
    folder = swarm_folder(**swarm_of(case.count, profile))
    stub = make_stub(folder, FIRST, range(case.count))
    stub.listen(case.script)
    ours = starter.start(folder, SECOND)
    wait_for(lambda: ours.code is not None, "our end")
    assert_tolerated(ours, FIRST, *case.told)
    folder.assert_equal(SECOND)
    assert sorted(folder.downloads(SECOND)) == list(range(case.count))


def test_one_that_never_closes_costs_less_than_the_last_messages_may_take(
    starter: Starter, swarm_folder: MakeFolder, make_stub: MakeStub
) -> None:
    folder = swarm_folder(**swarm_of(3))
    make_stub(folder, FIRST, range(3)).listen(stays_for_ever)
    ours = starter.start(folder, SECOND)
    wait_for(lambda: folder.state(SECOND) == "seeding" or ours.code is not None, "the payload")
    begin = time.monotonic()
    assert ours.wait() == 0
    assert time.monotonic() - begin < FLUSH_SECONDS / 2


# ---- handshakes


def insists(form: bytes, first: bool) -> Callable[[socket.socket, int], None]:
    """Hang up on any handshake but this form of the padding and the ID. `first`: it sends its own before it looks."""

    def greet_or_hang_up(sock: socket.socket, me: int) -> None:
        spelled = str(me).encode() if form == b"0" * 10 else index_of(me)
        if first:
            sock.sendall(HEADER + form + spelled)
        theirs = receive(sock, 32)
        if theirs[18:28] != form or (form == b"0" * 10) != theirs[28:].isdigit():
            sock.close()
            raise EOFError
        if not first:
            sock.sendall(HEADER + form + spelled)

    return greet_or_hang_up


@pytest.mark.parametrize("first", [False, True], ids=["answers", "greets first"])
@pytest.mark.parametrize("form", [ZEROS, b"0" * 10], ids=["6 zeros only", "11 ASCII only"])
@pytest.mark.parametrize("profile", ["", "fleet"], ids=["classic", "fleet"])
def test_a_seed_that_takes_one_spelling_only(
    starter: Starter, swarm_folder: MakeFolder, make_stub: MakeStub, profile: str, form: bytes, first: bool
) -> None:
    folder = swarm_folder(**swarm_of(3, profile))
    stub = make_stub(folder, FIRST, range(3))
    stub.listen(by_the_book, insists(form, first))
    ours = starter.start(folder, SECOND)
    assert_tolerated(ours, FIRST)
    folder.assert_equal(SECOND)
    assert len(stub.talks) <= 4, "no more tries than there are spellings, and one"


def ends_its_accept_loop(stub: Stub) -> Callable[[socket.socket, int], None]:
    """The first handshake that isn't exactly the classic one is the last that it takes."""

    def greet_or_end(sock: socket.socket, me: int) -> None:
        theirs = receive(sock, 32)
        if theirs[18:28] != ZEROS:
            stub.stop_listening()
            raise EOFError
        sock.sendall(HEADER + ZEROS + index_of(me))

    return greet_or_end


def test_one_that_dies_of_our_tag_is_named_classic(
    starter: Starter, swarm_folder: MakeFolder, make_stub: MakeStub
) -> None:
    """Number 7: only the inventory can know it."""
    folder = swarm_folder(**swarm_of(3, "fleet", classic=(FIRST,)))
    stub = make_stub(folder, FIRST, range(3))
    stub.listen(by_the_book, ends_its_accept_loop(stub))
    assert_tolerated(starter.start(folder, SECOND), FIRST)
    folder.assert_equal(SECOND)
    assert len(stub.talks) == 1


@pytest.mark.parametrize("profile", ["classic", "fleet"])
def test_one_that_takes_ascii_only_is_named_so(
    starter: Starter, swarm_folder: MakeFolder, make_stub: MakeStub, profile: str
) -> None:
    """Number 11, with an inventory: the first try is right."""
    folder = swarm_folder(**swarm_of(3, profile, classic=(FIRST,), ascii=(FIRST,)))
    stub = make_stub(folder, FIRST, range(3))
    stub.listen(by_the_book, insists(b"0" * 10, False))
    assert_tolerated(starter.start(folder, SECOND), FIRST)
    folder.assert_equal(SECOND)
    assert len(stub.talks) == 1


@pytest.mark.parametrize("place", [0, 2, 5], ids=["seed", "in the middle", "last"])
def test_a_fleet_with_one_classic_peer_and_a_small_degree_finishes(
    starter: Starter, swarm_folder: MakeFolder, place: int
) -> None:
    """The classic one is of our make, so that it leaves only when it has heard of everybody."""
    classic = FIRST + place
    folder = swarm_folder(**swarm_of(40, "fleet", peers=6, limits=Limits(30.0, degree=2), classic=(classic,)))
    ours = starter.start_all(folder)
    for peer, process in ours.items():
        assert process.wait() == 0, process.account()
        assert process.status.reason == "", process.account()
        assert process.status.profile == ("classic" if peer == classic else "fleet")
    folder.assert_equal()


def test_a_fleet_with_one_classic_peer_that_nobody_named_finishes(
    starter: Starter, swarm_folder: MakeFolder, make_stub: MakeStub
) -> None:
    """Not everybody is connected with it, but who is waits for it."""
    folder = swarm_folder(**swarm_of(40, "fleet", peers=6, limits=Limits(30.0, degree=2)))
    ours = {peer: starter.start(folder, peer) for peer in folder.ids if peer != FIRST + 2}
    stub = make_stub(folder, FIRST + 2)
    stub.listen(has_a_bitfield)
    wait_for(lambda: folder.status(FIRST) and folder.status(FIRST).listening, "the seed to listen")
    stub.dial(folder.row(FIRST).port, has_a_bitfield)
    for process in ours.values():
        assert process.wait() == 0, process.account()
    folder.assert_equal(*ours)
    assert stub.data == folder.payload.read_bytes()


# ---- connections


def test_one_that_loses_its_connection_and_waits_is_dialled(
    starter: Starter, swarm_folder: MakeFolder, make_stub: MakeStub
) -> None:
    folder = swarm_folder(**swarm_of(3))
    ours = starter.start_listening(folder, FIRST)
    stub = make_stub(folder, SECOND)
    stub.listen(has_a_bitfield)
    stub.dial(folder.row(FIRST).port, leaves_after_an_unchoke)
    assert_tolerated(ours, SECOND, habits.DIALLED_BACK)
    assert stub.data == folder.payload.read_bytes()
    kinds = [entry.kind for entry in folder.entries(FIRST)]
    assert kinds.count("dialled") == kinds.count("accepted") == 1


def leaves_after_an_unchoke(talk: Talk) -> None:
    talk.say(BITFIELD, field(talk.pieces, talk.payload.count))
    talk.say(INTERESTED)
    talk.read_until(UNCHOKE)
    time.sleep(0.6)
    talk.sock.close()


def has_a_bitfield(talk: Talk) -> None:
    talk.say(BITFIELD, field(talk.pieces, talk.payload.count))
    talk.say(INTERESTED)
    talk.leech()


# ---- what isn't tolerated


def test_a_neighbours_handshake_that_breaks_the_protocol_is_told_once_with_its_bytes(
    starter: Starter, swarm_folder: MakeFolder, make_stub: MakeStub
) -> None:
    folder = swarm_folder(**swarm_of(3))
    stub = make_stub(folder, FIRST, range(3))
    wrong = iter([True, True, True])

    def greet_wrongly_at_first(sock: socket.socket, me: int) -> None:
        if next(wrong, False):
            sock.sendall(HEADER.lower() + ZEROS + index_of(me))
            receive(sock, 32)
            raise EOFError
        greet(sock, me)

    stub.listen(by_the_book, greet_wrongly_at_first)
    ours = starter.start(folder, SECOND)
    assert ours.wait() == 0, ours.account()
    (line,) = ours.stderr.splitlines()
    assert f"{FIRST}: 127.0.0.1:" in line
    assert "doesn't begin with P2PFILESHARINGPROJ; bytes: 70 32 70 " in line and "; rule: " in line
