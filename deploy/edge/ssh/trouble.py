"""Explains what SSH libraries raise: cause and next step for a person, and whether trying again may help."""

from __future__ import annotations

import errno
import socket
from typing import NamedTuple

import paramiko

from deploy.edge.ssh.hostkeys import UntrustedKey
from deploy.edge.ssh.login import LoginTrouble
from peer.core.errors import system_words

_HANG_UPS = (EOFError, ConnectionResetError, BrokenPipeError)
_CAN_SSH = "can `ssh` reach it?"
_IS_UP = "is the host up, and the address right?"
_BUSY = "see sshd's log there: too many simultaneous connections?"
_MUTE = "something listens there, but it doesn't speak SSH"
_NO_DESCRIPTOR = (errno.EMFILE, errno.ENFILE)


class Attempt(NamedTuple):
    """What is known of a connection that failed: apart from its error, what the other end or a ProxyCommand wrote."""

    host: str
    port: int
    words: str = ""
    proxy: str = ""  # the last words of a ProxyCommand that has ended
    lacking: str = ""  # the algorithms of the other end, where we know none of them
    bastion: str = ""  # through which it was tried


def worth_a_retry(error: BaseException, attempt: Attempt) -> bool:
    """Whether sshd hung up before it said anything, as it does when too many connect simultaneously."""
    silent = not attempt.words or "MaxStartups" in attempt.words
    return _hung_up(error) and silent and not attempt.proxy


def explain(error: BaseException, attempt: Attempt) -> tuple[str, str]:
    """(cause, next step) of a failed connection."""
    if isinstance(error, UntrustedKey) or (isinstance(error, LoginTrouble) and not (error.gone and attempt.proxy)):
        return str(error), error.remedy
    if attempt.proxy:
        return f"its ProxyCommand ended: {attempt.proxy}", "see ProxyCommand in your ssh_config"
    if getattr(error, "errno", None) in _NO_DESCRIPTOR:
        return "this machine has no file descriptor left to reach it with", "allow more here: ulimit -n 4096"
    if attempt.lacking:
        problem = f"Paramiko and its sshd have no algorithm in common: {attempt.lacking}"
        return problem, "update its sshd, or its sshd_config"
    if isinstance(error, paramiko.ChannelException):
        problem = f"its bastion {attempt.bastion} can't connect to {attempt.host} port {attempt.port}"
        return f"{problem}: {error.text.lower()}", "does it allow forwarding, and is the host up?"
    if isinstance(error, paramiko.SSHException):
        return _explain_ssh(error, attempt)
    return _explain_network(error, attempt)


def _explain_network(error: BaseException, attempt: Attempt) -> tuple[str, str]:
    if isinstance(error, (socket.gaierror, UnicodeError)):
        return f"{attempt.host} can't be resolved", "is the address right?"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused", "is sshd running on that port?"
    if isinstance(error, TimeoutError):
        return "no answer", _IS_UP
    if isinstance(error, _HANG_UPS):
        return _hang_up(attempt)
    if isinstance(error, OSError):
        return system_words(error), _IS_UP
    return f"{type(error).__name__}: {error}", _CAN_SSH


def _explain_ssh(error: paramiko.SSHException, attempt: Attempt) -> tuple[str, str]:
    if _hung_up(error):
        return _hang_up(attempt)
    text = str(error)
    # Paramiko tells a handshake that took too long by finding that there is no session.
    if "banner" in text or "protocol version" in text or "No existing session" in text:
        says = f": it says '{attempt.words}'" if attempt.words else ""
        return f"{_MUTE}{says}", "is that the right port, and sshd alive?"
    if "Timeout opening channel" in text and attempt.bastion:
        return f"no answer through its bastion {attempt.bastion}", _IS_UP
    return text.lower() or "the connection broke", _CAN_SSH


def _hang_up(attempt: Attempt) -> tuple[str, str]:
    problem = "it closed the connection before the login"
    if attempt.words:
        return f"{problem}: {attempt.words}", "see sshd's log there"
    return problem, _BUSY


def _hung_up(error: BaseException) -> bool:
    return isinstance(error, _HANG_UPS) or (
        isinstance(error, paramiko.SSHException) and isinstance(error.__context__, _HANG_UPS)
    )
