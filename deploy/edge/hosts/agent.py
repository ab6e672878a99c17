"""One agent on one host: requests go out, answers come back, every failure becomes a HostError."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from deploy.agent import clocks, lines
from deploy.agent.lines import Answer, End, Failure, Part, Reply, Request, verb_of
from deploy.agent.typed import from_fields
from deploy.agent.verbs import Follow
from deploy.edge.hosts import agentsource
from deploy.edge.hosts.deadline import Deadline
from deploy.edge.hosts.errors import HostError, unreachable
from deploy.edge.hosts.pipe import Pipe, PipeBroken
from peer.core import followline
from peer.core.followline import Alive, FollowLine, LogLine, StatusLine

A = TypeVar("A")
OnPart = Callable[[str, bytes], None]

_LOST_REMEDY = "run it again; what is done stays done"
_PYTHON_REMEDY = "install Python 3.9 or later there, or name it with `python:`"
_FORCED_REMEDY = "what is run there at this login: a forced command, a shell that lets nobody in?"
_NOISE_LINES = 1000  # what login scripts may print before the agent speaks


class Agent:
    """An agent that runs and has told its Python's version. For one thread at a time."""

    def __init__(self, pipe: Pipe, deadline: Deadline) -> None:
        """Feed the agent to the Python at the other end. Raises HostError."""
        self._pipe = pipe
        self.broken = False
        with _explained(self, "its python3", deadline, _PYTHON_REMEDY):
            with contextlib.suppress(PipeBroken):  # a Python that is too old tells its version, and doesn't read on
                pipe.send(agentsource.script(), deadline)
            self.python = self._greeting(deadline)
        if tuple(map(int, self.python.split(".")[:2])) < agentsource.OLDEST:
            raise HostError(f"its python3 is {self.python}", _PYTHON_REMEDY)

    def ask(
        self,
        request: Request[A],
        home: str,
        deadline: Deadline,
        body: Iterable[bytes] = (),
        body_size: int = 0,
        on_part: OnPart | None = None,
    ) -> A:
        """Ask for one thing about the swarm's folder `home`, and wait for the answer. Raises HostError.

        `body_size` is the length of `body`; `on_part` gets the parts of files that come before the answer.
        """
        verb = verb_of(type(request))
        with _explained(self, f"`{verb}`", deadline):
            self._pipe.send(lines.write(lines.seal(request, home, deadline.left(), body_size)), deadline)
            for data in body:
                self._pipe.send(data, deadline)
            reply = self._reply(deadline, on_part)
            if isinstance(reply, Answer):
                return from_fields(request.answer(), reply.answer, "it")
        raise _refusal(reply)

    def follow(self, request: Follow, home: str, deadline: Deadline) -> Iterator[FollowLine | None]:
        """The peers' lines as they come, and None for each heartbeat. Raises HostError if it breaks off."""
        with _explained(self, "`follow`", deadline):
            self._pipe.send(lines.write(lines.seal(request, home, deadline.left(), 0)), deadline)
        heartbeat, silence = Deadline(clocks.HEARTBEAT), Deadline(clocks.SILENCE)
        while True:
            with _explained(self, "`follow`", silence):
                line = self._pipe.line(silence)
                silence = Deadline(clocks.SILENCE)
                if heartbeat.passed:
                    self._pipe.send(b"\n", silence)
                    heartbeat = Deadline(clocks.HEARTBEAT)
                followed = _read_followed(line)
            if isinstance(followed, End):
                return
            if not isinstance(followed, (LogLine, StatusLine, Alive, type(None))):
                raise _refusal(followed)
            yield followed

    def close(self) -> None:
        """Hang up."""
        self.broken = True
        self._pipe.close()

    def _greeting(self, deadline: Deadline) -> str:
        said = b""
        for _ in range(_NOISE_LINES):
            try:
                line = self._pipe.line(deadline)
            except PipeBroken as error:
                raise self._not_python(self._pipe.rest().strip() or said, str(error)) from None
            if line.startswith(agentsource.GREETING):
                return line[len(agentsource.GREETING) :].decode()
            said = line.strip() or said
        raise PipeBroken(f"it printed {_NOISE_LINES} lines, none of them the agent's")

    def _not_python(self, said: bytes, end: str) -> Exception:
        """Why no agent came up, in the host's own words: those on standard error, else those on standard output."""
        words = said.decode(errors="replace") if said and end.startswith("exit code") else ""
        if not words:
            return PipeBroken(end)
        return unreachable(f"it says '{words}' instead of running python3 ({end})", _FORCED_REMEDY)

    def _reply(self, deadline: Deadline, on_part: OnPart | None) -> Reply:
        """The reply that ends a request, after the parts that came before it."""
        while True:
            reply = lines.read_reply(self._pipe.line(deadline))
            if not isinstance(reply, Part):
                return reply
            data = self._pipe.exactly(reply.size, deadline)
            if on_part is not None:
                on_part(reply.part, data)


def _read_followed(line: bytes) -> FollowLine | Reply | None:
    """A line of what `follow` streams: one of the peers', None for a heartbeat, or a reply. Raises ValueError."""
    if not line:
        return None
    fields = lines.read_object(line)
    return followline.from_fields(fields) if "peer" in fields else lines.reply_of(fields)


def _refusal(reply: Reply) -> HostError:
    if isinstance(reply, Failure):
        return HostError(reply.problem, reply.remedy)
    return HostError(f"the agent sent {reply!r} out of turn", lines.OTHER_VERSION)


class _explained:
    """Turns what a pipe raises into a HostError that names what was waited for; the agent is given up then."""

    def __init__(self, agent: Agent, what: str, deadline: Deadline, remedy: str = _LOST_REMEDY) -> None:
        self._agent = agent
        self._what = what
        self._deadline = deadline
        self._remedy = remedy

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            return
        self._agent.close()  # out of step with its agent, whatever happened
        if isinstance(error, TimeoutError):
            problem = f"no answer to {self._what} within {self._deadline.seconds:.0f} s"
            raise unreachable(problem, "is the host overloaded, or the network cut?") from None
        if isinstance(error, PipeBroken):
            raise unreachable(f"{self._what} broke off: {error}", self._remedy) from None
        if isinstance(error, ValueError):
            remedy = f"does a login script print to it, or {lines.OTHER_VERSION}"
            raise HostError(f"its answer to {self._what} isn't readable: {error}", remedy) from None
