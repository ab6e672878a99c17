"""The way to a host over SSH; the one module that imports fabric. Host keys are strict, every wait ends."""

from __future__ import annotations

import contextlib
import logging
import random
import re
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import fabric
import paramiko

from deploy.core.inventory import Host, Jump
from deploy.edge.hosts import agentsource, sshtrouble
from deploy.edge.hosts.deadline import Deadline
from deploy.edge.hosts.errors import HostError, unreachable
from deploy.edge.hosts.hostkeys import USER_FILE, KnownHosts, StrictPolicy
from deploy.edge.hosts.pipe import Pipe

CONNECT_SECONDS = 12  # TCP's answer; and then the banner and the key exchange together
BANNER_SECONDS = 8  # less than that: Paramiko takes a handshake that is too slow for a finished one
MAX_UNAUTHENTICATED = 8  # sshd's MaxStartups begins to refuse at 10
_RETRIES = 6  # of a connection that sshd closed before it said anything
_PYTHON = re.compile(r"[A-Za-z0-9_./~+-]+")

logging.getLogger("paramiko").addHandler(logging.NullHandler())  # its tracebacks are our HostErrors
logging.getLogger("paramiko").propagate = False


class StrictConnection(fabric.Connection):
    """A Fabric connection that knows whom it talks to, and notices when the link is gone."""

    # Fabric takes an attribute that no class declares for configuration, which all connections share: it empties that
    # and fills it anew, and a connection that another thread opens meanwhile falls over what is missing.
    forget = ""  # the command that drops this host's key from known_hosts
    inline_ssh_env = True  # Fabric's own, and not declared there

    def trust(self, known: KnownHosts, accept_new: bool) -> None:
        """Check this host's key against `known`."""
        name = self.host if self.port == 22 else f"[{self.host}]:{self.port}"
        self.forget = f"ssh-keygen -R '{name}' -f '{known.path}'"
        self.client.set_missing_host_key_policy(StrictPolicy(known, accept_new))
        for key in known.keys_of(name):
            self.client.get_host_keys().add(name, key.get_name(), key)

    def open(self) -> None:
        """Connect and log in; a failure leaves no half-open connection."""
        try:
            super().open()
        except BaseException:
            self.client.close()
            raise
        if isinstance(self.transport.sock, socket.socket):
            _lively(self.transport.sock)


class Ways:
    """What a chain's connections share: Fabric's configuration, known hosts, bastions, a queue at each door."""

    def __init__(self, config: fabric.Config | None = None) -> None:
        self.config = config if config is not None else fabric.Config()
        self._lock = threading.RLock()
        self._known: dict[str, KnownHosts] = {}
        self._doors: dict[tuple[str, int], threading.Semaphore] = {}
        self._bastions: dict[tuple[object, ...], tuple[StrictConnection, threading.Lock]] = {}

    def connection(self, host: Host) -> StrictConnection:
        """A connection to the host, through its bastions, not yet open."""
        connection = self._plain(host.address, host.user, host.port, host)
        jumps = host.jump or _jumps_of(connection)
        if jumps:
            connection.gateway = self._bastion(jumps, host)
        elif "proxycommand" in connection.ssh_config:
            connection.gateway = connection.ssh_config["proxycommand"]
        return connection

    def open(self, connection: StrictConnection, deadline: Deadline) -> None:
        """Open the connection, its bastion first; queue at its door, and again if sshd was too busy."""
        gateway = connection.gateway
        if isinstance(gateway, StrictConnection):
            with self._lock_of(gateway):
                self.open(gateway, deadline)
        for attempt in range(_RETRIES):
            try:
                with self._door(connection, deadline):
                    connection.open()
                return
            except (paramiko.SSHException, OSError, EOFError) as error:
                pause = random.uniform(0.1, 0.4) * 2**attempt
                if attempt == _RETRIES - 1 or not deadline.leaves(pause) or not sshtrouble.worth_a_retry(error):
                    raise
            time.sleep(pause)  # the one sleep that is meant: sshd turned us away because too many came at once

    def close(self) -> None:
        """Close the bastions."""
        for connection, _ in list(self._bastions.values()):
            connection.close()

    def _plain(self, address: str, user: str | None, port: int | None, host: Host) -> StrictConnection:
        options: dict[str, object] = {
            "banner_timeout": BANNER_SECONDS,
            "auth_timeout": CONNECT_SECONDS,
            "channel_timeout": CONNECT_SECONDS,
        }
        if host.key is not None:
            options["key_filename"] = [str(Path(host.key).expanduser())]
        connection = StrictConnection(
            address,
            user=user,
            port=port or (22 if ":" in address else None),  # an IPv6 address isn't host:port
            config=self.config,
            gateway=False,
            connect_timeout=CONNECT_SECONDS,
            connect_kwargs=options,
        )
        connection.trust(self._known_hosts(host.known_hosts), host.accept_new)
        return connection

    def _bastion(self, jumps: tuple[Jump, ...], host: Host) -> StrictConnection:
        """The last bastion before the host; one connection serves all hosts behind it."""
        key = (jumps, host.key, host.known_hosts, host.accept_new)
        with self._lock:
            if key not in self._bastions:
                jump = jumps[-1]
                connection = self._plain(jump.host, jump.user, jump.port, host)
                if jumps[:-1]:
                    connection.gateway = self._bastion(jumps[:-1], host)
                self._bastions[key] = (connection, threading.Lock())
            return self._bastions[key][0]

    def _lock_of(self, bastion: StrictConnection) -> threading.Lock:
        return next(lock for connection, lock in self._bastions.values() if connection is bastion)

    def _known_hosts(self, path: str | None) -> KnownHosts:
        file = str(Path(path).expanduser() if path is not None else USER_FILE.expanduser())
        with self._lock:
            if file not in self._known:
                self._known[file] = KnownHosts(Path(file))
            return self._known[file]

    @contextlib.contextmanager
    def _door(self, connection: StrictConnection, deadline: Deadline) -> Iterator[None]:
        with self._lock:
            address = (str(connection.host), int(connection.port))
            door = self._doors.setdefault(address, threading.Semaphore(MAX_UNAUTHENTICATED))
        if not door.acquire(timeout=deadline.left()):
            raise TimeoutError("waited too long for the connections before ours")
        try:
            yield
        finally:
            door.release()


