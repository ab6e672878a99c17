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

from deploy.agent import facts, locks, places
from deploy.agent.wire import AgentError, Answer, Request

_STEP = 0.01
_TAIL = 5  # lines of a peer's last words
_started: List["subprocess.Popen[bytes]"] = []  # ours to reap, not ours to end: peers outlive the agent


def start(request: Request) -> Answer:
    """Start one peer, detached; answer when it listens or has ended, at the latest after `within` seconds."""
    home, peer = places.deployed_home(request), int(request["peer"])
    pid = locks.holder(home, peer)
    if pid is not None:
        return {"peer": peer, "pid": pid, "already": True, "listening": True}
    process = _launch(home, peer, request.get("options", []))
    until = time.monotonic() + request["within"]
    while time.monotonic() < until:
        status = _status_of(home, peer)
        if status.get("pid") == process.pid and status.get("listening"):
            return {"peer": peer, "pid": process.pid, "already": False, "listening": True}
        if process.poll() is not None:
            return {"peer": peer, "code": process.returncode, **_last_words(home, peer, process.pid)}
        time.sleep(_STEP)
    process.kill()
    process.wait()
    return {"peer": peer, "code": None, **_last_words(home, peer, process.pid)}


def stop(request: Request) -> Answer:
    """Stop the peers named (all here, where none is): TERM, and KILL for those that live after `within`."""
    home = places.home_of(request)
    peers = request.get("peers") or places.peers_here(home)
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
    """Each peer's last status, whether it lives, and its last words; and the run that the folder holds."""
    home = places.deployed_home(request)
    about = [_about(home, int(peer)) for peer in request["peers"]]
    return {"run": facts.run_of(home), "home": home, "peers": about}


def reap() -> None:
    """Bury the started peers that have ended, while this agent still serves."""
    _started[:] = [process for process in _started if process.poll() is None]


def _launch(home: str, peer: int, options: List[str]) -> "subprocess.Popen[bytes]":
    """A session of its own, no terminal, no pipe of ours: closing the connection can't touch it."""
    command = [sys.executable, "-I", os.path.join(home, places.CODE), str(peer), "--dir", home, *options]
    if not os.path.isfile(command[2]):
        raise AgentError(f"{command[2]} isn't there", "run `fab deploy` first")
    with open(places.stderr_path(home, peer), "wb") as words:
        null = subprocess.DEVNULL
        process = subprocess.Popen(command, cwd=home, stdin=null, stdout=null, stderr=words, start_new_session=True)
    _started.append(process)
    return process


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
        with open(places.status_path(home, peer), "rb") as file:
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
        with open(places.stderr_path(home, peer), "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 8192))
            return file.read().decode(errors="replace").strip().splitlines()[-_TAIL:]
    except OSError:
        return []
