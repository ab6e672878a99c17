"""Explains what SSH libraries raise: cause and next step for a person, and whether trying again may help."""

from __future__ import annotations

import errno
import socket
from typing import NamedTuple

import paramiko

from deploy.edge.ssh import phrases
from deploy.edge.ssh.hostkeys import UntrustedKey
from deploy.edge.ssh.login import LoginTrouble
from peer.core.errors import system_words

_HANG_UPS = (EOFError, ConnectionResetError, BrokenPipeError)
_CAN_SSH = "can `ssh` reach it?"
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
        return f"its ProxyCommand ended: {attempt.proxy}", phrases.SEE_PROXY_COMMAND
    if getattr(error, "errno", None) in _NO_DESCRIPTOR:
        return "this machine has no file descriptor left to reach it with", "allow more here: ulimit -n 4096"
    if attempt.lacking:
        problem = f"Paramiko and its sshd have no algorithm in common: {attempt.lacking}"
        return problem, f"update its sshd, or write {phrases.BY_OPENSSH}"
    if isinstance(error, paramiko.ChannelException):
        return phrases.no_way_on(attempt.bastion, attempt.host, attempt.port, error.text.lower())
    if isinstance(error, paramiko.SSHException):
        return _explain_ssh(error, attempt)
    return _explain_network(error, attempt)


def _explain_network(error: BaseException, attempt: Attempt) -> tuple[str, str]:
    if isinstance(error, (socket.gaierror, UnicodeError)):
        return phrases.unresolved(attempt.host)
    if isinstance(error, ConnectionRefusedError):
        return phrases.REFUSED
    if isinstance(error, TimeoutError):
        return phrases.NO_ANSWER
    if isinstance(error, _HANG_UPS):
        return phrases.hang_up(attempt.words)
    if isinstance(error, OSError):
        return system_words(error), phrases.IS_UP
    return f"{type(error).__name__}: {error}", _CAN_SSH


def _explain_ssh(error: paramiko.SSHException, attempt: Attempt) -> tuple[str, str]:
    if _hung_up(error):
        return phrases.hang_up(attempt.words)
    text = str(error)
    # Paramiko tells a handshake that took too long by finding that there is no session.
    if "banner" in text or "protocol version" in text or "No existing session" in text:
        says = f": it says '{attempt.words}'" if attempt.words else ""
        return f"{phrases.MUTE}{says}", phrases.MUTE_REMEDY
    if "Timeout opening channel" in text and attempt.bastion:
        return f"no answer through its bastion {attempt.bastion}", phrases.IS_UP
    return text.lower() or "the connection broke", _CAN_SSH


def _hung_up(error: BaseException) -> bool:
    return isinstance(error, _HANG_UPS) or (
        isinstance(error, paramiko.SSHException) and isinstance(error.__context__, _HANG_UPS)
    )
