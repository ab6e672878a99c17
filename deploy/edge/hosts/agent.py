"""One agent on one host: requests go out, answers come back, every failure becomes a HostError."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeVar

from deploy.agent import clocks, lines
from deploy.agent.lines import Answer, End, Failure, Part, Reply, Request, verb_of
from deploy.agent.typed import from_fields
from deploy.agent.verbs import Follow
from deploy.core.noagent import PYTHON_REMEDY, no_agent
from deploy.edge.hosts import agentsource
from deploy.edge.hosts.deadline import Deadline, Silence
from deploy.edge.hosts.errors import HostError, unreachable
from deploy.edge.hosts.pipe import Pipe, PipeBroken
from peer.core import followline
from peer.core.followline import Alive, FollowLine, LogLine, StatusLine
from peer.core.mark import BYTES, Mark, stalled

A = TypeVar("A")
OnPart = Callable[[str, bytes], None]
OnMark = Callable[[Mark], object]

_LOST_REMEDY = "run it again; what is done stays done"
_STALLED_REMEDY = "is a disk there dead, or the network cut? Then run it again"
NOISE_LINES = 300_000  # what login scripts may print before the agent speaks
_GREETING = re.compile(re.escape(agentsource.GREETING) + rb"(\d{1,4}\.\d{1,4}\.\d{1,4}) ([0-9a-f]{0,32})")


class Body(NamedTuple):
    """The raw bytes that follow a request: `size` in all. `doing`: what sending them is called."""

    blocks: Iterable[bytes] = ()
    size: int = 0
    doing: str = "sending"


NO_BODY = Body()


class Agent:
    """An agent that runs and has told its Python's version. For one thread at a time."""

    def __init__(self, pipe: Pipe, deadline: Deadline, entry: str = agentsource.ALL) -> None:
        """Feed the agent to the Python at the other end. Raises HostError. `entry`: whose `main` it runs."""
        self._pipe = pipe
        self.broken = False
        with _explained(self, "its python3", deadline, PYTHON_REMEDY):
            with contextlib.suppress(PipeBroken):  # its last words tell why
                pipe.send(agentsource.start(entry), deadline)
            self.python, magic = self._greeting(deadline)
            if tuple(map(int, self.python.split(".")[:2])) < agentsource.OLDEST:
                raise HostError(f"its python3 is {self.python}", PYTHON_REMEDY)
            pipe.unpack()
            pipe.send(agentsource.script(entry, magic), deadline)

    def ask(
        self,
        request: Request[A],
        home: str,
        silence: Silence,
        body: Body = NO_BODY,
        on_part: OnPart | None = None,
        on_mark: OnMark | None = None,
    ) -> A:
        """Ask for one thing about the swarm's folder `home`, and wait for the answer. Raises HostError.

        Whatever goes forward renews the `silence`. `on_part` gets the parts of files that come before the answer,
        `on_mark` how far the body has gone, and the verb after it.
        """
        verb = verb_of(type(request))
        marks = _Marks(on_mark)
        with _explained(self, f"`{verb}`", silence, marks=marks):
            self._pipe.send(lines.write(lines.seal(request, home, silence.seconds, body.size)), silence)
            for data in body.blocks:
                self._pipe.send(data, silence)
                marks.sent(body, len(data))
            reply = self._reply(silence, on_part, marks)
            if isinstance(reply, Answer):
                return from_fields(request.answer(), reply.answer, "it")
        raise _refusal(reply)

    def follow(self, request: Follow, home: str, deadline: Deadline) -> Iterator[FollowLine | None]:
        """The peers' lines as they come, and None for each heartbeat. Raises HostError if it breaks off."""
        with _explained(self, "`follow`", deadline):
            self._pipe.send(lines.write(lines.seal(request, home, deadline.left(), 0)), deadline)
        heartbeat, silence, reader = Deadline(clocks.HEARTBEAT), Deadline(clocks.SILENCE), followline.Reader()
        while True:
            with _explained(self, "`follow`", silence):
                line = self._pipe.line(silence)
                silence = Deadline(clocks.SILENCE)
                if heartbeat.passed:
                    self._pipe.send(b"\n", silence)
                    heartbeat = Deadline(clocks.HEARTBEAT)
                followed = _read_followed(line, reader)
            if isinstance(followed, End):
                return
            if not isinstance(followed, (LogLine, StatusLine, Alive, type(None))):
                raise _refusal(followed)
            yield followed

    def hand_over(self, request: Request[A], home: str, seconds: float) -> Pipe:
        """Ask for something after which the line is the caller's, with all that comes over it. Raises HostError."""
        self.ask(request, home, Silence(seconds))
        return self._pipe

    @property
    def lost(self) -> bool:
        """Whether it is known to be gone."""
        return self.broken or self._pipe.is_over()

    def close(self) -> None:
        """Hang up."""
        self.broken = True
        self._pipe.close()

    def _greeting(self, deadline: Deadline) -> tuple[str, str]:
        """The version of the host's Python, and the magic number of what it compiles."""
        said = b""
        for _ in range(NOISE_LINES):
            try:
                line = self._pipe.line(deadline)
            except PipeBroken as error:
                words = (self._pipe.rest().strip() or said).decode(errors="replace")
                raise unreachable(*no_agent(words, str(error))) from None
            if greeting := _GREETING.fullmatch(line):
                return greeting[1].decode(), greeting[2].decode()
            said = line.strip() or said
        raise PipeBroken(f"it printed {NOISE_LINES} lines, none of them the agent's")

    def _reply(self, deadline: Deadline, on_part: OnPart | None, marks: _Marks) -> Reply:
        """The reply that ends a request, after the parts that came before it."""
        while True:
            reply = lines.read_reply(self._pipe.line(deadline))
            if isinstance(reply, Mark):
                marks.see(reply)
                continue
            if not isinstance(reply, Part):
                return reply
            data = self._pipe.exactly(reply.size, deadline)
            if on_part is not None:
                on_part(reply.part, data)


