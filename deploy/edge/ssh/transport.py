"""The way to one host over SSH: connected once, then open for as many agents as are needed."""

from __future__ import annotations

import contextlib
import threading

import paramiko

from deploy.core.inventory import Host
from deploy.edge.hosts.deadline import Deadline
from deploy.edge.hosts.errors import unreachable
from deploy.edge.hosts.pipe import Pipe
from deploy.edge.ssh import phrases, trouble
from deploy.edge.ssh.agentcommand import agent_command
from deploy.edge.ssh.connection import StrictConnection
from deploy.edge.ssh.routes import Routes

WORDS_SECONDS = 2.0  # that an agent's last words may take, after its end
MOST_WORDS = 65536  # bytes of them


class SshTransport:
    """The way to one host. Where its sshd allows few sessions on a connection (MaxSessions), it makes more of these."""

    def __init__(self, host: Host, routes: Routes) -> None:
        self._host = host
        self._routes = routes
        self._lock = threading.Lock()
        self._connection: StrictConnection | None = None
        self._more: list[StrictConnection] = []
        self._channels: list[paramiko.Channel] = []

    def connect(self, deadline: Deadline) -> None:
        """Log in, unless we are. Raises HostError."""
        with self._lock:
            if self._connection is not None and self._connection.is_connected:
                return
            agent_command(self._host)  # a name that can't be run isn't worth a login
            self._connection = self._new_connection(deadline)

    def open(self, deadline: Deadline) -> Pipe:
        """A new agent on the host. Raises HostError."""
        self.connect(deadline)
        connection = self._connection
        if connection is None:  # closed meanwhile by whoever gave up on it
            raise unreachable("the connection is gone")
        try:
            channel = self._agent_on(connection, deadline)
        except paramiko.ChannelException as error:
            if all(one.closed for one in self._channels):
                problem = f"it refuses a session ({error.text.lower()})"
                raise unreachable(problem, phrases.SEE_MAX_SESSIONS) from None
            connection = self._new_connection(deadline)  # MaxSessions 1: another session is another login
            self._more.append(connection)
            channel = self._second(connection, deadline)
        self._channels.append(channel)
        return Pipe(channel, lambda: _last_words(channel, connection), lambda: _close(channel), lambda: channel.closed)

    def close(self) -> None:
        """Close the connections; whoever waits on them is woken."""
        connection, self._connection = self._connection, None
        for one in [connection, *self._more]:
            if one is not None:
                one.client.close()

    def _new_connection(self, deadline: Deadline) -> StrictConnection:
        connection = self._routes.connection(self._host)
        self._routes.open(connection, deadline)
        return connection

    def _second(self, connection: StrictConnection, deadline: Deadline) -> paramiko.Channel:
        try:
            return self._agent_on(connection, deadline)
        except paramiko.ChannelException as error:
            problem = f"it refuses another session ({error.text.lower()})"
            raise unreachable(problem, phrases.SEE_MAX_SESSIONS) from None

    def _agent_on(self, connection: StrictConnection, deadline: Deadline) -> paramiko.Channel:
        try:
            channel = connection.transport.open_session(timeout=deadline.left())
            # Paramiko waits for the answer without end; a closed channel wakes it.
            alarm = threading.Timer(deadline.left(), _close, (channel,))
            alarm.start()
            try:
                channel.exec_command(agent_command(self._host))
            finally:
                alarm.cancel()
        except paramiko.ChannelException:
            raise
        except (paramiko.SSHException, OSError, EOFError) as error:
            connection.client.close()
            raise unreachable(*trouble.explain(error, connection.attempt())) from None
        return channel


def _close(channel: paramiko.Channel) -> None:
    with contextlib.suppress(paramiko.SSHException, OSError, EOFError):  # the connection may be gone already
        channel.close()


def _last_words(channel: paramiko.Channel, connection: StrictConnection) -> str:
    """Why the agent's end of the channel closed: the last line on its standard error, else its exit code."""
    if not channel.status_event.wait(WORDS_SECONDS):
        return _gone(connection)
    words = _standard_error(channel).decode(errors="replace").strip().splitlines()
    code = channel.exit_status
    return words[-1] if words else f"exit code {code}" if code >= 0 else _gone(connection)


def _standard_error(channel: paramiko.Channel) -> bytes:
    """All of it, up to a bound: sshd may send the exit code before the last words."""
    lines, until = b"", Deadline(WORDS_SECONDS)
    with contextlib.suppress(TimeoutError):  # something that was left running there keeps it open
        while len(lines) < MOST_WORDS:
            channel.settimeout(until.left())
            part = channel.recv_stderr(MOST_WORDS)
            if not part:
                break
            lines += part
    return lines


def _gone(connection: StrictConnection) -> str:
    known = connection.attempt()
    if known.proxy:
        return f"its ProxyCommand ended: {known.proxy}"
    return f"the connection is gone: {known.words}" if known.words else "the connection is gone"
