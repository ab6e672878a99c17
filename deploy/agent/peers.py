"""Starts, stops and asks after the peers of this host."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from typing import Any, Dict, List

from deploy.agent import children, facts, locks, paths
from deploy.agent.wire import AgentError, Answer, Request
from peer.edge.files import free_bytes

_STEP = 0.01
_TAIL = 5  # lines of a peer's last words
_started: List["subprocess.Popen[bytes]"] = []  # ours to reap, not ours to end: peers outlive the agent


# Python takes longer to load a peer than the peer to begin. So peers are loaded on all hosts at once, and wait for a
# line on standard input: their order, each listening before the next, then costs little. No line, no peer.
_GATE = """\
import os, sys
sys.path.insert(0, sys.argv[1])
from peer.__main__ import main
import peer.edge.run
if sys.stdin.buffer.readline() == b"go\\n":
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.exit(main(sys.argv[2:]))
"""
_warm: Dict[int, "subprocess.Popen[bytes]"] = {}  # peers at the gate; they end with this agent


def warm(request: Request) -> Answer:
    """Load `peers` up to the gate, so that `start` has less to wait for."""
    home = paths.deployed_home(request)
    for peer in request["peers"]:
        if peer not in _warm and locks.holder(home, peer) is None:
            _warm[peer] = _launch(home, peer)
    return {}


def start(request: Request) -> Answer:
    """Start one peer, detached; answer when it listens or has ended, at the latest after `within` seconds."""
    home, peer = paths.deployed_home(request), int(request["peer"])
    pid = locks.holder(home, peer)
    if pid is not None:
        return {"peer": peer, "pid": pid, "already": True, "listening": True}
    process = _warm.pop(peer, None) or _launch(home, peer)
    children.adopt(process)  # an operator who hangs up now doesn't know of it
    try:
        _release(process)
        return {"peer": peer, **_confirm(home, peer, process, time.monotonic() + request["within"])}
    finally:
        children.disown(process)


def stop(request: Request) -> Answer:
    """Stop the peers named (all here, where none is): TERM, and KILL for those that live after `within`."""
    home = paths.home_of(request)
    peers = request.get("peers") or paths.peers_here(home)
    found = locks.living(home, peers)
    _signal(home, found, signal.SIGTERM)
    stubborn = locks.wait_free(home, found, time.monotonic() + request["within"])
    _signal(home, stubborn, signal.SIGKILL)
    left = locks.wait_free(home, stubborn, time.monotonic() + 5)
    return {
        "stopped": sorted(found.keys() - stubborn.keys()),
        "killed": sorted(stubborn.keys() - left.keys()),
        "left": sorted(left),
        "idle": sorted(set(peers) - found.keys()),
    }


def status(request: Request) -> Answer:
    """Each peer's last status, whether it lives, and its last words; the run that the folder holds, and free bytes."""
    home = paths.deployed_home(request)
    about = [_about(home, int(peer)) for peer in request["peers"]]
    return {"run": facts.run_of(home), "home": home, "peers": about, "free": free_bytes(home)}


def reap() -> None:
    """Bury the started peers that have ended, while this agent still serves."""
    _started[:] = [process for process in _started if process.poll() is None]


def _launch(home: str, peer: int) -> "subprocess.Popen[bytes]":
    """A peer that waits at the gate: in a session of its own, so that closing our connection can't touch it."""
    code = paths.code_path(home)
    if not os.path.isfile(code):
        raise AgentError(f"{code} isn't there", "run `fab deploy` first")
    command = [sys.executable, "-I", "-X", "utf8", "-c", _GATE, code, str(peer), "--dir", home]
    pipe, null = subprocess.PIPE, subprocess.DEVNULL
    with open(paths.stderr_path(home, peer), "wb") as words:
        return subprocess.Popen(command, cwd=home, stdin=pipe, stdout=null, stderr=words, start_new_session=True)


def _release(process: "subprocess.Popen[bytes]") -> None:
    """Open the gate; from now on nothing of ours is attached to the peer."""
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError), process.stdin:
        process.stdin.write(b"go\n")
    _started.append(process)


def _confirm(home: str, peer: int, process: "subprocess.Popen[bytes]", until: float) -> Dict[str, Any]:
    """Wait until the peer says that it listens, or has ended; one that does neither in time is killed."""
    while time.monotonic() < until:
        status = _status_of(home, peer)
        if status.get("pid") == process.pid and status.get("listening"):
            return {"pid": process.pid, "already": False, "listening": True}
        if process.poll() is not None:
            return {"code": process.returncode, **_last_words(home, peer, process.pid)}
        time.sleep(_STEP)
    process.kill()
    process.wait()
    return {"code": None, **_last_words(home, peer, process.pid)}


def _signal(home: str, peers: Dict[int, int], number: int) -> None:
    for peer, pid in peers.items():
        if pid and locks.holder(home, peer) == pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


def _about(home: str, peer: int) -> Dict[str, Any]:
    return {
        "peer": peer,
        "alive": locks.holder(home, peer) is not None,
        "status": _status_of(home, peer) or None,
        "stderr": _tail(home, peer),
    }


def _status_of(home: str, peer: int) -> Dict[str, Any]:
    try:
        with open(paths.status_path(home, peer), "rb") as file:
            fields = json.load(file)
    except (OSError, ValueError):
        return {}
    return fields if isinstance(fields, dict) else {}


def _last_words(home: str, peer: int, pid: int) -> Dict[str, Any]:
    """Why a peer ended: its one-line error, else what its last status says."""
    status = _status_of(home, peer)
    own = status if status.get("pid") == pid else {}
    tail = _tail(home, peer)
    reason = tail[-1] if tail else own.get("reason", "")
    return {"listening": False, "reason": reason, "tail": tail, "state": own.get("state", "")}


def _tail(home: str, peer: int) -> List[str]:
    try:
        with open(paths.stderr_path(home, peer), "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 8192))
            return file.read().decode(errors="replace").strip().splitlines()[-_TAIL:]
    except OSError:
        return []
