"""Starts, stops and asks after the peers of this host."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from typing import Any, Dict, Tuple

from deploy.agent import children, facts, locks, paths, verbs, wards
from deploy.agent.context import Context
from deploy.agent.peercommand import LINE, peer_command
from deploy.agent.wire import AgentError
from peer.edge.files import free_bytes
from peer.edge.ours.making import open_growing

_STEP, _LONGEST = 0.01, 0.1
_TAIL = 5  # lines of a peer's last words


_warm: Dict[int, "subprocess.Popen[bytes]"] = {}  # loaded peers that wait for their line; they end with this agent


def warm(request: verbs.Warm, context: Context) -> verbs.Done:
    """Load the peers, up to where they wait for a line on standard input."""
    home = paths.deployed_home(context.home)
    for peer in request.peers:
        if peer not in _warm and locks.holder(home, peer) is None:
            _warm[peer] = _launch(home, peer, request.absent)
    return verbs.Done()


def start(request: verbs.Start, context: Context) -> verbs.Started:
    """Start one peer, detached."""
    home, peer = paths.deployed_home(context.home), request.peer
    pid = locks.holder(home, peer)
    if pid is not None:
        return verbs.Started(peer, listening=True, already=True, pid=pid)
    process = _warm.pop(peer, None) or _launch(home, peer, request.absent)
    wards.adopt(process)  # an operator who hangs up now doesn't know of it
    try:
        _release(process)
        return _confirm(home, peer, process, time.monotonic() + request.within)
    finally:
        wards.disown(process)


def stop(request: verbs.Stop, context: Context) -> verbs.Stopped:
    """Stop the peers named (all here, where none is): TERM, and KILL for those that outlive it."""
    home = paths.home_of(context.home)
    peers = request.peers or paths.peers_here(home)
    found = locks.living(home, peers)
    if request.others:
        found.update(locks.working(home, paths.peers_here(home)))
    _signal(home, found, signal.SIGTERM)
    stubborn = locks.wait_free(home, found, time.monotonic() + request.within)
    _signal(home, stubborn, signal.SIGKILL)
    left = locks.wait_free(home, stubborn, time.monotonic() + 5)
    return verbs.Stopped(
        stopped=tuple(sorted(found.keys() - stubborn.keys())),
        killed=tuple(sorted(stubborn.keys() - left.keys())),
        left=tuple(sorted(left)),
        idle=tuple(sorted(set(peers) - found.keys())),
    )


def status(request: verbs.Status, context: Context) -> verbs.Statuses:
    """How each peer is, by its lock, its status file and its standard error."""
    home = paths.deployed_home(context.home)
    about = tuple(_about(home, peer) for peer in request.peers)
    return verbs.Statuses(facts.run_of(home), home, free_bytes(home), about)


def _launch(home: str, peer: int, absent: Tuple[int, ...]) -> "subprocess.Popen[bytes]":
    """A loaded peer that waits: in a session of its own, so that the end of our connection doesn't end it."""
    code = paths.code_path(home)
    if not os.path.isfile(code):
        raise AgentError(f"{code} isn't there", "run `fab deploy` first")
    command = peer_command(children.interpreter(), home, peer, absent, waits=True)
    pipe, null = subprocess.PIPE, subprocess.DEVNULL
    with paths.recording(home) as record:
        handle = open_growing(record, paths.stderr_path(home, peer), os.O_WRONLY | os.O_TRUNC)
    with os.fdopen(handle, "wb") as words:
        return subprocess.Popen(command, cwd=home, stdin=pipe, stdout=null, stderr=words, start_new_session=True)


def _release(process: "subprocess.Popen[bytes]") -> None:
    """Let a loaded peer go on; from now on nothing of ours is attached to it."""
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError), process.stdin:
        process.stdin.write(LINE)
    wards.let_go(process)


def _confirm(home: str, peer: int, process: "subprocess.Popen[bytes]", until: float) -> verbs.Started:
    """Wait until the peer's status tells that it listens, or it has ended; one that does neither in time is killed."""
    pause = _STEP
    while time.monotonic() < until:
        status = _status_of(home, peer)
        if status.get("pid") == process.pid and status.get("listening"):
            return verbs.Started(peer, listening=True, pid=process.pid)
        if process.poll() is not None:
            return _ended(home, peer, process)
        time.sleep(pause)
        pause = min(_LONGEST, 1.2 * pause)  # on a busy machine this would take from the peer what it waits for
    process.kill()
    process.wait()
    return _ended(home, peer, process)._replace(code=None)


def _signal(home: str, peers: Dict[int, int], number: int) -> None:
    for peer, pid in peers.items():
        if pid and locks.holder(home, peer) == pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


def _about(home: str, peer: int) -> verbs.About:
    alive = locks.holder(home, peer) is not None
    return verbs.About(peer, alive, _status_of(home, peer) or None, _tail(home, peer))


def _status_of(home: str, peer: int) -> Dict[str, Any]:
    try:
        with open(paths.status_path(home, peer), "rb") as file:
            fields = json.load(file)
    except (OSError, ValueError):
        return {}
    return fields if isinstance(fields, dict) else {}


def _ended(home: str, peer: int, process: "subprocess.Popen[bytes]") -> verbs.Started:
    """Why a peer ended: its one-line error, else the reason in its last status."""
    status = _status_of(home, peer)
    own = status if status.get("pid") == process.pid else {}
    tail = _tail(home, peer)
    return verbs.Started(
        peer,
        listening=False,
        code=process.returncode,
        reason=str(tail[-1] if tail else own.get("reason", "")),
        state=str(own.get("state", "")),
        tail=tail,
    )


def _tail(home: str, peer: int) -> Tuple[str, ...]:
    try:
        with open(paths.stderr_path(home, peer), "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 8192))
            return tuple(file.read().decode(errors="replace").strip().splitlines()[-_TAIL:])
    except OSError:
        return ()
