"""Following a working directory: every line once, in order, whoever stops and goes on when."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Sequence, Type, TypeVar

import pytest

from peer.core import config, followline, status
from peer.core import folder as names
from peer.core.config import PeerRow
from peer.core.followline import Alive, FollowLine, LogLine, StatusLine
from peer.core.status import Status
from peer.edge.files import replace_file
from peer.edge.follow import follow
from peer.edge.lock import Lock
from tests.helpers.waiting import DEADLINE, wait_for

A, B = 1001, 1002
K = TypeVar("K")
STATUS = Status(A, "run", status.DOWNLOADING, "classic", True, 6008, 1, 0, 4, 100)


class Folder:
    """A working directory whose peers are played by the test."""

    def __init__(self, root: Path) -> None:
        self.root = root
        rows = tuple(PeerRow(peer, "127.0.0.1", 6008, False) for peer in (A, B, 1003))
        (root / "PeerInfo.cfg").write_text(config.format_peer_info(rows))
        self._locks: Dict[int, Lock] = {}

    def start(self, peer: int) -> None:
        self._locks[peer] = Lock(str(self.root), peer)

    def end(self, peer: int) -> None:
        self._locks.pop(peer).release()

    def log(self, peer: int, *lines: str) -> None:
        with (self.root / f"log_peer_{peer}.log").open("a") as file:
            file.write("".join(f"{line}\n" for line in lines))

    def say(self, peer: int, **fields: Any) -> None:
        """Replace a peer's status."""
        text = status.format_status(STATUS._replace(peer=peer, **fields))
        replace_file(str(self.root / names.status(peer)), text, str(self.root / "fresh"))

    def close(self) -> None:
        for peer in list(self._locks):
            self.end(peer)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    made = Folder(tmp_path)
    yield made
    made.close()


def read(text: str) -> List[FollowLine]:
    """The lines in `text`, without heartbeats."""
    reader = followline.Reader()
    return [reader.line_of(json.loads(line)) for line in text.splitlines() if line]


class Reader:
    """The one who reads what `follow` writes, and goes away when it is told to, as a broken pipe."""

    def __init__(self) -> None:
        self.text = ""
        self.beats = 0
        self.gone = False

    def write(self, text: str) -> None:
        if self.gone:
            raise BrokenPipeError
        self.beats += text == "\n"
        self.text += text

    def flush(self) -> None:
        """Everything is with the reader already."""

    @property
    def facts(self) -> List[FollowLine]:
        return read(self.text[: self.text.rfind("\n") + 1])

    def of(self, kind: Type[K]) -> List[K]:
        return [fact for fact in self.facts if isinstance(fact, kind)]

    def logs(self, peer: int) -> List[str]:
        return [line.text for line in self.of(LogLine) if line.peer == peer]

    def offsets(self) -> Dict[int, int]:
        return {line.peer: line.offset for line in self.of(LogLine)}

    def alive(self, peer: int) -> List[bool]:
        return [line.alive for line in self.of(Alive) if line.peer == peer]


class Watch:
    """`follow` in a thread; leaving the block ends it as a broken pipe does."""

    def __init__(
        self,
        folder: Folder,
        offsets: Mapping[int, int],
        reader: Reader,
        until_done: bool = False,
        left_out: Sequence[str] = (),
        pace: float = 0.0,
    ) -> None:
        self.reader = reader
        self._arguments = (str(folder.root), offsets, until_done, reader, left_out, pace)
        self._thread = threading.Thread(target=self._follow, name="follow")

    def _follow(self) -> None:
        try:
            follow(*self._arguments)
        except BrokenPipeError:
            assert self.reader.gone

    def start(self) -> None:
        self._thread.start()

    def __enter__(self) -> Reader:
        self.start()
        return self.reader

    def __exit__(self, *_: object) -> None:
        self.reader.gone = True
        self.join()

    def join(self) -> None:
        self._thread.join(DEADLINE)
        assert not self._thread.is_alive()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("peer.edge.follow.LOOK_SECONDS", 0.002)
    monkeypatch.setattr("peer.edge.follow.HEARTBEAT_SECONDS", 0.02)


