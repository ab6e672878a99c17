"""Peers as real processes: started, waited for, killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Union

from peer.core.status import Status
from tests.helpers.swarmfolder import SwarmFolder
from tests.helpers.waiting import DEADLINE, wait_for

PROGRAM = ("-m", "peer")  # what Python runs


class PeerProcess:
    """One life of one peer. Its stderr goes to a file, as under `fab`."""

    def __init__(self, folder: SwarmFolder, peer: int, patience: float, program: Sequence[str] = PROGRAM) -> None:
        self.peer = peer
        self.folder = folder
        self._stderr = folder.root / f"stderr_{peer}.txt"
        command = [sys.executable, *program, str(peer), "--dir", str(folder.root), "--patience", str(patience)]
        with self._stderr.open("ab") as stderr:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=stderr)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def stderr(self) -> str:
        """All that this peer's lives have said so far."""
        return self._stderr.read_text()

    @property
    def code(self) -> Optional[int]:
        """The exit code; None while it lives."""
        return self._process.poll()

    @property
    def status(self) -> Status:
        """Its last status."""
        found = self.folder.status(self.peer)
        assert found is not None
        return found

    def wait(self, deadline: float = DEADLINE) -> int:
        """Its exit code, when it ends by itself."""
        try:
            return self._process.wait(deadline)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"peer {self.peer} still runs after {deadline:g} s\n{self.account()}") from None

    def kill(self, number: int = signal.SIGKILL) -> int:
        """Send it a signal and wait for its end; the exit code."""
        self._process.send_signal(number)
        return self._process.wait(DEADLINE)

    def end(self) -> None:
        """Whatever it does, it is over."""
        if self.code is None:
            self.kill()

    def account(self) -> str:
        """For a failing test: what it said and knew."""
        status = self._stderr.with_name(f"status_{self.peer}.json")
        log = self.folder.lines(self.peer)
        known = status.read_text() if status.exists() else "no status"
        return f"--- peer {self.peer}: exit {self.code}\n{self.stderr}{known}\n" + "\n".join(log[-5:])


class Starter:
    """Starts peers and sees to it that none survives the test. `patience`: seconds, for all of them."""

    def __init__(self) -> None:
        self.patience = 30.0
        self.program: Sequence[str] = PROGRAM
        self.started: List[PeerProcess] = []

    def start(self, folder: SwarmFolder, peer: int) -> PeerProcess:
        """Start a peer; it need not listen yet."""
        self.started.append(PeerProcess(folder, peer, self.patience, self.program))
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
        for process in self.started:
            process.end()

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
