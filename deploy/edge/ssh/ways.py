"""What is common to all ways to hosts: the settings of each hop, and a queue before each sshd, with further tries."""

from __future__ import annotations

import contextlib
import random
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from time import sleep
from typing import TypeVar

from deploy.core.inventory import Host, Jump
from deploy.edge.hosts.deadline import Deadline
from deploy.edge.hosts.errors import HostError, unreachable
from deploy.edge.ssh.login import Secrets
from deploy.edge.ssh.settings import Settings, SshConfig

T = TypeVar("T")
Hops = tuple[Settings, ...]  # the bastions in the order in which they are passed, then the host

MAX_UNAUTHENTICATED = 8  # sshd's MaxStartups begins to refuse at 10
_TRIES = 6  # of a connection that sshd closed before it said anything
_JUMP = re.compile(r"(?:ssh://)?(?:(?P<user>[^@]+)@)?(?:\[(?P<six>[^\]]+)\]|(?P<host>[^:@]+))(?::(?P<port>\d+))?/?")


class BastionError(HostError):
    """A bastion on the way to the host can't be reached."""


class Busy(Exception):
    """sshd turned us away because too many came together; `error` is what to tell if it goes on like this."""

    def __init__(self, error: HostError) -> None:
        super().__init__(str(error))
        self.error = error


class Ways:
    """What a chain's connections share. For many threads.

    `path`, `timeout` (seconds) and `secrets` are what Fabric's own options say.
    """

    def __init__(self, path: str | None, timeout: float | None, secrets: Secrets) -> None:
        self.secrets = secrets
        self._timeout = timeout
        self._ssh_config = SshConfig(path)
        self._lock = threading.Lock()
        self._queues: dict[tuple[str, int], threading.Semaphore] = {}

    def hops(self, host: Host) -> Hops:
        """The way to a host. Raises HostError."""
        settings = self._settings(host.address, host.user, host.port)
        return (*self._before(host.jump or _jumps_of(settings), (settings.label,)), settings)

    @contextlib.contextmanager
    def turn(self, hops: Sequence[Settings], deadline: Deadline) -> Iterator[None]:
        """Our turn to log in at each of these sshds. Raises HostError."""
        addresses = sorted(
            {(settings.hostname, settings.port) for settings in hops}
        )  # in one order for all: no deadlock
        with contextlib.ExitStack() as held:
            for address in addresses:
                with self._lock:
                    queue = self._queues.setdefault(address, threading.Semaphore(MAX_UNAUTHENTICATED))
                if not queue.acquire(timeout=deadline.left()):
                    raise unreachable("the connections before it took too long", "is its sshd slow? run it again")
                held.callback(queue.release)
            yield

    def _settings(self, name: str, user: str | None, port: int | None) -> Settings:
        settings = self._ssh_config.settings(name, user, port)
        return settings if self._timeout is None else settings._replace(connect_timeout=float(self._timeout))

    def _before(self, jumps: Sequence[Jump], trail: tuple[str, ...]) -> Hops:
        """The bastions on the way to whatever comes after `jumps`; the first of these may have some of its own."""
        if not jumps:
            return ()
        jump = jumps[-1]
        try:
            settings = self._settings(jump.host, jump.user, jump.port)
            if settings.label in trail:
                circle = ", ".join((*trail, settings.label))
                raise unreachable(f"it is in a circle: {circle}", "see ProxyJump in your ssh_config")
            return (*self._before(jumps[:-1] or _jumps_of(settings), (*trail, settings.label)), settings)
        except HostError as error:
            raise of_bastion(error, jump.host) from None


def of_bastion(error: HostError, name: str) -> BastionError:
    """The error as that of the bastion where it came up."""
    if isinstance(error, BastionError):
        return error
    return BastionError(f"its bastion {name}: {error.problem}", error.remedy, error.state)


def patient(once: Callable[[], T], deadline: Deadline) -> T:
    """`once()`, and again while it raises Busy, as long as that makes sense. Raises HostError."""
    before: HostError | None = None
    for pauses in range(_TRIES):
        try:
            return once()
        except Busy as busy:
            before, pause = busy.error, random.uniform(0.1, 0.4) * 2**pauses
            if pauses == _TRIES - 1 or not deadline.leaves(pause):
                raise before from None
        except HostError:
            if before is None or not deadline.passed:
                raise
            raise before from None  # the deadline cut this try short, so it tells less than the one before it
        sleep(pause)  # the one sleep that is meant
    raise AssertionError("the last try returns or raises")


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