def test_lines_come_with_the_offset_behind_them(folder: Folder) -> None:
    folder.start(A)
    folder.log(A, "one", "zwölf")
    with Watch(folder, {}, Reader()) as reader:
        wait_for(lambda: reader.logs(A) == ["one", "zwölf"], "both lines")
        assert [line.offset for line in reader.of(LogLine)] == [4, 4 + 7]


def test_half_a_line_waits_for_its_end(folder: Folder) -> None:
    folder.start(A)
    with Watch(folder, {}, Reader()) as reader, (folder.root / f"log_peer_{A}.log").open("a") as file:
        file.write("first\nsec")
        file.flush()
        wait_for(lambda: reader.logs(A) == ["first"], "the first line")
        beats = reader.beats
        wait_for(lambda: reader.beats > beats + 1, "a few looks")
        assert reader.logs(A) == ["first"]
        file.write("ond\n")
        file.flush()
        wait_for(lambda: reader.logs(A) == ["first", "second"], "the second line")


@pytest.mark.parametrize("seed", range(5))
def test_nothing_is_lost_or_repeated_whenever_a_reader_goes_and_comes_back(folder: Folder, seed: int) -> None:
    """Two peers write without a pause; the reader leaves at random moments and resumes from what it has seen."""
    rng = random.Random(seed)
    written = {peer: [f"peer {peer} line {number}" for number in range(300)] for peer in (A, B)}
    for peer in written:
        folder.start(peer)

    def write() -> None:
        for number in range(0, 300, 5):
            for peer, lines in written.items():
                folder.log(peer, *lines[number : number + 5])

    writer = threading.Thread(target=write)
    writer.start()
    seen: Dict[int, List[str]] = {A: [], B: []}
    offsets: Dict[int, int] = {}
    while min(len(lines) for lines in seen.values()) < 300:
        reader = Reader()
        enough = rng.randint(1, 80)
        with Watch(folder, offsets, reader):
            wait_for(lambda: len(reader.facts) >= enough or all_seen(reader, seen), "some facts")  # noqa: B023
        offsets.update(reader.offsets())
        for peer, lines in seen.items():
            lines += reader.logs(peer)
    writer.join()
    assert seen == written


def all_seen(reader: Reader, seen: Dict[int, List[str]]) -> bool:
    return all(len(seen[peer]) + len(reader.logs(peer)) >= 300 for peer in seen)


def test_a_log_that_began_anew_is_told_from_its_start(folder: Folder) -> None:
    folder.start(A)
    folder.log(A, "of the old run", "and more of it")
    with Watch(folder, {}, Reader()) as reader:
        wait_for(lambda: len(reader.logs(A)) == 2, "the old lines")
        (folder.root / f"log_peer_{A}.log").write_text("new\n")
        wait_for(lambda: reader.logs(A)[2:] == ["new"], "the new line")


def test_a_status_is_told_when_it_changes(folder: Folder) -> None:
    folder.start(A)
    with Watch(folder, {}, Reader()) as reader:
        folder.say(A, pieces=1)
        wait_for(lambda: counts(reader) == [1], "the first status")
        folder.say(A, pieces=1)
        folder.say(A, pieces=2)
        wait_for(lambda: counts(reader)[-1] == 2, "the second status")
        assert counts(reader) == [1, 2]


def test_of_one_of_many_peers_few_statuses_are_told_and_always_the_last(folder: Folder) -> None:
    folder.start(A)
    with Watch(folder, {}, Reader(), pace=10 * DEADLINE) as reader:
        folder.say(A, pieces=1)
        wait_for(lambda: counts(reader) == [1], "the first status")
        folder.say(A, pieces=2)
        folder.log(A, "later")
        wait_for(lambda: reader.logs(A) == ["later"], "a look after the second status")
        folder.say(A, pieces=3)
        folder.end(A)
        wait_for(lambda: reader.alive(A) == [True, False], "the end")
        assert counts(reader) == [1, 3]


def counts(reader: Reader) -> List[int]:
    return [line.status.pieces for line in reader.of(StatusLine)]