def _read_followed(line: bytes, reader: followline.Reader) -> FollowLine | Reply | None:
    """A line of what `follow` streams: one of the peers', None for a heartbeat, or a reply. Raises ValueError."""
    if not line:
        return None
    fields = lines.read_object(line)
    return reader.line_of(fields) if "peer" in fields else lines.reply_of(fields)


def _refusal(reply: Reply) -> HostError:
    if isinstance(reply, Failure):
        return HostError(reply.problem, reply.remedy)
    return HostError(f"the agent sent {reply!r} out of turn", lines.OTHER_VERSION)


class _Marks:
    """How far a request is; the last of it is told where it gets no further."""

    def __init__(self, on_mark: OnMark | None = None) -> None:
        self._on_mark = on_mark
        self.last: Mark | None = None

    def see(self, mark: Mark) -> None:
        """The newest."""
        self.last = mark
        if self._on_mark is not None:
            self._on_mark(mark)

    def sent(self, body: Body, size: int) -> None:
        """So many more bytes of a body were sent."""
        self.see(Mark(body.doing, (self.last.done if self.last else 0) + size, body.size, BYTES))


class _explained:
    """Turns what a pipe raises into a HostError that names what was waited for; the agent is given up then."""

    def __init__(
        self, agent: Agent, what: str, deadline: Deadline, remedy: str = _LOST_REMEDY, marks: _Marks | None = None
    ) -> None:
        self._agent = agent
        self._what = what
        self._deadline = deadline
        self._remedy = remedy
        self._marks = marks

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            return
        self._agent.close()  # out of step with its agent, whatever happened
        if isinstance(error, TimeoutError) and self._marks and self._marks.last:
            raise unreachable(stalled(self._marks.last, self._deadline.seconds), _STALLED_REMEDY) from None
        if isinstance(error, TimeoutError):
            problem = f"no answer to {self._what} within {self._deadline.seconds:.0f} s"
            raise unreachable(problem, "is the host overloaded, or the network cut?") from None
        if isinstance(error, PipeBroken):
            raise unreachable(f"{self._what} broke off: {error}", self._remedy) from None
        if isinstance(error, ValueError):
            remedy = f"does a login script print to it, or {lines.OTHER_VERSION}"
            raise HostError(f"its answer to {self._what} isn't readable: {error}", remedy) from None
