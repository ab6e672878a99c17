"""`memory`: the most that each process takes while `fab up`, with TLS, brings small files and their next version."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Dict, List, Optional

from peer.core.sizes import format_size
from rigs import accounting, fabup, workfolder
from rigs.benchmark import treelocal
from rigs.benchmark.scenarios import MIB
from rigs.benchmark.treelocal import TreeOptions
from rigs.peerprocess import CHECKOUT
from rigs.procgroup import ProcessGroup

PEER, OPERATOR, AGENT, HASHING = "peers", "operator", "agents", "the seed's hashing"
ALLOWED = {PEER: 64 * MIB, OPERATOR: 150 * MIB}  # with 100,000 files
CHANGED = 0.01  # of the files


class Peaks:
    """The most bytes that a process of each role has taken, of a `fab` in `folder`, as far as it was looked at."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.roles: Dict[str, int] = {}

    def __call__(self) -> List[int]:
        """Look at all processes; those of peers."""
        found = {int(pid): self._role(int(pid)) for pid in os.listdir("/proc") if pid.isdigit()}
        for pid, role in found.items():
            if role:
                self.roles[role] = max(self.roles.get(role, 0), accounting.peak_bytes(pid))
        return [pid for pid, role in found.items() if role == PEER]

    def _role(self, pid: int) -> str:
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            home = f"HOME={self._folder}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:  # it is gone
            return ""
        command = fabup.command_of(pid, str(self._folder))
        if command is not None:
            return HASHING if command else PEER
        if not home:
            return ""
        if b"--inventory" in words:
            return OPERATOR
        return AGENT if b"-c" in words else ""


def measure(work: Optional[Path], asked: TreeOptions) -> bool:
    """Measure and tell; whether anything takes more than ALLOWED. Raises RigError where a run fails."""
    beyond = False
    with workfolder.work_folder(work, treelocal.room(asked)) as folder:
        tree, operator = folder / treelocal.TREE, folder / "operator"
        treelocal.make_tree(tree, asked.files)
        operator.mkdir()
        (operator / "inventory.yaml").write_text(treelocal.inventory(tree, operator / treelocal.HOSTS, tls=True))
        for step in ("first", "again", "1 % changed"):
            if step == "1 % changed":
                change(tree)
            peaks = Peaks(operator)
            with ProcessGroup() as group:
                fabup.walk(group, CHECKOUT, operator / "inventory.yaml", peaks, treelocal.DEADLINE)
            told = ", ".join(f"{role} {format_size(peak)}" for role, peak in sorted(peaks.roles.items()))
            print(f"  {asked.files} files, {step}: {told}", flush=True)
            beyond |= any(peaks.roles.get(role, 0) > most for role, most in ALLOWED.items())
    return beyond


def change(tree: Path) -> None:
    """Write some files anew."""
    rng = random.Random(1)
    paths = sorted(path for path in tree.rglob("*") if path.is_file())
    for path in rng.sample(paths, max(1, int(CHANGED * len(paths)))):
        path.write_bytes(rng.randbytes(treelocal.FILE_BYTES))
