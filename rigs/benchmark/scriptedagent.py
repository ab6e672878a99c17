"""What a host would answer to all that `fab up` asks, for a payload that never moves; no socket, no clock.

A Conversation takes the operator's bytes and gives the agent's: the script is swallowed, each request answered as a
sound host would. A Life gives the lines that the peer's log and status would have meanwhile.
"""

from __future__ import annotations

import hashlib
import time
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

from deploy.agent import lines, manifestway, verbs
from deploy.agent.lines import Envelope, verb_of
from deploy.agent.packedtalk import Packer
from deploy.agent.typed import from_fields
from deploy.edge.hosts import agentsource
from deploy.edge.hosts.compiling import OUR_MAGIC
from peer.core import eventlog, folder, manifest, manifestjson
from peer.core.eventlog import Entry
from peer.core.filetable import FileEntry, FileTable
from peer.core.followline import Alive, FollowLine, LogLine, StatusLine, format_line
from peer.core.manifest import Manifest
from peer.core.status import DONE, DOWNLOADING, Neighbour, Status

RUN, PAYLOAD = "operator", "payload.bin"
FIRST_ID = 1001
NEIGHBOURS = 8
HAVES = 2  # lines about neighbours' pieces for each own: as swarms of 20 peers and 256 pieces log them
PIECES = 256
PORT = 6008
_GREETING = b"\n" + agentsource.GREETING + f"3.11.2 {OUR_MAGIC}\n".encode()


