"""How hosts are reached: their settings, their bastions, the known keys; and a queue for each sshd."""

from __future__ import annotations

import contextlib
import os
import random
import re
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import sleep
from typing import Any

import paramiko

from deploy.core.inventory import Host, Jump
from deploy.edge.hosts.deadline import Deadline
from deploy.edge.hosts.errors import HostError, unreachable
from deploy.edge.ssh import trouble
from deploy.edge.ssh.connection import StrictConnection, empty_config, secrets_of
from deploy.edge.ssh.hostkeys import SYSTEM_FILES, USER_FILES, KnownHosts
from deploy.edge.ssh.settings import Settings, SshConfig

MAX_UNAUTHENTICATED = 8  # sshd's MaxStartups begins to refuse at 10
_RETRIES = 6  # of a connection that sshd closed before it said anything
_JUMP = re.compile(r"(?:ssh://)?(?:(?P<user>[^@]+)@)?(?:\[(?P<six>[^\]]+)\]|(?P<host>[^:@]+))(?::(?P<port>\d+))?/?")


class BastionError(HostError):
    """A bastion on the way to the host can't be reached."""


class Routes:
    """What a chain's connections share. For many threads."""

    def __init__(self, config: Any = None) -> None:
        """`config` is Fabric's: it holds what its own options -S, -i and -t say."""
        self.config = config if config is not None else empty_config()
        self._secrets = secrets_of(self.config)
        self._timeout = self.config.connect_kwargs.get("timeout")
        self._ssh_config = SshConfig(self.config._runtime_ssh_path)
        self._lock = threading.RLock()
        self._known: dict[tuple[object, ...], KnownHosts] = {}
        self._queues: dict[tuple[str, int], threading.Semaphore] = {}
        self._bastions: dict[tuple[object, ...], StrictConnection] = {}

    def connection(self, host: Host) -> StrictConnection:
        """A connection to the host, through its bastions, not yet open. Raises HostError."""
        settings = self._settings(host.address, host.user, host.port)
        jumps = host.jump or _jumps_of(settings)
        connection = self._made(settings, host)
        if jumps:
            connection.bastion = self._bastion(jumps, host, (connection.label,))
        return connection

    def open(self, connection: StrictConnection, deadline: Deadline) -> None:
        """Open the connection, its bastion first; queue before its sshd, and again if that was too busy.

        Raises HostError.
        """
        if connection.bastion is not None:
            self._open_bastion(connection.bastion, deadline)
        for attempt in range(_RETRIES):
            try:
                with self._turn(connection, deadline):
                    connection.open()
                return
            except HostError:
                raise
            except Exception as error:  # whatever it is, it concerns this host alone
                known = connection.attempt()
                pause = random.uniform(0.1, 0.4) * 2**attempt
                again = attempt < _RETRIES - 1 and deadline.leaves(pause) and trouble.worth_a_retry(error, known)
                if not again:
                    raise unreachable(*trouble.explain(error, known)) from None
            sleep(pause)  # the one sleep that is meant: sshd turned us away because too many came together

    def close(self) -> None:
        """Close the bastions."""
        for connection in list(self._bastions.values()):
            connection.client.close()

    def _open_bastion(self, bastion: StrictConnection, deadline: Deadline) -> None:
        """One login serves all hosts; what went wrong is told for each of them, and tried once."""
        with bastion.opening:
            if bastion.failed is None:
                try:
                    self.open(bastion, deadline)
                except HostError as error:
                    bastion.failed = _of_bastion(error, bastion.label)
            if bastion.failed is not None:
                raise bastion.failed from None

    def _settings(self, name: str, user: str | None, port: int | None) -> Settings:
        settings = self._ssh_config.settings(name, user, port)
        return settings if self._timeout is None else settings._replace(connect_timeout=float(self._timeout))

    def _made(self, settings: Settings, host: Host) -> StrictConnection:
        connection = StrictConnection(settings, self.config)
        secrets = self._secrets
        if host.key is not None:
            own = os.path.expanduser(host.key)
            secrets = secrets._replace(key_files=(*secrets.key_files, own))
        try:
            connection.trust(self._known_hosts(host.known_hosts, settings), host.accept_new, secrets)
        except paramiko.SSHException as error:
            raise unreachable(*trouble.explain(error, connection.attempt())) from None
        return connection

    def _bastion(self, jumps: Sequence[Jump], host: Host, trail: tuple[str, ...]) -> StrictConnection:
        """The last bastion before the host; the first of them may have some of its own."""
        jump = jumps[-1]
        key = (tuple(jumps), host.key, host.known_hosts, host.accept_new)
        with self._lock:
            found = self._bastions.get(key)
        if found is not None:
            return found
        try:
            settings = self._settings(jump.host, jump.user, jump.port)
            connection = self._made(settings, host)
            if connection.label in trail:
                circle = ", ".join((*trail, connection.label))
                raise unreachable(f"it is in a circle: {circle}", "see ProxyJump in your ssh_config")
            before = jumps[:-1] or _jumps_of(settings)
            connection.bastion = self._bastion(before, host, (*trail, connection.label)) if before else None
        except HostError as error:
            raise _of_bastion(error, jump.host) from None
        with self._lock:
            return self._bastions.setdefault(key, connection)

    def _known_hosts(self, path: str | None, settings: Settings) -> KnownHosts:
        """The known keys: the inventory's file comes before ssh_config's, and that before the usual ones."""
        usual = [file.expanduser() for file in USER_FILES]
        named = (
            [Path(os.path.expanduser(path))]
            if path is not None
            else [Path(one) for one in settings.known_hosts] or usual
        )
        system = [Path(one) for one in settings.system_known_hosts] or list(SYSTEM_FILES)
        others = [*usual, *map(Path, settings.known_hosts), *SYSTEM_FILES]
        key = (*named, *system, *others, settings.revoked_keys)
        with self._lock:
            if key not in self._known:
                self._known[key] = KnownHosts([*named, *system], others, settings.revoked_keys)
            return self._known[key]

    @contextlib.contextmanager
    def _turn(self, connection: StrictConnection, deadline: Deadline) -> Iterator[None]:
        with self._lock:
            address = (connection.settings.hostname, connection.settings.port)
            queue = self._queues.setdefault(address, threading.Semaphore(MAX_UNAUTHENTICATED))
        if not queue.acquire(timeout=deadline.left()):
            raise unreachable("the connections before it took too long", "is its sshd slow? run it again")
        try:
            yield
        finally:
            queue.release()


def _of_bastion(error: HostError, name: str) -> BastionError:
    """The error as that of the bastion where it came up."""
    if isinstance(error, BastionError):
        return error
    return BastionError(f"its bastion {name}: {error.problem}", error.remedy, error.state)


def _jumps_of(settings: Settings) -> tuple[Jump, ...]:
    """The bastions of ssh_config's ProxyJump, in the order in which they are passed."""
    if not settings.proxy_jump:
        return ()
    jumps = tuple(_jump(one.strip()) for one in settings.proxy_jump.split(","))
    if any(jump.host == settings.name and jump.port in (None, settings.port) for jump in jumps):
        return ()  # `Host *` with a ProxyJump is about the bastion itself, too
    return jumps


def _jump(text: str) -> Jump:
    found = _JUMP.fullmatch(text)
    if found is None:
        raise unreachable(f"ProxyJump: '{text}' isn't a host", "write it as user@host:port in your ssh_config")
    return Jump(found["six"] or found["host"], found["user"], int(found["port"]) if found["port"] else None)
