"""Can the others reach this host's peer ports? Listens on them for a while, and dials those of the others."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Dict, List

from deploy.agent.wire import Answer, Request

_BACKLOG = 1024  # the kernel answers for us: whoever dials is never accepted, and needn't be
_listeners: List[socket.socket] = []


def listen(request: Request) -> Answer:
    """Listen on `ports` until `unlisten` or the agent's end; the ports that can't be had, with the reason."""
    problems: Dict[str, str] = {}
    for port in request["ports"]:
        try:
            _listeners.append(_listen_on(port))
        except OSError as error:
            problems[str(port)] = (error.strerror or str(error)).lower()
    return {"problems": problems}


def unlisten(_: Request) -> Answer:
    """Close all that `listen` opened."""
    while _listeners:
        _listeners.pop().close()
    return {}


def dial(request: Request) -> Answer:
    """Dial `targets` ([host, port] each), `within` seconds for one; the ones that failed, with the reason."""
    targets: List[List[Any]] = request["targets"]
    with ThreadPoolExecutor(min(32, len(targets) or 1)) as pool:
        reasons = list(pool.map(lambda target: _why_not(target[0], target[1], request["within"]), targets))
    return {"problems": [[*target, reason] for target, reason in zip(targets, reasons) if reason]}


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


def _why_not(host: str, port: int, within: float) -> str:
    """The empty text if somebody listens there, else the reason."""
    try:
        socket.create_connection((host, port), within).close()
        return ""
    except socket.timeout:
        return f"no answer within {within:.0f} s"
    except OSError as error:
        return (error.strerror or str(error)).lower()