class SshTransport:
    """The way to one host; connected once, then open for as many agents as sshd's MaxSessions allows."""

    def __init__(self, host: Host, ways: Ways) -> None:
        self._host = host
        self._ways = ways
        self._lock = threading.Lock()
        self._connection: StrictConnection | None = None

    def connect(self, deadline: Deadline) -> None:
        """Log in, unless we are. Raises HostError."""
        with self._lock:
            if self._connection is not None and self._connection.is_connected:
                return
            if not _PYTHON.fullmatch(self._host.python):
                problem = f"python: {self._host.python!r} isn't a plain path"
                raise HostError(problem, "name an interpreter without blanks or quotes")
            connection = self._ways.connection(self._host)
            try:
                self._ways.open(connection, deadline)
            except (paramiko.SSHException, OSError, EOFError, TimeoutError) as error:
                raise _explained(error, connection) from None
            self._connection = connection

    def open(self, deadline: Deadline) -> Pipe:
        """A new agent on the host. Raises HostError."""
        self.connect(deadline)
        connection = self._connection
        assert connection is not None
        try:
            channel = connection.transport.open_session(timeout=deadline.left())
            # Paramiko waits for the answer without end; a closed channel wakes it.
            alarm = threading.Timer(deadline.left(), _close, (channel,))
            alarm.start()
            try:
                channel.exec_command(f"exec {self._host.python} -I -X utf8 -c '{agentsource.BOOT}'")
            finally:
                alarm.cancel()
        except paramiko.ChannelException as error:
            problem = f"it refuses another session ({error.text.lower()})"
            raise unreachable(problem, "see MaxSessions in its sshd_config") from None
        except (paramiko.SSHException, OSError, EOFError) as error:
            self.close()
            raise _explained(error, connection) from None
        return Pipe(channel, lambda: _last_words(channel), lambda: _close(channel))

    def close(self) -> None:
        """Close the connection; whoever waits on it is woken."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.client.close()


def _explained(error: BaseException, connection: StrictConnection) -> HostError:
    return unreachable(*sshtrouble.explain(error, connection.host, connection.user, connection.forget))


def _jumps_of(connection: StrictConnection) -> tuple[Jump, ...]:
    """What ssh_config's ProxyJump says, in the order of passing."""
    hops = str(connection.ssh_config.get("proxyjump", "none"))
    if hops.lower() == "none":
        return ()
    parts = [connection.derive_shorthand(hop.strip()) for hop in hops.split(",")]
    if any(part["host"] == connection.original_host for part in parts):
        return ()  # `Host *` with a ProxyJump speaks of the bastion itself, too
    return tuple(Jump(part["host"], part["user"], part["port"]) for part in parts)


def _close(channel: paramiko.Channel) -> None:
    with contextlib.suppress(paramiko.SSHException, OSError, EOFError):  # the connection may be gone already
        channel.close()


def _last_words(channel: paramiko.Channel) -> str:
    """Why the agent's end of the channel closed: the last line on its standard error, else its exit code."""
    if not channel.status_event.wait(2):
        return "the connection is gone"
    lines = b""
    while channel.recv_stderr_ready() and len(lines) < 65536:
        lines += channel.recv_stderr(65536)
    words = lines.decode(errors="replace").strip().splitlines()
    code = channel.exit_status
    return words[-1] if words else f"exit code {code}" if code >= 0 else "the connection is gone"


def _lively(sock: socket.socket) -> None:
    """Small requests leave at once; a link that is gone is noticed within seconds, not hours."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", 5),
        ("TCP_KEEPINTVL", 3),
        ("TCP_KEEPCNT", 3),
        ("TCP_USER_TIMEOUT", 15_000),
    ):
        if hasattr(socket, name):  # macOS lacks some
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
