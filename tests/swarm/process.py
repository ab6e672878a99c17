"""Peers as real processes: started, waited for, killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Union

from peer.core.status import Status
from rigs.procgroup import ProcessGroup
from tests.helpers.swarmfolder import SwarmFolder
from tests.helpers.waiting import DEADLINE, wait_for

PROGRAM = ("-m", "peer")  # what Python runs


class PeerProcess:
    """One life of one peer. What it says goes to a file, as under `fab`."""

    def __init__(self, group: ProcessGroup, folder: SwarmFolder, peer: int, command: Sequence[str]) -> None:
        self.peer = peer
        self.folder = folder
        self._said = folder.root / f"stderr_{peer}.txt"
        self._child = group.start(f"peer {peer}", subprocess.Popen, command, self._said)

    @property
    def pid(self) -> int:
        return self._child.process.pid

    @property
    def stderr(self) -> str:
        """All that this peer's lives have said so far."""
        return self._said.read_text()

    @property
    def code(self) -> Optional[int]:
        """The exit code; None while it lives."""
        self._child.wait(0)
        return self._child.code

    @property
    def status(self) -> Status:
        """Its last status."""
        found = self.folder.status(self.peer)
        assert found is not None
        return found

    def wait(self, deadline: float = DEADLINE) -> int:
        """Its exit code, when it ends by itself."""
        self._child.wait(deadline)
        assert self.code is not None, f"peer {self.peer} still runs after {deadline:g} s\n{self.account()}"
        return self.code

    def kill(self, number: int = signal.SIGKILL) -> int:
        """Send it a signal and wait for its end; the exit code."""
        self._child.signal(number)
        return self.wait()

    def account(self) -> str:
        """For a failing test: what it said and knew."""
        status = self._said.with_name(f"status_{self.peer}.json")
        log = self.folder.lines(self.peer)
        known = status.read_text() if status.exists() else "no status"
        return f"--- peer {self.peer}: exit {self.code}\n{self.stderr}{known}\n" + "\n".join(log[-5:])


class Starter:
    """Starts peers and sees to it that none survives the test. `patience`: seconds, for all of them."""

    def __init__(self) -> None:
        self.patience = 30.0
        self.program: Sequence[str] = PROGRAM
        self.started: List[PeerProcess] = []
        self._group = ProcessGroup()

    def start(self, folder: SwarmFolder, peer: int) -> PeerProcess:
        """Start a peer; it need not listen yet."""
        options = ["--dir", str(folder.root), "--patience", str(self.patience)]
        command = [sys.executable, *self.program, str(peer), *options]
        self.started.append(PeerProcess(self._group, folder, peer, command))
        return self.started[-1]

    def start_listening(self, folder: SwarmFolder, peer: int) -> PeerProcess:
        """Start a peer and wait until its status says that it listens."""
        process = self.start(folder, peer)
        wait_for(lambda: is_listening(process) or process.code is not None, f"peer {peer} to listen")
        assert process.code is None, process.account()
        return process

    def start_all(self, folder: SwarmFolder, *peers: int) -> Dict[int, PeerProcess]:
        """Start these peers (all, if none is named) in their order, without waiting for one another."""
        return {peer: self.start(folder, peer) for peer in peers or folder.ids}

    def end(self) -> None:
        """Whatever they do, it is over."""
        self._group.stop((signal.SIGKILL,))

    def account(self) -> str:
        return "\n".join(process.account() for process in self.started)


def is_listening(process: PeerProcess) -> bool:
    status = process.folder.status(process.peer)
    return bool(status and status.listening and status.pid == process.pid)


def assert_all_well(*processes: PeerProcess, said: Optional[Dict[int, str]] = None) -> None:
    """Each ended by itself with 0, without a word but those that an earlier life `said`."""
    for process in processes:
        assert process.wait() == 0, process.account()
        assert process.stderr == (said or {}).get(process.peer, ""), process.account()
        assert process.status.state == "done"
        assert process.status.exit_code == 0


def memory_kib(process: PeerProcess) -> int:
    """Resident memory of a living process."""
    pages = Path(f"/proc/{process.pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE") // 1024


Peers = Union[PeerProcess, Dict[int, PeerProcess]]
