"""This project's peers as processes: how one is started, and what its files tell."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import List, Optional

import peer
from deploy.agent.children import ISOLATED
from deploy.agent.peercommand import peer_command
from deploy.edge.pushed.zipapp import peer_zip
from peer.core import folder as names
from peer.core import status
from peer.core.status import Status
from rigs.errors import RigError
from rigs.procgroup import Child, ProcessGroup

CHECKOUT = Path(peer.__file__).resolve().parents[1]
LOGIN_PATH = "/usr/local/bin:/usr/bin:/bin"
READY_SECONDS = 30.0
FACT_SECONDS = 0.01  # between two looks at a status file


def host_python() -> str:
    """The python3 that a login on a host finds, which is what a deployment runs; ours where there is no such thing.

    A developer's own build (pyenv's, say) may lack the optimizations that a distribution's has.
    """
    return shutil.which("python3", path=LOGIN_PATH) or str(getattr(sys, "_base_executable", sys.executable))


def compile_peer() -> None:
    """So that the first run of all doesn't pay for it."""
    subprocess.run([host_python(), "-m", "compileall", "-q", str(CHECKOUT / "peer")], check=True)


def command(peer_id: int, folder: str, module: str = "peer") -> List[str]:
    """One straight from the checkout; nothing of the user's own Python settings takes part."""
    return [host_python(), "-S", "-E", "-m", module, str(peer_id), "--dir", folder]


def push(folder: Path) -> None:
    """Put the peer into a working directory, as a deployment does."""
    (folder / names.CODE).write_bytes(peer_zip())


def pushed_command(peer_id: int, folder: str) -> List[str]:
    """As a deployment starts a peer that was pushed to `folder`."""
    return peer_command([host_python(), *ISOLATED], folder, peer_id)


def read_status(folder: Path, peer_id: int) -> Optional[Status]:
    """A peer's status; None while there is none."""
    try:
        return status.parse_status((folder / names.status(peer_id)).read_text())
    except (OSError, ValueError):
        return None


def wait_listening(group: ProcessGroup, child: Child, folder: Path, peer_id: int) -> None:
    """Return once this peer says that it listens. Raises RigError."""

    def listening() -> bool:
        if child.code is not None:
            raise RigError(f"{child.name}: exit code {child.code}: {child.last_words}")
        found = read_status(folder, peer_id)
        return bool(found and found.listening)

    group.wait(listening, READY_SECONDS, f"{child.name}: a sign that it listens", FACT_SECONDS)


def finished_at(copy: Path) -> float:
    """When a copy got its final name: the rename is the last change to the file's inode."""
    return copy.stat().st_ctime
