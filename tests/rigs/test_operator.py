"""The operator's own work: what scripted agents answer, and one `fab up` that they all believe in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.agent import lines, manifestway, verbs
from deploy.agent.packedtalk import Unpacker
from deploy.agent.typed import from_fields
from deploy.edge.hosts import agentsource
from peer.core import eventlog, followline, manifest, manifestjson
from peer.core.followline import Alive, LogLine, StatusLine
from peer.core.status import DONE, DOWNLOADING
from rigs.benchmark import operatortable, operatorwork, table
from rigs.benchmark.records import Kept, OperatorRun, read, write
from rigs.benchmark.scenarios import MIB
from rigs.benchmark.scriptedagent import FIRST_ID, PIECES, RUN, Conversation, FakeHost, Life, Stream

ROOT = Path(__file__).resolve().parents[2]
SIZE = 256 * MIB
PUSHED = verbs.Receive((verbs.PushedFile("swarm.json", 0o644, 5, "ab" * 32),))


class Talk:
    """A conversation as the operator hears it."""

    def __init__(self, host):
        self._conversation = Conversation(host)
        self._unpacker = Unpacker()
        assert self._conversation.take(agentsource.start(), 0.0).startswith(b"\n" + agentsource.GREETING)
        assert self.take(agentsource.script(), 0.0) == b""

    def take(self, data, now):
        return self._unpacker.unpack(self._conversation.take(data, now))


def sealed(request, body=b""):
    return lines.write(lines.seal(request, "~/.weft/bench", 30.0, len(body))) + body


def ask(talk, request, now=100.0, body=b""):
    """The files and the answer to one request, as the operator reads them."""
    said, parts = talk.take(sealed(request, body), now), {}
    while True:
        line, _, said = said.partition(b"\n")
        reply = lines.read_reply(line)
        if isinstance(reply, lines.Answer):
            assert not said
            return parts, from_fields(request.answer(), reply.answer, "it")
        assert isinstance(reply, lines.Part)
        parts[reply.part] = parts.get(reply.part, b"") + said[: reply.size]
        said = said[reply.size :]


def greeted(host=None):
    return Talk(host or FakeHost(0, 10.0, SIZE))


def heard(said):
    """What was said from the greeting on, unpacked."""
    end = said.index(b"\n", 1) + 1
    return said[:end] + Unpacker().unpack(said[end:])


def test_it_reads_byte_by_byte_what_it_reads_at_once():
    script = agentsource.start()[-50:] + agentsource.script()
    bytes_of_it = script + sealed(PUSHED, b"12\n45") + b"\n" + sealed(verbs.State())
    whole, single = (Conversation(FakeHost(0, 10.0, SIZE)) for _ in range(2))
    for talk in (whole, single):
        talk.take(agentsource.start()[:-50], 0.0)
    at_once = heard(whole.take(bytes_of_it, 1.0))
    assert heard(b"".join(single.take(bytes([byte]), 1.0) for byte in bytes_of_it)) == at_once
    assert at_once.count(b"\n") == 4  # an empty line, the greeting, two answers


def test_a_host_knows_what_it_was_pushed_and_how_its_peer_is():
    talk = greeted()
    assert not ask(talk, verbs.State())[1].deployed
    assert ask(talk, PUSHED, body=b"bytes")[1].received == 1
    state = ask(talk, verbs.State())[1]
    assert state.deployed and state.run == RUN and state.have == {"swarm.json": "ab" * 32} and not state.living
    assert ask(talk, verbs.Start(FIRST_ID, 30.0))[1].listening
    assert ask(talk, verbs.State(), now=105.0)[1].living
    (about,) = ask(talk, verbs.Status((FIRST_ID,)), now=111.0)[1].peers
    assert not about.alive and about.status["state"] == DONE and about.status["bytes_down"] == SIZE


def test_the_copies_are_what_the_manifest_says():
    talk = greeted()
    parts, answer = ask(talk, verbs.Manifest(FIRST_ID, "payload.bin", "auto"))
    found = manifestjson.from_json(manifestway.unpack(parts[manifestway.PART], answer.sizes, None).fields, "it")
    (copy,) = ask(talk, verbs.Verify((FIRST_ID,), "payload.bin", SIZE))[1].copies
    assert copy.ok and copy.bytes == SIZE and copy.proof == manifest.payload_proof(found)


def test_logs_come_in_parts():
    talk = greeted()
    ask(talk, verbs.Start(FIRST_ID, 30.0))
    parts, answer = ask(talk, verbs.Collect(), now=120.0)
    assert {name: len(data) for name, data in parts.items()} == answer.files
    (data,) = parts.values()
    kinds = [eventlog.parse_line(line).kind for line in data.decode().splitlines()]
    assert kinds.count("piece") == PIECES and kinds.count("have") == 2 * PIECES


def test_a_stream_tells_each_piece_once_and_then_the_end():
    stream = Stream(Life(FIRST_ID, 100.0, 10.0, SIZE), 0)
    first, last = stream.take(105.0).decode(), stream.take(110.0).decode()
    assert stream.over and json.loads(last.splitlines()[-1]) == {"end": 0}
    told = [followline.parse_line(text) for text in (*first.splitlines(), *last.splitlines()[:-1])]
    assert sum(isinstance(line, LogLine) and "downloaded the piece" in line.text for line in told) == PIECES
    assert [line.status.state for line in told if isinstance(line, StatusLine)] == [DOWNLOADING, DONE]
    assert [line.alive for line in told if isinstance(line, Alive)] == [True, False]
    assert max(line.offset for line in told if isinstance(line, LogLine)) > 40 * PIECES


def test_what_it_does_not_know_is_a_failure():
    said = greeted().take(sealed(verbs.Clean()), 0.0)
    assert lines.read_reply(said).problem == "a scripted agent doesn't know `clean`"


def test_times_of_the_hosts_process():
    assert operatorwork.times("started 5.5\nTraceback (most\nover 7.25\nover it 9\n") == {"started": 5.5, "over": 7.25}


def test_the_table_and_the_file(tmp_path):
    run = OperatorRun(1000, 120.0, 1, seconds=200.0, cpu=50.0, watching=30.0, watched=120.0, behind=2.0, peak=300 * MIB)
    kept = Kept({"what": "operator"}, [run, run._replace(number=2, cpu=60.0), run._replace(number=3, problem="no")])
    write(tmp_path / "operator.json", kept)
    assert read(tmp_path / "operator.json") == kept
    (rows,) = table.tables({"operator": kept})
    cells = dict(zip(operatortable.HEADER, rows[1]))
    assert (cells["hosts"], cells["median"], cells["CPU ms/host"]) == ("1000", "200.00 s", "55.0")
    assert (cells["watch: CPU ms/host/min"], cells["watch: behind"]) == ("15.0", "2.0 s")
    assert "50.0 ms/host" in operatortable.line(run) and "FAILED: no" in operatortable.line(kept.runs[2])


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks at /proc")
def test_a_fleet_that_is_not_there_is_brought_to_its_verdict(tmp_path):
    argv = [sys.executable, "rigs/bench.py", "operator", "--hosts", "3", "--seconds", "1", "--runs", "1"]
    ran = subprocess.run(
        [*argv, "--work", str(tmp_path), "--out", str(tmp_path / "out")],
        cwd=ROOT, env={**os.environ, "TMPDIR": str(tmp_path)}, text=True, capture_output=True, timeout=120,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    (found,) = json.loads((tmp_path / "out" / "operator.json").read_text())["runs"]
    assert found["hosts"] == 3 and not found["problem"] and found["cpu"] > 0 and found["watched"] > 0
    assert {"push", "start", "transfer", "verify"} <= found["phases"].keys()
