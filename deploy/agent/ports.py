"""Tests whether hosts reach each other's peer ports: listens on ours for a while, and dials those of the others."""

from __future__ import annotations

import socket
from typing import Dict, List

from deploy.agent import verbs
from deploy.agent.context import Context

_BACKLOG = 1024  # the kernel answers for us: connections are never accepted, and needn't be
_listeners: List[socket.socket] = []


def listen(request: verbs.Listen, _: Context) -> verbs.Listening:
    """Listen on the ports that can be had."""
    problems: Dict[int, str] = {}
    for port in request.ports:
        try:
            _listeners.append(_listen_on(port))
        except OSError as error:
            problems[port] = (error.strerror or str(error)).lower()
    return verbs.Listening(problems)


def unlisten(_: verbs.Unlisten, __: Context) -> verbs.Done:
    """Close all that `listen` opened."""
    while _listeners:
        _listeners.pop().close()
    return verbs.Done()


def dial(request: verbs.Dial, _: Context) -> verbs.Dialled:
    """Connect to all targets, 32 at a time."""
    from concurrent.futures import ThreadPoolExecutor  # slow to load, and seldom needed

    with ThreadPoolExecutor(min(32, len(request.targets) or 1)) as pool:
        reasons = list(pool.map(lambda target: _why_not(target, request.within), request.targets))
    failed = [(target, reason) for target, reason in zip(request.targets, reasons) if reason]
    return verbs.Dialled(tuple(verbs.Unreached(*target, reason) for target, reason in failed))


def _listen_on(port: int) -> socket.socket:
    family = socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind(("", port))
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _why_not(target: verbs.Target, within: float) -> str:
    """ "" if somebody listens there, else the reason."""
    try:
        socket.create_connection(target, within).close()
        return ""
    except socket.timeout:
        return f"no answer within {within:.0f} s"
    except OSError as error:
        return (error.strerror or str(error)).lower()