class Life(NamedTuple):
    """A peer that gets its payload evenly. `begun`: when (seconds); `seconds`: how long; `size`: bytes."""

    peer: int
    begun: float
    seconds: float
    size: int

    def pieces(self, now: float) -> int:
        return min(PIECES, int(PIECES * (now - self.begun) / self.seconds))

    def is_over(self, now: float) -> bool:
        return self.pieces(now) == PIECES

    def status(self, now: float) -> Status:
        """What it says of itself."""
        pieces, over = self.pieces(now), self.is_over(now)
        rate = 0.0 if over else self.size / self.seconds
        received = self.size * pieces // PIECES
        near = tuple(
            Neighbour(self.peer + step, True, "fleet", pieces, True, True, True, received // NEIGHBOURS, 12345678)
            for step in range(1, NEIGHBOURS + 1)
        )
        return Status(
            self.peer, RUN, DONE if over else DOWNLOADING, "fleet", True, PORT, 4242, pieces, PIECES, self.size,
            bytes_down=received, bytes_up=received, rate_down=rate, rate_up=rate, neighbours=near, started=self.begun,
            last_progress=now, completed=self.begun + self.seconds if over else 0.0, updated=now,
            exit_code=0 if over else None,
        )  # fmt: skip

    def log(self, had: int, has: int) -> List[str]:
        """The event lines from one number of pieces to another."""
        when = time.strftime(eventlog.TIME_FORMAT, time.gmtime(self.begun))
        entries: List[Entry] = []
        for piece in range(had, has):
            others = [self.peer + 1 + (piece + step) % NEIGHBOURS for step in range(HAVES + 1)]
            entries += [Entry("have", self.peer, other, piece) for other in others[1:]]
            entries.append(Entry("piece", self.peer, others[0], piece, piece + 1))
        return [f"{when}: {eventlog.format_entry(entry)}" for entry in entries]


class Stream:
    """What `follow` sends of one peer; `take` gives what is new, and `over` says that it was the last."""

    def __init__(self, life: Life, offset: int, left_out: Sequence[str] = (), pace: float = 0.0) -> None:
        self._life = life
        self._offset = offset
        self._left_out = left_out
        self._pace = pace
        self._status_at = 0.0
        self._told = 0
        self._alive = False
        self.over = False

    def take(self, now: float) -> bytes:
        """The lines since the last call."""
        has = self._life.pieces(now)
        found: List[FollowLine] = []
        for text in self._life.log(self._told, has):
            self._offset += len(text) + 1
            entry = eventlog.parse_line(text)
            if entry is None or entry.kind not in self._left_out:
                found.append(LogLine(self._life.peer, text, self._offset))
        self._told = has
        self.over = self._life.is_over(now)
        if self.over or now >= self._status_at:
            self._status_at = now + self._pace
            found.append(StatusLine(self._life.peer, self._life.status(now)))
        if self._alive == self.over:
            self._alive = not self.over
            found.append(Alive(self._life.peer, self._alive))
        said = "".join(format_line(line) + "\n" for line in found).encode()
        return said + (lines.write(lines.End(0)) if self.over else b"")


class FakeHost:
    """One host with one peer: what it was pushed, and its peer's life once it was started."""

    def __init__(self, number: int, seconds: float, size: int) -> None:
        self.peer = FIRST_ID + number
        self.life: Optional[Life] = None
        self._seconds = seconds
        self._size = size
        self._have: Dict[str, str] = {}

    def answer(self, request: Any, now: float) -> Tuple[Dict[str, bytes], Any]:
        """The files that come in parts before the answer, and the answer. Raises KeyError for what it can't."""
        handler = _HANDLERS[type(request)]
        parts = {folder.log(self.peer): self._log()} if isinstance(request, verbs.Collect) else {}
        if isinstance(request, verbs.Manifest):
            parts = {manifestway.PART: manifestway.pack(self._parted, (), ()).data}
        return parts, handler(self, request, now)

    @property
    def _parted(self) -> manifestway.Parted:
        return manifestway.parted(manifestjson.to_json(payload(self._size)))

    def _log(self) -> bytes:
        return "\n".join(self.life.log(0, PIECES) if self.life else []).encode()

    def _state(self, _request: verbs.State, now: float) -> verbs.SwarmFolder:
        living = {self.peer: 4242} if self.life and not self.life.is_over(now) else {}
        return verbs.SwarmFolder(HOME, bool(self._have), "", RUN if self._have else "", self._have, living)

    def _receive(self, request: verbs.Receive, _now: float) -> verbs.Received:
        self._have.update((file.path, file.hash) for file in request.files)
        return verbs.Received(HOME, len(request.files))

    def _start(self, request: verbs.Start, now: float) -> verbs.Started:
        self.life = Life(request.peer, now, self._seconds, self._size)
        return verbs.Started(request.peer, True, pid=4242, state=DOWNLOADING)

    def _status(self, _request: verbs.Status, now: float) -> verbs.Statuses:
        told = status_fields(self.life, now) if self.life else None
        alive = bool(self.life and not self.life.is_over(now))
        return verbs.Statuses(RUN, HOME, FREE, (verbs.About(self.peer, alive, told, ()),))

    def _survey(self, request: verbs.Survey, _now: float) -> verbs.Spots:
        return verbs.Spots(tuple(verbs.Spot(one.peer, HOME, "", 1, FREE, 0, True, None) for one in request.peers))

    def _facts(self, request: verbs.Facts, now: float) -> verbs.Machine:
        ports = {one.peer: "" for one in request.ports}
        return verbs.Machine(now, "3.11.2", "fleet", "host", HOME, "", "", FREE, False, ports)

    def _manifest(self, _request: verbs.Manifest, _now: float) -> verbs.Hashed:
        return verbs.Hashed(True, tuple(self._parted.sizes), self._parted.name)

    def _verify(self, request: verbs.Verify, _now: float) -> verbs.Verified:
        proof = manifest.payload_proof(payload(self._size))
        path = f"{HOME}/peer_{self.peer}/{PAYLOAD}"
        return verbs.Verified(
            tuple(verbs.Copy(peer, True, "", proof, proof, self._size, path) for peer in request.peers)
        )

    def _stop(self, request: verbs.Stop, _now: float) -> verbs.Stopped:
        return verbs.Stopped((), (), (), request.peers)


HOME = "/home/fleet/.weft/bench"
FREE = 1 << 40
_HANDLERS: Dict[Any, Callable[[FakeHost, Any, float], Any]] = {
    verbs.State: FakeHost._state,
    verbs.Claim: lambda _host, _request, _now: verbs.Claimed(False, ()),
    verbs.Facts: FakeHost._facts,
    verbs.Survey: FakeHost._survey,
    verbs.Receive: FakeHost._receive,
    verbs.Prepare: lambda _host, _request, _now: verbs.Done(),
    verbs.Generate: lambda _host, _request, _now: verbs.Generated(True),
    verbs.Manifest: FakeHost._manifest,
    verbs.Warm: lambda _host, _request, _now: verbs.Done(),
    verbs.Start: FakeHost._start,
    verbs.Status: FakeHost._status,
    verbs.Collect: lambda host, _request, _now: verbs.Collected({folder.log(host.peer): len(host._log())}),
    verbs.Verify: FakeHost._verify,
    verbs.Stop: FakeHost._stop,
}
_BY_VERB: Dict[str, Any] = {verb_of(kind): kind for kind in (*_HANDLERS, verbs.Follow)}


def payload(size: int) -> Manifest:
    """A payload of one file, with hashes of nothing."""
    blocks = b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(PIECES))
    files = FileTable.of([FileEntry(PAYLOAD, size, 0o644)])
    return Manifest(PAYLOAD, False, size // PIECES, size // PIECES, files, blocks=blocks)


def status_fields(life: Life, now: float) -> Dict[str, Any]:
    """A status as the agent passes it on."""
    fields = life.status(now)._asdict()
    return {**fields, "neighbours": [one._asdict() for one in fields["neighbours"]]}


class Conversation:
    """The agent's side of one channel: bytes in, bytes out. `stream` is there once it was asked to follow."""

    def __init__(self, host: FakeHost) -> None:
        self.stream: Optional[Stream] = None
        self._host = host
        self._buffer = bytearray()
        self._skip = 0  # bytes of a body that are still to come
        self._greeted = False
        self._loaded = False
        self._packer = Packer()

    def take(self, data: bytes, now: float) -> bytes:
        """What to say to these bytes."""
        self._buffer += data
        greeting = b""
        if not self._greeted:
            self._greeted = self._swallow_one(agentsource.start)
            greeting = _GREETING if self._greeted else b""
        self._loaded = self._loaded or (self._greeted and self._swallow_one(agentsource.script))
        return greeting + self._packed(self._answers(now))

    def news(self, now: float) -> bytes:
        """What the stream has to say since the last call."""
        return self._packed(self.stream.take(now)) if self.stream else b""

    def _packed(self, said: bytes) -> bytes:
        return self._packer.pack(said) + self._packer.flush() if said else b""

    def _answers(self, now: float) -> bytes:
        said = bytearray()
        while self._loaded and self._swallow() and (end := self._buffer.find(b"\n")) >= 0:
            line = bytes(self._buffer[: end + 1])
            del self._buffer[: end + 1]
            if line.strip():  # else a heartbeat
                said += self._serve(lines.read_envelope(line), now)
        return bytes(said)

    def _swallow_one(self, made: Callable[[str], bytes]) -> bool:
        """Drop what was made for one kind of agent, whichever, once all of it has come. Whether it has."""
        for text in map(made, (agentsource.ALL, agentsource.FOLLOWING)):
            if self._buffer.startswith(text):
                del self._buffer[: len(text)]
                return True
        return False

    def _swallow(self) -> bool:
        """Drop what isn't read of a body. Whether the next line may begin."""
        gone = min(self._skip, len(self._buffer))
        del self._buffer[:gone]
        self._skip -= gone
        return not self._skip

    def _serve(self, envelope: Envelope, now: float) -> bytes:
        self._skip = envelope.body
        kind = _BY_VERB.get(envelope.verb)
        if kind is None:
            return lines.write(lines.Failure(f"a scripted agent doesn't know `{envelope.verb}`", "teach it to"))
        request = from_fields(kind, envelope.fields, envelope.verb)
        if isinstance(request, verbs.Follow):
            life = self._host.life or Life(self._host.peer, now, 1.0, 0)
            self.stream = Stream(life, request.offsets.get(self._host.peer, 0), request.leave_out, request.pace)
            return b""
        parts, answer = self._host.answer(request, now)
        said = b"".join(
            lines.write(lines.Part(name, 0)) + lines.write(lines.Part(name, len(data))) + data
            for name, data in parts.items()
        )
        return said + lines.write(lines.Answer(answer._asdict()))
