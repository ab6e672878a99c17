"""How hosts are reached by Paramiko: connections through their bastions, which they share, and the known keys."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import paramiko

from deploy.core.inventory import Host
from deploy.edge.hosts.deadline import Deadline
from deploy.edge.hosts.errors import HostError, unreachable
from deploy.edge.ssh import trouble
from deploy.edge.ssh.connection import StrictConnection, empty_config, secrets_of
from deploy.edge.ssh.hostkeys import SYSTEM_FILES, USER_FILES, KnownHosts
from deploy.edge.ssh.settings import Settings
from deploy.edge.ssh.ways import Busy, Hops, Ways, of_bastion, patient


class Routes:
    """What a chain's connections share. For many threads."""

    def __init__(self, config: Any = None) -> None:
        """`config` is Fabric's: it holds what its own options -S, -i and -t say."""
        self.config = config if config is not None else empty_config()
        timeout = self.config.connect_kwargs.get("timeout")
        self.ways = Ways(self.config._runtime_ssh_path, timeout, secrets_of(self.config))
        self._lock = threading.RLock()
        self._known: dict[tuple[object, ...], KnownHosts] = {}
        self._bastions: dict[tuple[object, ...], StrictConnection] = {}

    def connection(self, host: Host) -> StrictConnection:
        """A connection to the host, through its bastions, not yet open. Raises HostError."""
        hops = self.ways.hops(host)
        connection = self._made(hops[-1], host)
        for place in range(1, len(hops)):
            connection.bastion = self._bastion(hops[:place], host, connection.bastion)
        return connection

    def open(self, connection: StrictConnection, deadline: Deadline) -> None:
        """Open the connection, its bastion first; queue before its sshd, and again if that was too busy.

        Raises HostError.
        """
        if connection.bastion is not None:
            self._open_bastion(connection.bastion, deadline)
        patient(lambda: self._open_once(connection, deadline), deadline)

    def close(self) -> None:
        """Close the bastions."""
        for connection in list(self._bastions.values()):
            connection.client.close()

    def _open_once(self, connection: StrictConnection, deadline: Deadline) -> None:
        try:
            with self.ways.turn([connection.settings], deadline):
                connection.open()
        except HostError:
            raise
        except Exception as error:  # whatever it is, it concerns this host alone
            known = connection.attempt()
            failure = unreachable(*trouble.explain(error, known))
            raise Busy(failure) if trouble.worth_a_retry(error, known) else failure from None

    def _open_bastion(self, bastion: StrictConnection, deadline: Deadline) -> None:
        """One login serves all hosts; what went wrong is told for each of them, and tried once."""
        with bastion.opening:
            if bastion.failed is None:
                try:
                    self.open(bastion, deadline)
                except HostError as error:
                    bastion.failed = of_bastion(error, bastion.label)
            if bastion.failed is not None:
                raise bastion.failed from None

    def _made(self, settings: Settings, host: Host) -> StrictConnection:
        connection = StrictConnection(settings, self.config)
        secrets = self.ways.secrets
        if host.key is not None:
            own = os.path.expanduser(host.key)
            secrets = secrets._replace(key_files=(*secrets.key_files, own))
        try:
            connection.trust(self._known_hosts(host.known_hosts, settings), host.accept_new, secrets)
        except paramiko.SSHException as error:
            raise unreachable(*trouble.explain(error, connection.attempt())) from None
        return connection

    def _bastion(self, hops: Hops, host: Host, before: StrictConnection | None) -> StrictConnection:
        """The last of the bastions `hops`, after the one `before` it."""
        key = (hops, host.key, host.known_hosts, host.accept_new)
        with self._lock:
            found = self._bastions.get(key)
        if found is not None:
            return found
        try:
            connection = self._made(hops[-1], host)
        except HostError as error:
            raise of_bastion(error, hops[-1].name) from None
        connection.bastion = before
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
