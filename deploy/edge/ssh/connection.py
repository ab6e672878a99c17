"""A Fabric connection with checked host keys and bounded waits; the one module that imports fabric."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import fabric
import paramiko

from deploy.edge.hosts.errors import HostError
from deploy.edge.ssh.clienttransport import ClientTransport
from deploy.edge.ssh.hostkeys import KnownHosts, Names
from deploy.edge.ssh.login import Login, Secrets
from deploy.edge.ssh.proxycommand import ProxySocket
from deploy.edge.ssh.settings import Settings
from deploy.edge.ssh.tcpdial import dial
from deploy.edge.ssh.trouble import Attempt

CONNECT_SECONDS = 12  # TCP's answer, and that of a bastion which connects for us
BANNER_SECONDS = 30  # the first line of a host that looks names up; and then the key exchange
AUTH_SECONDS = 40  # an answer to a key, of a host that asks a directory for it
_GONE_SECONDS = 15  # without an answer of the other end's TCP
_LONGEST_PATIENCE = 86_400  # seconds; what a system takes

logging.getLogger("paramiko").addHandler(logging.NullHandler())  # its tracebacks are our HostErrors
logging.getLogger("paramiko").propagate = False


class StrictConnection(fabric.Connection):
    """A Fabric connection with strict host keys, a login of our own, and an eye on the link."""

    # Fabric takes an attribute that no class declares for configuration, which all connections share: it empties that
    # and fills it again, and a connection that another thread opens meanwhile falls over what is missing.
    settings: Settings = None  # type: ignore[assignment]  # each has its own
    bastion: StrictConnection | None = None  # through which it goes
    wire: ClientTransport | None = None  # the last one, open or not
    proxy: ProxySocket | None = None
    inline_ssh_env = True  # Fabric's own, and not declared there
    kinds: Sequence[str] = ()  # of the host keys that are on file
    opening = threading.Lock()  # each has its own: a bastion serves many hosts, and one of them opens it
    failed: HostError | None = None  # why a bastion couldn't be opened

    def __init__(self, settings: Settings, config: fabric.Config) -> None:
        super().__init__(
            settings.hostname,
            user=settings.user,
            port=settings.port,
            config=config,
            gateway=False,
            forward_agent=False,
            connect_timeout=0,  # Paramiko would take a handshake that is too slow for a finished one
            connect_kwargs={"channel_timeout": CONNECT_SECONDS, "transport_factory": self._wire_of},
        )
        self.settings = settings
        self.opening = threading.Lock()

    @property
    def label(self) -> str:
        """What a person calls it."""
        return self.settings.label

    def trust(self, known: KnownHosts, accept_new: bool, secrets: Secrets) -> None:
        """Check this host's key against `known`, then log in with what there is."""
        names = names_of(self.settings)
        self.kinds = known.kinds_of(names)
        self.client.set_missing_host_key_policy(_Policy(known, names, accept_new, self.settings.strict))
        self.connect_kwargs["auth_strategy"] = Login(self.settings, secrets)
        self.connect_kwargs["auth_timeout"] = AUTH_SECONDS
        self.connect_kwargs["banner_timeout"] = self.settings.connect_timeout or BANNER_SECONDS

    def open(self) -> None:
        """Connect and log in; a failure leaves no half-open connection."""
        if self.is_connected:
            return
        self.wire = None
        sock = self._socket()
        self.connect_kwargs["sock"] = sock
        try:
            super().open()
        except BaseException:
            self.client.close()
            sock.close()
            raise
        _keep_alive(self.transport, self.settings)
        if self.wire is not None:
            self.wire.rest(self.settings.alive_interval)
        if isinstance(sock, socket.socket):
            _lively(sock, self.settings)

    def attempt(self) -> Attempt:
        """What is known besides an error after `open` failed, or the connection broke."""
        wire = self.wire
        return Attempt(
            host=self.settings.hostname,
            port=self.settings.port,
            words=wire.words() if wire is not None else "",
            proxy=self.proxy.last_words() if self.proxy is not None else "",
            lacking=wire.lacking() if wire is not None else "",
            bastion=self.bastion.label if self.bastion is not None else "",
        )

    def _socket(self) -> Any:
        address = (self.settings.hostname, self.settings.port)
        if self.bastion is not None:
            return self.bastion.transport.open_channel("direct-tcpip", address, ("", 0), timeout=CONNECT_SECONDS)
        if self.settings.proxy_command:
            self.proxy = ProxySocket(self.settings.proxy_command)
            return self.proxy
        seconds = self.settings.connect_timeout or CONNECT_SECONDS
        return dial(*address, seconds, self.settings.address_family, self.settings.bind_address)

    def _wire_of(self, sock: Any, **options: Any) -> ClientTransport:
        self.wire = ClientTransport(sock, self.kinds, self.settings.connect_timeout or BANNER_SECONDS, **options)
        return self.wire


def empty_config(connecting: Mapping[str, Any] | None = None, ssh_config: str | None = None) -> fabric.Config:
    """Fabric's configuration without any of its files. `connecting`: what Fabric calls connect_kwargs.

    `ssh_config`: the one to read; that is done elsewhere.
    """
    overrides = {"connect_kwargs": dict(connecting or {})}
    return fabric.Config(lazy=True, ssh_config=paramiko.SSHConfig(), runtime_ssh_path=ssh_config, overrides=overrides)


def secrets_of(config: fabric.Config) -> Secrets:
    """What Fabric's own -i and its prompts have brought in."""
    given = config.connect_kwargs
    files = given.get("key_filename") or ()
    files = (files,) if isinstance(files, str) else files
    return Secrets(tuple(os.path.expanduser(one) for one in files), given.get("passphrase"), given.get("password"))


def names_of(settings: Settings) -> Names:
    """What the host is called in known_hosts."""
    if settings.host_key_alias:
        return Names(settings.host_key_alias)
    if settings.port == 22:
        return Names(settings.hostname)
    return Names(f"[{settings.hostname}]:{settings.port}", settings.hostname)


class _Policy(paramiko.MissingHostKeyPolicy):
    """Decides about every key: we leave Paramiko none to compare with."""

    def __init__(self, known: KnownHosts, names: Names, accept_new: bool, strict: bool) -> None:
        self._known = known
        self._names = names
        self._accept_new = accept_new
        self._strict = strict

    def missing_host_key(self, client: object, hostname: str, key: paramiko.PKey) -> None:
        """Called by Paramiko within the handshake; raising ends the connection."""
        self._known.check(self._names, key.asbytes(), key.get_name(), self._accept_new, self._strict)


def _keep_alive(transport: paramiko.Transport, settings: Settings) -> None:
    """Say something now and then, also through bastions and ProxyCommands, where ssh_config wants it."""
    if settings.alive_interval:
        transport.set_keepalive(max(1, round(settings.alive_interval)))


def _lively(sock: socket.socket, settings: Settings) -> None:
    """Small requests leave immediately; a link that is gone is noticed within seconds, not hours."""
    patience = settings.alive_interval * settings.alive_count or _GONE_SECONDS
    with contextlib.suppress(OSError):  # it may have ended already; whoever uses it will be told
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in (
            ("TCP_KEEPIDLE", 5),
            ("TCP_KEEPINTVL", 3),
            ("TCP_KEEPCNT", 3),
            ("TCP_USER_TIMEOUT", round(min(patience, _LONGEST_PATIENCE) * 1000)),
        ):
            if hasattr(socket, name):  # macOS lacks some
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
