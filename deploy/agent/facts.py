"""What `check` and `deploy` ask about a host: its Python, folder, disk, ports and clock, and what is there already."""

from __future__ import annotations

import errno
import getpass
import hashlib
import json
import os
import socket
import sys
import time
from typing import Dict, List

from deploy.agent import locks, logind, paths, survey, verbs
from deploy.agent.context import Context
from deploy.agent.wire import CHUNK
from peer.core import folder
from peer.edge.files import free_bytes

_PUSHED = (folder.CODE, folder.COMMON, folder.PEER_INFO, folder.SWARM)


def facts(request: verbs.Facts, context: Context) -> verbs.Machine:
    """The machine."""
    home = paths.home_of(context.home)
    existing, problem = survey.nearest(home)
    user = _user()
    return verbs.Machine(
        clock=time.time(),
        python=".".join(map(str, sys.version_info[:3])),
        user=user,
        name=socket.gethostname(),
        home=home,
        tls=_why_no_tls(),
        writable=problem or survey.why_not_writable(existing),
        free=free_bytes(existing),
        ends_sessions=logind.ends_sessions(user),
        ports={port: _why_port_taken(home, peer, port) for peer, port in request.ports},
    )


def _user() -> str:
    """Our user name here; its number where it has no name, as in containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def state(_: verbs.State, context: Context) -> verbs.SwarmFolder:
    """The swarm's folder."""
    home = paths.home_of(context.home)
    deployed = paths.is_marked(home)
    return verbs.SwarmFolder(
        home=home,
        deployed=deployed,
        tls=_why_no_tls(),
        run=run_of(home),
        have=_hashes(home) if deployed else {},
        living=locks.living(home, paths.peers_here(home)),
    )


def run_of(home: str) -> str:
    """The run in swarm.json; "" where there is no such file."""
    try:
        with open(os.path.join(home, folder.SWARM), "rb") as file:
            return str(json.load(file).get("run", ""))
    except (OSError, ValueError, AttributeError):
        return ""


def hash_file(path: str) -> str:
    """SHA-256 of a file, as hex."""
    sha = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(CHUNK), b""):
            sha.update(block)
    return sha.hexdigest()


def _hashes(home: str) -> Dict[str, str]:
    return {name: hash_file(os.path.join(home, name)) for name in _pushed(home)}


def _pushed(home: str) -> List[str]:
    files = list(_PUSHED)
    for keys in filter(folder.is_keys, os.listdir(home)):
        files += [f"{keys}/{name}" for name in os.listdir(os.path.join(home, keys))]
    return [name for name in files if os.path.isfile(os.path.join(home, name))]


def _why_no_tls() -> str:
    """ "" if this Python speaks TLS 1.3; else why not."""
    try:
        import ssl
    except ImportError as error:
        return str(error)
    return "" if ssl.HAS_TLSv1_3 else f"{ssl.OPENSSL_VERSION} has no TLS 1.3"


def _why_port_taken(home: str, peer: int, port: int) -> str:
    """ "" if somebody could listen there, "ours" if that very peer does, else the reason."""
    if locks.holder(home, peer) is not None:
        return "ours"
    probe = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        # As the peer does it: a port that only waits for stray packets is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("", port))
        return ""
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        return "another program listens there" if taken else (error.strerror or "can't be used")
    finally:
        probe.close()
