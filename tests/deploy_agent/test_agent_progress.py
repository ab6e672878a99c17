"""Work of any length goes on as long as it goes forward, tells how far it is, and ends where it stands still."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
import time
import zipfile
from pathlib import Path

import pytest

from deploy.agent import children, clocks, verbs, wards
from deploy.agent.lines import Answer, read_reply
from deploy.agent.meter import Meter
from deploy.agent.packedtalk import Unpacker
from deploy.agent.wire import AgentError, Wire
from deploy.edge.hosts.agent import Body
from deploy.edge.hosts.errors import HostError
from deploy.edge.hosts.host import HostLink
from deploy.edge.pushed.bundle import parcel, send
from peer.core import folder
from peer.core.mark import BYTES, FILES, Mark
from peer.edge import verdicts
from peer.edge.verdicts import verdicts_while
from tests.deploy_agent.processes import processes_in
from tests.deploy_agent.pushed import NAME, SIZE, push
from tests.helpers.waiting import DEADLINE

# A peer whose disk gives a block now and then: each takes most of the silence that is allowed, all of them more.
SLOW = """\
import sys, time
for done in range(1, 7):
    time.sleep({pause})
    print(done * 100, file=sys.stderr, flush=True)
print("{{}}")
print("peer: that was slow", file=sys.stderr)
"""
STUCK = SLOW.replace('print("{{}}")', "time.sleep(600)")


def meter(told: list[Mark]) -> Meter:
    one = Meter("`manifest`", told.append)
    one.begin("hashing f", 600, BYTES)
    return one


def program(folder_: Path, text: str, pause: float) -> str:
    (folder_ / "slow").write_text(text.format(pause=pause))
    return str(folder_ / "slow")


def test_a_slow_disk_is_no_late_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Six times as long as nothing may happen, or longer on a busy machine: each sign allows as much again."""
    monkeypatch.setattr(clocks, "STANDSTILL", 3.0)
    monkeypatch.setattr(clocks, "TELL", 0.0)
    told: list[Mark] = []
    begun = time.monotonic()
    ended = children.run([sys.executable, program(tmp_path, SLOW, 0.6)], str(tmp_path), meter(told))
    assert time.monotonic() - begun > clocks.STANDSTILL
    assert (ended.code, ended.out, ended.last_words) == (0, b"{}\n", "peer: that was slow")
    assert told == [Mark("hashing f", done, 600, BYTES) for done in range(0, 601, 100)]


def test_a_dead_disk_ends_it_and_the_line_says_how_far_it_came(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clocks, "STANDSTILL", 2.0)
    with pytest.raises(AgentError) as error:
        children.run([sys.executable, program(tmp_path, STUCK, 0.01)], str(tmp_path), meter([]))
    assert str(error.value) == "no progress for 2 s at hashing f: 600 B of 600 B"
    assert "is a disk there dead" in error.value.remedy
    assert processes_in(tmp_path) == []


def test_a_child_that_cannot_be_killed_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that waits for a dead disk survives KILL."""
    monkeypatch.setattr(clocks, "STANDSTILL", 0.1)
    monkeypatch.setattr(children, "KILL_SECONDS", 0.1)
    left: list[int] = []
    monkeypatch.setattr(wards, "kill", lambda child: left.append(child.pid))
    with pytest.raises(AgentError):
        children.run([sys.executable, "-c", "import time; time.sleep(600)"], str(tmp_path), meter([]))
    os.kill(left[0], signal.SIGKILL)


def test_what_waits_for_a_dead_disk_is_given_up_and_the_others_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdicts, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    disk = threading.Event()

    def work(thing: str) -> int:
        return len(thing) if thing != "dead" else int(disk.wait(DEADLINE))

    counter = meter([])

    def goes_on() -> bool:
        return counter.age < 0.5

    assert dict(verdicts_while(goes_on, work, ["a", "dead", "bcd", "ef"])) == {"a": 1, "bcd": 3, "ef": 2}
    disk.set()
    counter.add(1)
    with pytest.raises(ZeroDivisionError):
        dict(verdicts_while(goes_on, lambda thing: 1 // thing, [1, 0]))


def test_marks_come_at_most_so_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clocks, "TELL", 3600.0)
    told: list[Mark] = []
    counter = meter(told)
    one, two = counter.part(), counter.part()
    for done in range(1000):
        one(done)
        two(2 * done)
    assert told == [Mark("hashing f", 0, 600, BYTES)]
    monkeypatch.setattr(clocks, "TELL", 0.0)
    one(1000)
    assert told[1:] == [Mark("hashing f", 1000 + 2 * 999, 600, BYTES)]
    one(1001, 5000)
    assert told[2:] == [Mark("hashing f", 1001 + 2 * 999, 5000, BYTES)]


def test_files_on_the_way_are_counted_or_show_that_it_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clocks, "TELL", 0.0)
    told: list[Mark] = []
    counter = meter(told)
    counter.file()
    counter.begin("removing")
    counter.file()
    assert [(mark.doing, mark.done, mark.unit) for mark in told[1:]] == [
        ("hashing f", 0, BYTES),
        ("removing", 0, FILES),
        ("removing", 1, FILES),
    ]


def test_a_mark_goes_over_the_line_between_two_answers() -> None:
    sink = io.BytesIO()
    wire = Wire(io.BytesIO(), sink)
    wire.tell(Mark("hashing f", 1, 2, BYTES))
    wire.answer(verbs.Done())
    said = Unpacker().unpack(sink.getvalue()).splitlines()
    assert [read_reply(line) for line in said] == [Mark("hashing f", 1, 2, BYTES), Answer({})]


def peer_that(text: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("__main__.py", text)
    return packed.getvalue()


def test_the_operator_waits_while_it_goes_forward(link: HostLink) -> None:
    """The request takes longer than its seconds; the last mark is there to be shown."""
    send(link, [parcel(folder.CODE, peer_that(SLOW.format(pause=0.8)))])
    link.ask(verbs.Prepare((verbs.Place(1001),), NAME))
    begun = time.monotonic()
    with pytest.raises(HostError):  # in the end no file is there
        link.ask(verbs.Generate(1001, NAME, size=600, seed=1), 3.0)
    assert time.monotonic() - begun > 3.0
    assert link.mark is not None and link.mark.doing == f"making {NAME}" and link.mark.done >= 300


def test_what_is_sent_is_counted(link: HostLink) -> None:
    send(link, [parcel("Common.cfg", b"x" * 5_000_000)], doing="uploading x")
    assert link.mark == Mark("uploading x", 5_000_000, 5_000_000, BYTES)
    link.begin()
    assert link.mark is None


def test_a_host_that_takes_no_more_bytes_is_given_up(link: HostLink, tmp_path: Path) -> None:
    """Its agent hangs while it writes: what is sent goes no further."""
    link.ask(verbs.State())
    (agent,) = processes_in(tmp_path)
    os.kill(agent, signal.SIGSTOP)
    request = verbs.Receive((verbs.PushedFile("Common.cfg", 0o644, 10**9, ""),))
    endless = (b"x" * 65536 for _ in range(10**6))
    with pytest.raises(HostError, match="no progress for 1 s at uploading x: "):
        link.ask(request, 1.0, Body(endless, 10**9, "uploading x"))


def test_a_payload_tells_how_far_it_is(link: HostLink) -> None:
    push(link)
    link.begin()
    assert link.ask(verbs.Verify((1001,), NAME, SIZE)).copies[0].ok
    assert link.mark is not None and link.mark.doing == f"checking {NAME}" and link.mark.size == SIZE
