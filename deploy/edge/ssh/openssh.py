"""The way to one host by the system's own `ssh`, for what Paramiko lacks: a process for each agent."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from deploy.core.inventory import Host
from deploy.core.noagent import no_agent
from deploy.edge.hosts.agent import NOISE_LINES
from deploy.edge.hosts.agentprocess import AgentProcess
from deploy.edge.hosts.deadline import Deadline
from deploy.edge.hosts.errors import HostError, unreachable
from deploy.edge.hosts.pipe import Pipe, PipeBroken
from deploy.edge.ssh import opensshlog, phrases
from deploy.edge.ssh.agentcommand import agent_command
from deploy.edge.ssh.opensshcommand import command, told
from deploy.edge.ssh.opensshlog import HopLog
from deploy.edge.ssh.ways import Busy, Hops, Ways, of_bastion, patient
from peer.core.errors import system_words

_HERE = b"weft-is-logged-in"  # is printed first; whatever a login script prints comes before it
_OWN_TROUBLE = 255  # the exit code of `ssh` where it isn't that of the command
_WITHOUT = f"or leave out {phrases.BY_OPENSSH}"


class OpensshTransport:
    """The way to one host. Each agent has an `ssh` of its own; ssh_config's ControlMaster makes one login of them."""

    def __init__(self, host: Host, ways: Ways, program: str | None = shutil.which("ssh")) -> None:
        self._host = host
        self._ways = ways
        self._program = program
        self._lock = threading.Lock()
        self._ready: list[Pipe] = []  # logged in, and not yet asked for
        self._running: set[AgentProcess] = set()
        self._epoch = 0  # of how many that `close` has ended
        self._numbers = itertools.count()
        self._folder: tempfile.TemporaryDirectory[str] | None = None  # of the logs

    def connect(self, deadline: Deadline) -> None:
        """Log in, unless a login waits to be used. Raises HostError."""
        if not self._ready:
            pipe = self._logged_in(deadline)
            self._ready.append(pipe)

    def open(self, deadline: Deadline) -> Pipe:
        """A new agent on the host. Raises HostError."""
        with self._lock:
            ready = self._ready.pop() if self._ready else None
        return ready or self._logged_in(deadline)

    def close(self) -> None:
        """End all; whoever waits on them is woken."""
        with self._lock:
            self._epoch += 1
            running, self._ready = list(self._running), []
            folder, self._folder = self._folder, None
        for process in running:
            self._end(process)
        if folder is not None:
            folder.cleanup()

    def _logged_in(self, deadline: Deadline) -> Pipe:
        if self._program is None:
            raise unreachable("there is no `ssh` on this machine", f"install OpenSSH's client, {_WITHOUT}")
        secrets = self._ways.secrets
        if secrets.password is not None or secrets.passphrase is not None:
            raise unreachable(
                "a password or passphrase can't be handed to `ssh`", f"{phrases.ADD_TO_AGENT}, {_WITHOUT}"
            )
        said = told(self._host, secrets.key_files)
        for path in said.key_files:
            if not os.path.exists(path):
                raise unreachable(f"key {path}: no such file or directory", phrases.KEY_AT)
        if said.accept_new and said.known_hosts:
            with contextlib.suppress(OSError):  # it is told where the key can't be noted
                Path(said.known_hosts).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        there = f"echo {_HERE.decode()}; {agent_command(self._host)}"
        hops, epoch = self._ways.hops(self._host), self._epoch

        def once() -> Pipe:
            logs = self._new_logs(len(hops))
            with self._ways.turn(hops, deadline):
                process = self._started(command(str(self._program), hops, said, logs, there), epoch)
                try:
                    return self._entered(process, hops, logs, deadline)
                except BaseException:
                    self._end(process)
                    raise

        return patient(once, deadline)

    def _new_logs(self, count: int) -> list[str]:
        with self._lock:
            if self._folder is None:
                self._folder = tempfile.TemporaryDirectory(prefix="weft-ssh-", ignore_cleanup_errors=True)
            return [f"{self._folder.name}/{next(self._numbers)}" for _ in range(count)]

    def _started(self, words: Sequence[str], epoch: int) -> AgentProcess:
        try:
            process = AgentProcess(words)
        except OSError as error:
            raise unreachable(f"{words[0]}: {system_words(error)}", f"can you run it? {_WITHOUT}") from None
        with self._lock:
            self._running.add(process)
            current = epoch == self._epoch
        if not current:
            self._end(process)
            raise unreachable("the connection is gone")
        return process

    def _entered(self, process: AgentProcess, hops: Hops, logs: Sequence[str], deadline: Deadline) -> Pipe:
        """The pipe of a process that has logged in. Raises HostError, Busy."""
        pipe = process.pipe(lambda: _last_words(process, _read(hops, logs, process)[-1]), lambda: self._end(process))
        said = b""
        try:
            for _ in range(NOISE_LINES):
                line = pipe.line(deadline).strip()
                if line == _HERE:
                    self._check_noted(_read(hops, logs, process))
                    return pipe
                said = line or said
        except TimeoutError:
            raise _late(_read(hops, logs, process), deadline.seconds) from None
        except PipeBroken as error:
            if process.code() == _OWN_TROUBLE:
                raise _trouble(_read(hops, logs, process)) from None
            words = (pipe.rest().strip() or said).decode(errors="replace")
            raise unreachable(*no_agent(words, str(error))) from None
        raise unreachable(f"it printed {NOISE_LINES} lines before it ran anything", "what do its login scripts print?")

    def _check_noted(self, logs: Sequence[HopLog]) -> None:
        """A new key that can't be noted would be accepted again and again. Raises HostError."""
        for log in logs:
            if log.not_noted:
                raise _as_of(log, unreachable(*phrases.not_noted(log.not_noted, "ssh can't write it")))

    def _end(self, process: AgentProcess) -> None:
        process.end(0)
        with self._lock:
            self._running.discard(process)


def _read(hops: Hops, logs: Sequence[str], process: AgentProcess) -> list[HopLog]:
    texts = []
    for path in logs:
        texts.append("")
        with contextlib.suppress(OSError):  # a hop may not have come so far
            texts[-1] = Path(path).read_text("utf-8", errors="replace")
    neighbours = [None, *hops, None]
    words = process.last_line()
    return [
        HopLog(text, hop, words, neighbours[n], neighbours[n + 2]) for n, (text, hop) in enumerate(zip(texts, hops))
    ]


def _trouble(logs: Sequence[HopLog]) -> Exception:
    """Why `ssh` gave up: the first hop that failed tells it. A HostError, or Busy around one."""
    for log in logs:
        why = log.why()
        if why is not None:
            error = unreachable(why.problem, why.remedy)
            error = error if why.beyond else _as_of(log, error)
            return Busy(error) if why.busy else error
    lines = [line for log in logs for line in log.said] or [logs[-1].words]
    return unreachable(lines[-1] or "`ssh` ended without a word", "can `ssh` reach it?")


def _late(logs: Sequence[HopLog], seconds: float) -> HostError:
    log = next((log for log in logs if not log.inside), logs[-1])
    why = log.late(seconds)
    return _as_of(log, unreachable(why.problem, why.remedy))


def _as_of(log: HopLog, error: HostError) -> HostError:
    return error if log.after is None else of_bastion(error, log.hop.label)


def _last_words(process: AgentProcess, log: HopLog) -> str:
    code = process.code()
    if code is None or code < 0 or code == _OWN_TROUBLE:
        return opensshlog.gone(log)
    return process.last_words()
