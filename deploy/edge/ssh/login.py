"""Logs in with keys in their order, the agent, a password if one was given; tells why a login was refused."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import NamedTuple

import paramiko
from paramiko.auth_strategy import AuthStrategy

from deploy.edge.ssh import phrases
from deploy.edge.ssh.clienttransport import ClientTransport
from deploy.edge.ssh.keyfiles import KeyAgent, UnusableKey, certify, load, public_blob
from deploy.edge.ssh.settings import PKCS11, Settings
from peer.core.errors import system_words

_BEYOND_METHODS = {"GSSAPIAuthentication": "gssapi-with-mic", "HostbasedAuthentication": "hostbased"}


class LoginTrouble(paramiko.AuthenticationException):
    """The login failed: why, and what to do. `gone`: the connection ended."""

    def __init__(self, problem: str, remedy: str, gone: bool = False) -> None:
        super().__init__(problem)
        self.remedy = remedy
        self.gone = gone


class Secrets(NamedTuple):
    """What was named for a login: key files (they must be there), and what Fabric asked for at its start."""

    key_files: tuple[str, ...] = ()
    passphrase: str | None = None
    password: str | None = None


class Login(AuthStrategy):
    """One login; Paramiko calls `authenticate` after the host's key was checked."""

    def __init__(self, settings: Settings, secrets: Secrets) -> None:
        self._settings = settings
        self._secrets = secrets
        self._notes: list[str] = []  # why keys weren't used
        self._locked = False
        self._beyond: list[str] = []  # key files, and options, that Paramiko can't use
        self._partly = False  # a key was accepted, and isn't enough
        self._agent: KeyAgent | None = None

    def authenticate(self, transport: ClientTransport) -> None:
        """Try what there is. Raises LoginTrouble."""
        self._notes, self._locked, self._beyond, self._partly = [], False, [], False  # a connection may be tried again
        try:
            self._try_keys(transport)
        finally:
            if self._agent is not None:
                self._agent.close()

    def _try_keys(self, transport: ClientTransport) -> None:
        tried, left = 0, {"publickey"}
        for key in self._faces():
            tried += 1
            left = self._try(transport, key, left)
            if not left:
                return
            if "publickey" not in left:
                break
        if self._secrets.password is not None and self._try_password(transport):
            return
        raise self._refused(transport, tried, left)

    def _try(self, transport: ClientTransport, key: paramiko.PKey, left: set[str]) -> set[str]:
        """The methods that must still follow; empty once we are in."""
        try:
            left = set(transport.auth_publickey(self._settings.user, key))
            self._partly = self._partly or bool(left)
            return left
        except paramiko.BadAuthenticationType as error:
            return set(error.allowed_types)
        except paramiko.AuthenticationException as error:
            if "pubkey algorithm" in str(error):
                self._notes.append("it takes RSA keys with SHA-1 alone, which Paramiko lacks: use an ed25519 key")
            self._give_up_if_gone(transport, error)
        except paramiko.SSHException as error:
            self._give_up_if_gone(transport, error)
            self._notes.append(f"a key: {str(error).lower()}")
        return left

    def _faces(self) -> Iterator[paramiko.PKey]:
        """Each key with its certificate, if it has one, and then without: the host may know just that."""
        for key in self._keys():
            yield certify(key, self._settings.certificate_files)
            if key.public_blob is not None:
                key.public_blob = None
                yield key

    def _give_up_if_gone(self, transport: ClientTransport, error: Exception) -> None:
        if "timeout" in str(error).lower():
            problem = f"no answer to the login as {self._settings.user} within {transport.auth_timeout:.0f} s"
            raise LoginTrouble(problem, "what does its sshd wait for (DNS, LDAP)?") from None
        if not transport.is_active():
            problem = f"it closed the connection during the login as {self._settings.user}"
            words = transport.words()
            raise LoginTrouble(f"{problem}: {words}" if words else problem, "see sshd's log there", gone=True) from None

    def _try_password(self, transport: ClientTransport) -> bool:
        try:
            return not transport.auth_password(self._settings.user, self._secrets.password)
        except paramiko.SSHException as error:
            self._give_up_if_gone(transport, error)
            self._notes.append("the password was refused")
            return False

    def _keys(self) -> Iterator[paramiko.PKey]:
        """Keys that were named; the agent's that ssh_config names; its files; the agent's others."""
        for path in self._secrets.key_files:
            if not os.path.exists(path):
                raise LoginTrouble(f"key {path}: no such file or directory", phrases.KEY_AT)
        held = self._held()
        yield from self._of_files(self._secrets.key_files, held)
        files = [path for path in self._settings.identity_files if os.path.isfile(path)]
        for blob in [public_blob(path) for path in files]:
            if blob and blob in held:
                yield held.pop(blob)
        yield from self._of_files(tuple(files), held)
        if not self._settings.identities_only:
            yield from held.values()

    def _of_files(self, paths: tuple[str, ...], held: dict[bytes, paramiko.PKey]) -> Iterator[paramiko.PKey]:
        for path in dict.fromkeys(paths):
            blob = public_blob(path)
            if blob and blob in held:
                yield held.pop(blob)
                continue
            try:
                yield load(path, self._secrets.passphrase)
            except UnusableKey as error:
                self._locked = self._locked or error.locked
                if error.beyond:
                    self._beyond.append(path)
                self._notes.append(f"key {path}: {error}")

    def _held(self) -> dict[bytes, paramiko.PKey]:
        """The agent's keys, by their public parts."""
        path = self._settings.identity_agent
        if path is None:
            return {}
        try:
            self._agent = KeyAgent(path)
        except (OSError, paramiko.SSHException, ValueError) as error:
            self._notes.append(f"agent {path}: {system_words(error)}")
            return {}
        return {key.blob: key for key in self._agent.get_keys()}

    def _refused(self, transport: ClientTransport, tried: int, left: set[str]) -> LoginTrouble:
        user = self._settings.user
        if self._partly or "publickey" not in left:
            return LoginTrouble(*phrases.other_login(left, self._partly))
        notes = "; ".join(dict.fromkeys(self._notes))
        if not tried:
            problem = f"there is no key to log in with as {user}"
        else:
            problem = f"login as {user} refused"
            said = transport.banner_words()
            problem += f": {said}" if said else ""
        remedy = phrases.ADD_TO_AGENT if self._locked else phrases.NO_LOGIN
        beyond = [*dict.fromkeys(self._beyond), *self._options_beyond(transport)]
        if beyond:
            remedy += f" For {', '.join(beyond)}, write {phrases.BY_OPENSSH}"
            remedy += phrases.OF_TOKEN if PKCS11 in beyond else ""
        return LoginTrouble(f"{problem}; {notes}" if notes else problem, remedy)

    def _options_beyond(self, transport: ClientTransport) -> list[str]:
        """Options of ssh_config that Paramiko lacks, and that this host would accept."""
        if not self._settings.beyond or not transport.is_active():
            return []
        offered = {"publickey"}
        with contextlib.suppress(EOFError, paramiko.AuthenticationException, paramiko.SSHException):
            try:
                transport.auth_none(self._settings.user)  # the one way to be told
            except paramiko.BadAuthenticationType as error:
                offered.update(error.allowed_types)
        return [name for name in self._settings.beyond if _BEYOND_METHODS.get(name, "publickey") in offered]
