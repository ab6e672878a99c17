"""Tests whether hosts reach each other's peer ports: listens on ours for a while, and dials those of the others.

Packets of full size have to get through as well: where a tunnel takes only smaller ones and nobody is told, connections
can be made, and carry nothing.
"""

from __future__ import annotations

import array
import contextlib
import fcntl
import socket
import termios
import threading
import time
from collections import deque
from typing import Deque, Dict, List

from deploy.agent import verbs
from deploy.agent.context import Context

_BACKLOG = 1024
_MOST_GREETED = 256  # connections that are held: any program may make one
_GREETING = b"weft"  # of a listener of ours; a peer that runs says nothing
_GREETING_SECONDS = 1.0
_LARGE = 10_000  # bytes: more than a packet of the largest usual size, 9000
_NARROW = "it answers, but no packet of full size gets through"
_LOOK_SECONDS = 0.01
_listeners: List[socket.socket] = []
_greeted: Deque[socket.socket] = deque(maxlen=_MOST_GREETED)


def listen(request: verbs.Listen, _: Context) -> verbs.Listening:
    """Listen on the ports that can be had."""
    problems: Dict[int, str] = {}
    for port in request.ports:
        try:
            _listeners.append(_listen_on(port))
        except OSError as error:
            problems[port] = (error.strerror or str(error)).lower()
        else:
            threading.Thread(target=_greet, args=(_listeners[-1],), daemon=True).start()
    return verbs.Listening(problems)


def unlisten(_: verbs.Unlisten, __: Context) -> verbs.Done:
    """Close all that `listen` opened."""
    while _listeners:
        listener = _listeners.pop()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)  # wakes who accepts
        listener.close()
    while _greeted:
        _greeted.pop().close()
    return verbs.Done()


def dial(request: verbs.Dial, _: Context) -> verbs.Dialled:
    """Connect to all targets, 32 at a time."""
    from concurrent.futures import ThreadPoolExecutor  # slow to load, and seldom needed

    with ThreadPoolExecutor(min(32, len(request.targets) or 1)) as pool:
        reasons = list(pool.map(lambda target: _why_not(target, request.within), request.targets))
    failed = [(target, reason) for target, reason in zip(request.targets, reasons) if reason]
    return verbs.Dialled(tuple(verbs.Unreached(*target, reason, reason == _NARROW) for target, reason in failed))


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


def _greet(listener: socket.socket) -> None:
    """Send whoever comes a small packet, and then large ones, until the listener is closed."""
    with contextlib.suppress(OSError):
        while True:
            sock, _ = listener.accept()
            _greeted.append(sock)
            with contextlib.suppress(OSError):
                sock.setblocking(False)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for message in (_GREETING, bytes(_LARGE)):
                    sock.send(message)


def _why_not(target: verbs.Target, within: float) -> str:
    """ "" if somebody listens there, else the reason."""
    try:
        sock = socket.create_connection(target, within)
    except socket.timeout:
        return f"no answer within {within:.0f} s"
    except OSError as error:
        return (error.strerror or str(error)).lower()
    with sock:
        return _NARROW if _is_narrow(sock, within) else ""


def _is_narrow(sock: socket.socket, within: float) -> bool:
    """Whether a listener of ours is there, and no packet of full size gets to it or from it."""
    try:
        sock.settimeout(_GREETING_SECONDS)
        if sock.recv(len(_GREETING)) != _GREETING:
            return False
    except OSError:
        return False
    return not _exchanges(sock, time.monotonic() + within)


def _exchanges(sock: socket.socket, deadline: float) -> bool:
    """Whether large packets come and arrive until then; a connection that ends tells nothing against it."""
    left = _LARGE
    try:
        sock.sendall(bytes(_LARGE))
        while left:
            sock.settimeout(max(_LOOK_SECONDS, deadline - time.monotonic()))
            got = len(sock.recv(left))
            if not got:
                return True
            left -= got
    except socket.timeout:
        return False
    except OSError:
        return True
    while _unacknowledged(sock) and time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)
    return not _unacknowledged(sock)


def _unacknowledged(sock: socket.socket) -> int:
    """Bytes that the other machine hasn't taken yet."""
    count = array.array("i", [0])
    fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, count)
    return count[0]