def test_alive_and_dead_are_told_once_each(folder: Folder) -> None:
    folder.start(A)
    with Watch(folder, {}, Reader()) as reader:
        wait_for(lambda: reader.alive(A) == [True], "life")
        beats = reader.beats
        wait_for(lambda: reader.beats > beats + 1, "a few looks")
        folder.end(A)
        wait_for(lambda: reader.alive(A) == [True, False], "death")
        folder.start(A)
        wait_for(lambda: reader.alive(A) == [True, False, True], "another life")


def test_a_dead_peer_has_no_line_left_to_tell(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the log is longer than what is read at a time."""
    monkeypatch.setattr("peer.edge.follow.MOST_READ", 64)
    folder.start(A)
    folder.log(A, *(f"line {number}" for number in range(100)))
    folder.say(A, state=status.DONE)
    folder.end(A)
    with Watch(folder, {}, Reader()) as reader:
        wait_for(lambda: reader.alive(A) == [False], "its death")
        assert [type(fact) for fact in reader.facts] == [LogLine] * 100 + [StatusLine, Alive]


def test_a_peer_that_appears_later_is_followed_too(folder: Folder) -> None:
    folder.start(A)
    with Watch(folder, {}, Reader()) as reader:
        wait_for(lambda: reader.alive(A) == [True], "the first")
        folder.start(B)
        folder.log(B, "hello")
        wait_for(lambda: reader.logs(B) == ["hello"], "the second")
    assert {fact.peer for fact in reader.facts} == {A, B}, "1003 is on another host"


def test_it_ends_when_all_have_ended(folder: Folder) -> None:
    for peer in (A, B):
        folder.start(peer)
    watch = Watch(folder, {}, Reader(), until_done=True)
    watch.start()
    for peer in (A, B):
        wait_for(lambda: watch.reader.alive(peer), "life")  # noqa: B023
        folder.log(peer, "the last line")
        folder.say(peer, state=status.DONE, exit_code=0)
        folder.end(peer)
    watch.join()
    for peer in (A, B):
        assert watch.reader.logs(peer) == ["the last line"]
        assert watch.reader.alive(peer)[-1] is False


def test_an_empty_line_is_the_heartbeat(folder: Folder) -> None:
    with Watch(folder, {}, Reader()) as reader:
        wait_for(lambda: reader.beats > 2, "heartbeats")
    assert reader.facts == []


# ---- as a command


def command(folder: Folder, *arguments: str) -> "subprocess.Popen[str]":
    line = [sys.executable, "-m", "peer", "follow", str(folder.root), *arguments]
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_the_command_ends_with_its_reader(folder: Folder) -> None:
    """Its pipe breaks; at the latest the next heartbeat notices."""
    folder.start(A)
    folder.log(A, "one")
    process = command(folder)
    assert process.stdout is not None and process.stderr is not None
    assert json.loads(process.stdout.readline()) == {"peer": A, "log": "one", "offset": 4}
    process.stdout.close()
    assert process.wait(DEADLINE) == 0
    assert process.stderr.read() == ""
    process.stderr.close()


def test_the_command_goes_on_where_it_is_told(folder: Folder) -> None:
    folder.start(A)
    folder.log(A, "one", "two")
    folder.say(A, state=status.DONE)
    folder.end(A)
    out, err = command(folder, "--from", '{"1001": 4}', "--until-done").communicate(timeout=DEADLINE)
    assert err == ""
    assert [fact.text for fact in read(out) if isinstance(fact, LogLine)] == ["two"]


def test_lines_of_kinds_that_nobody_reads_are_left_out(folder: Folder) -> None:
    """What isn't one of the classic lines stays, and an offset is one behind all that was left out."""
    at = "2026-01-02 03:04:05: Peer 1001"
    folder.start(A)
    folder.log(A, f"{at} received the 'have' message from 1002 for the piece 5.", "Peer 1001 says 'have'")
    folder.log(A, f"{at} received the 'not interested' message from 1002.", f"{at} has downloaded the complete file.")
    reader = Reader()
    with Watch(folder, {}, reader, left_out=("have", "not interested")):
        wait_for(lambda: len(reader.logs(A)) == 2, "two lines")
    assert reader.logs(A) == ["Peer 1001 says 'have'", f"{at} has downloaded the complete file."]
    assert reader.offsets() == {A: (folder.root / f"log_peer_{A}.log").stat().st_size}
