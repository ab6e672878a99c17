"""The files of a round: what a deployment would have put on each host, and what is found there afterwards."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from random import Random
from typing import Dict, List, Optional, Sequence, Set, Tuple

from peer.core import folder, piecemap
from peer.core.budget import MBIT
from peer.core.config import Common, PeerRow
from peer.core.limits import Limits
from peer.core.manifest import Manifest
from peer.core.status import Status
from peer.core.swarmfile import SwarmFile, folder_texts
from peer.core.treerules import USUAL
from peer.edge.capfile import set_caps
from peer.edge.hashing import check_payload, hash_scanned, scan_payload
from rigs import peerprocess, swarmdir
from rigs.soaking import roundpayload
from rigs.soaking.faults import CAP, ROT
from rigs.soaking.machines import Machine
from rigs.soaking.roundplan import BARE, Round, peer_id

Rows = Tuple[PeerRow, ...]


class RoundDirs:
    """The working directories of one round's peers. `source`: where the payload was made."""

    def __init__(self, swarm: Round, machines: Sequence[Machine], source: Path) -> None:
        self.swarm = swarm
        self.machines = machines
        self.manifest = self._prepare(source)
        self.rows: Rows = tuple(
            PeerRow(peer_id(place), machine.address, machine.port, place in swarm.seeds)
            for place, machine in enumerate(machines)
        )
        texts = self._texts()
        for machine in machines:
            swarmdir.write_texts(machine.folder, texts)
        if swarm.tls:
            swarmdir.write_keys({row.peer_id: machine.folder for row, machine in zip(self.rows, machines)})
        for place in swarm.seeds:
            self._give(place, source)
        for fault in swarm.of(CAP):
            self.cap(fault.place, 0)  # a peer looks at its start whether there may be one

    def _prepare(self, source: Path) -> Manifest:
        roundpayload.make(source, self.swarm.size, self.swarm.tree, f"{self.swarm.seed} {self.swarm.number}")
        rules = USUAL._replace(times=self.swarm.profile != BARE)  # the two classic files tell no time of change
        return hash_scanned(str(source), scan_payload(str(source), rules=rules), self.swarm.piece_size).manifest

    def _texts(self) -> Dict[str, str]:
        common = Common(2, 0.5, 1.0, self.manifest.name, self.manifest.size, self.manifest.piece_size)
        limits = Limits()._replace(patience=self.swarm.patience, degree=self.swarm.degree)
        run = f"{self.swarm.seed}-{self.swarm.number}"
        places = range(self.swarm.peers) if self.swarm.zoned else ()
        zones = tuple((peer_id(place), f"zone{self.swarm.zone(place)}") for place in places)
        told = SwarmFile("soak", run, self.swarm.profile, self.manifest, limits, self.swarm.tls, zones=zones)
        return folder_texts(common, self.rows, told if self.swarm.profile != BARE else None)

    def _give(self, place: int, source: Path) -> None:
        """A seed's copy, rotten where the round says so."""
        copy = self.final(place)
        copy.parent.mkdir()
        (shutil.copytree if self.swarm.tree else shutil.copy2)(source, copy)
        if any(fault.place == place for fault in self.swarm.of(ROT)):
            roundpayload.spoil(copy, Random(f"rot {self.swarm.seed} {self.swarm.number}"))

    def cap(self, place: int, mbit: float) -> None:
        """Let the peers of a host use so much each way, as `fab cap` does; 0: any rate."""
        handle = os.open(self.machines[place].folder / folder.BUDGET, os.O_RDWR | os.O_CREAT, 0o600)
        set_caps(handle, mbit * MBIT, mbit * MBIT)
        os.close(handle)

    # ---- where things are

    def command(self, place: int) -> List[str]:
        """What starts a peer; a swarm without swarm.json is told its patience here."""
        return [
            *peerprocess.command(peer_id(place), self.machines[place].remote),
            "--patience",
            f"{self.swarm.patience:g}",
        ]

    def final(self, place: int) -> Path:
        """Where a peer's payload is when it is complete."""
        return self.machines[place].folder / f"peer_{peer_id(place)}" / self.manifest.name

    def part(self, place: int) -> Path:
        return self._work(place) / "new"

    def _work(self, place: int) -> Path:
        """Where the incomplete copy and its map lie; nowhere before there is one."""
        above = self.final(place).parent
        return next(above.glob(".weft-*/"), above / "nowhere")

    def words(self, place: int) -> Path:
        """What all lives of a peer have said."""
        return self.machines[place].folder / f"stderr_{peer_id(place)}.txt"

    # ---- what is there

    def status(self, place: int) -> Optional[Status]:
        return peerprocess.read_status(self.machines[place].folder, peer_id(place))

    def held(self, place: int) -> Set[int]:
        """The pieces that a peer has on its disk, as its map says."""
        if self.final(place).exists():
            return set(range(self.manifest.piece_count))
        try:
            data = (self._work(place) / "map").read_bytes()
        except OSError:
            return set()
        return set(piecemap.parse(data, self.manifest.digest, self.manifest.piece_count))

    def copied(self, beside: Sequence[int]) -> bool:
        """Whether every piece is somewhere else than at these places."""
        held = [self.held(place) for place in range(len(self.machines)) if place not in beside]
        return len(set().union(*held)) == self.manifest.piece_count

    def problem(self, place: int) -> str:
        """How a peer's payload, hashed from its final path, differs from what it should be; "" if it doesn't."""
        return check_payload(str(self.final(place)), self.manifest).problem
