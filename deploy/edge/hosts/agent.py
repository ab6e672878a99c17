"""One agent on one host: requests go out, answers come back, every failure becomes a HostError."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from deploy.edge.hosts import agentsource
from deploy.edge.hosts.deadline import Deadline
from deploy.edge.hosts.errors import HostError, unreachable
from deploy.edge.hosts.pipe import Pipe, PipeBroken

Answer = dict[str, Any]
OnPart = Callable[[str, bytes], None]

_LOST_REMEDY = "run it again; what is done stays done"
_PYTHON_REMEDY = "install Python 3.9 or later there, or name it with `python:`"
_NOISE_LINES = 1000  # what login scripts may print before the agent speaks
_HEARTBEAT_SECONDS = 5.0
_SILENCE_SECONDS = 15.0  # `follow` says at least a blank line every 2 s


class Session:
    """An agent that has greeted us. Not for several threads at once."""

    def __init__(self, pipe: Pipe, deadline: Deadline) -> None:
        """Feed the agent to the Python at the other end. Raises HostError."""
        self._pipe = pipe
        self.broken = False
        with _explained(self, "its python3", deadline, _PYTHON_REMEDY):
            with contextlib.suppress(PipeBroken):  # a Python that is too old says so, and doesn't read on
                pipe.send(agentsource.script(), deadline)
            self.python = self._greeting(deadline)
        if tuple(map(int, self.python.split(".")[:2])) < agentsource.OLDEST:
            raise HostError(f"its python3 is {self.python}", _PYTHON_REMEDY)

    def call(
        self,
        verb: str,
        deadline: Deadline,
        body: Iterable[bytes] = (),
        body_size: int = 0,
        on_part: OnPart | None = None,
        **fields: Any,
    ) -> Answer:
        """Ask for one thing and wait for the answer; `body_size` is the length of `body`. Raises HostError."""
        with _explained(self, f"`{verb}`", deadline):
            request = {"verb": verb, "deadline": round(deadline.left(), 1), "body": body_size, **fields}
            self._pipe.send(json.dumps(request).encode() + b"\n", deadline)
            for data in body:
                self._pipe.send(data, deadline)
            answer = self._answer(deadline, on_part)
        if not answer.pop("ok"):
            raise HostError(answer["problem"], answer["remedy"])
        return answer

    def follow(self, deadline: Deadline, **fields: Any) -> Iterator[Answer]:
        """The peers' lines as they come; `until_done`: until all ended. Raises HostError if it breaks off."""
        with _explained(self, "`follow`", deadline):
            self._pipe.send(json.dumps({"verb": "follow", "deadline": 60, **fields}).encode() + b"\n", deadline)
        heartbeat, silence = Deadline(_HEARTBEAT_SECONDS), Deadline(_SILENCE_SECONDS)
        while True:
            with _explained(self, "`follow`", silence):
                line = self._pipe.line(silence)
                silence = Deadline(_SILENCE_SECONDS)
                if heartbeat.passed:
                    self._pipe.send(b"\n", silence)
                    heartbeat = Deadline(_HEARTBEAT_SECONDS)
            event = json.loads(line) if line else {}
            if event.get("ok") is False:
                raise HostError(event["problem"], event["remedy"])
            if "end" in event:
                return
            yield event

    def close(self) -> None:
        """Hang up."""
        self.broken = True
        self._pipe.close()

    def _greeting(self, deadline: Deadline) -> str:
        for _ in range(_NOISE_LINES):
            line = self._pipe.line(deadline)
            if line.startswith(agentsource.GREETING):
                return line[len(agentsource.GREETING) :].decode()
        raise PipeBroken("it prints and prints before the agent can speak")

    def _answer(self, deadline: Deadline, on_part: OnPart | None) -> Answer:
        while True:
            answer: Answer = json.loads(self._pipe.line(deadline))
            if "part" not in answer:
                return answer
            data = self._pipe.exactly(answer["size"], deadline)
            if on_part is not None:
                on_part(answer["part"], data)


class _explained:
    """Turns what a pipe raises into a HostError that says what was waited for; the session is over then."""

    def __init__(self, session: Session, what: str, deadline: Deadline, remedy: str = _LOST_REMEDY) -> None:
        self._session = session
        self._what = what
        self._deadline = deadline
        self._remedy = remedy

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            return
        self._session.close()  # out of step with its agent, whatever happened
        if isinstance(error, TimeoutError):
            problem = f"no answer to {self._what} within {self._deadline.seconds:.0f} s"
            raise unreachable(problem, "is the host overloaded, or the network cut?") from None
        if isinstance(error, PipeBroken):
            raise unreachable(f"{self._what} broke off: {error}", self._remedy) from None
        if isinstance(error, ValueError):
            problem = f"its answer to {self._what} isn't readable"
            raise HostError(problem, "does a login script print to it?") from None
