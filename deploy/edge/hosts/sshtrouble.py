"""Explains what SSH libraries raise: cause and next step for a person, and whether trying again may help."""

from __future__ import annotations

import re
import socket

import paramiko
from paramiko.ssh_exception import NoValidConnectionsError

from deploy.edge.hosts.hostkeys import UntrustedKey

# Paramiko reads a key as one kind after the other. Where the right one was refused, it tells of the last wrong try.
_MISREAD = re.compile(r"encountered .* key, expected|not a valid .* private key")
_HANG_UPS = (EOFError, ConnectionResetError, BrokenPipeError)
_CAN_SSH = "can `ssh` reach it?"
_IS_UP = "is the host up, and the address right?"
_PASSPHRASE = "add the key to your agent: ssh-add"
_NO_LOGIN = "is your key in authorized_keys there, and `user` right?"
_BUSY = "see sshd's log there: too many connections at once?"
_MUTE = "something listens there, but it doesn't speak SSH"
_NOTE_KEY = "compare it with the host's own, then note it with ssh once, or say `accept_new: true`"


def worth_a_retry(error: BaseException) -> bool:
    """Whether sshd hung up before it said anything, as it does when too many knock at once."""
    banner = isinstance(error, paramiko.SSHException) and isinstance(error.__context__, _HANG_UPS)
    return isinstance(error, _HANG_UPS) or banner


def explain(error: BaseException, host: str, user: str, forget: str) -> tuple[str, str]:
    """(cause, next step) of a failed connection to `host` as `user`; `forget`: the command that drops its old key."""
    if isinstance(error, paramiko.BadHostKeyException):
        return _changed_key(error, forget)
    if isinstance(error, (FileNotFoundError, PermissionError)) and error.filename:
        return f"key {error.filename}: {(error.strerror or '').lower()}", "name your identity file with `key`"
    if isinstance(error, UntrustedKey):
        return str(error), _NOTE_KEY if "unknown" in str(error) else "don't use this host"
    if isinstance(error, NoValidConnectionsError):
        error = next(iter(error.errors.values()))  # one for each address of the name; the first will do
    for kind, cause, remedy in _known_troubles(host, user):
        if isinstance(error, kind) or (kind is paramiko.AuthenticationException and _MISREAD.search(str(error))):
            return cause, remedy
    if isinstance(error, paramiko.SSHException):
        return _explain_ssh(error)
    return (getattr(error, "strerror", "") or str(error) or type(error).__name__).lower(), _IS_UP


def _known_troubles(
    host: str, user: str
) -> list[tuple[type[BaseException] | tuple[type[BaseException], ...], str, str]]:
    return [
        (paramiko.PasswordRequiredException, "its key needs a passphrase", _PASSPHRASE),
        (paramiko.AuthenticationException, f"login as {user} refused", _NO_LOGIN),
        (
            paramiko.ChannelException,
            "the bastion can't reach it",
            "does it allow forwarding, and is the host up?",
        ),
        (socket.gaierror, f"{host} can't be resolved", "is the address right?"),
        (ConnectionRefusedError, "connection refused", "is sshd running on that port?"),
        (TimeoutError, "no answer", _IS_UP),
        (_HANG_UPS, "it closed the connection before the login", _BUSY),
    ]


def _changed_key(error: paramiko.BadHostKeyException, forget: str) -> tuple[str, str]:
    shown, noted = error.key.fingerprint, error.expected_key.fingerprint
    remedy = f"somebody may be in between; only if it was set up anew: {forget}"
    return f"its host key has CHANGED: it shows {shown}, on file is {noted}", remedy


def _explain_ssh(error: paramiko.SSHException) -> tuple[str, str]:
    if isinstance(error.__context__, _HANG_UPS):
        return "it closed the connection before the login", _BUSY
    # Paramiko tells a handshake that took too long by finding that there is no session.
    if isinstance(error.__context__, TimeoutError) or "No existing session" in str(error):
        return _MUTE, "is that the right port, and sshd alive?"
    return str(error).lower() or "the connection broke", _CAN_SSH
