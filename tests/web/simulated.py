"""The run of a fleet that tools/sim simulates, as `fab up` would leave it: each peer's trace, and the summary."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from deploy.core.inventory import Inventory, parse_inventory
from deploy.core.outcome import FAILED, Outcome
from deploy.core.prediction import limit_seconds
from deploy.core.slowness import receivers, slow_lines
from deploy.core.summary import Results, run_seconds, summary_fields
from deploy.core.times import COLLECT, TRANSFER, VERIFY, Times
from deploy.core.verdict import Copy, judge
from peer.core import bits, status
from peer.core.events import Effect, Event, Log, Send
from peer.core.limits import Limits
from peer.core.status import Neighbour, Status
from peer.core.trace import Head, format_head, format_note
from peer.core.tracer import ENTRIES, MESSAGES, Tracer
from tools.sim.growth import Growth, Payload, Wire
from tools.sim.limit import BYTES_PER_MBIT
from tools.sim.wires import Rates
from tools.sim.world import SimPeer

BEGAN = 1_760_000_000.0
RATE, SLOW_RATE = 100, 4  # Mbit/s
STEP = 0.2  # simulated seconds
REASON = "killed by signal 9"

INVENTORY = """\
swarm: {{name: simulated, payload: {{generate: {size}, name: model.bin}}, piece_size: {piece_size}}}
defaults: {{rate: {rate}}}
hosts:
  'node[000-{before:03}]':
  node{slow:03}: {{rate: {slow_rate}}}
  'node[{after:03}-999]':
groups:
{groups}
seeds: [node000]
"""


class _Recorder:
    """What one simulated peer would have written."""

    def __init__(self, peer: SimPeer, total: int, piece_size: int) -> None:
        self.peer, self.total, self.piece_size = peer, total, piece_size
        self.tracer = Tracer(total)
        self.lines = [format_head(Head(peer.id, "simulated", BEGAN, total, total * piece_size, 1))]
        self.down: dict[int, int] = {}
        self.state = ""

    def saw(self, effects: list[Effect], now: float) -> None:
        ms = int(1000 * now)
        state = status.SEEDING if self.peer.complete else status.DOWNLOADING
        if state != self.state:
            self.state = state
            self.lines += map(format_note, self.tracer.status(self.status(now), ms))
        for effect in effects:
            note = None
            if isinstance(effect, Log) and effect.entry.kind in ENTRIES:
                note = self.tracer.entry(effect.entry, ms)
                if effect.entry.kind == "piece":
                    self.down[effect.entry.other] = self.down.get(effect.entry.other, 0) + self.piece_size
            elif isinstance(effect, Send) and effect.message.type in MESSAGES:
                note = self.tracer.sent(effect.peer, effect.message, ms)
            self.lines += [format_note(note)] if note else []

    def end(self, now: float) -> Status:
        last = self.status(now)._replace(state=status.DONE, exit_code=0)
        if self.peer.alive or self.peer.complete:
            self.lines += map(format_note, self.tracer.status(last, int(1000 * now)))
        return last

    def status(self, now: float) -> Status:
        seen = tuple(Neighbour(other, True, bytes_down=count) for other, count in self.down.items())
        size, here = self.total * self.piece_size, bits.count(self.peer.disk)
        done = BEGAN + self.peer.completed if self.peer.completed is not None else 0.0
        return Status(
            self.peer.id, "simulated", self.state, "fleet", True, 6008, 1, here, self.total, size, neighbours=seen,
            bytes_down=sum(self.down.values()), started=BEGAN, updated=BEGAN + now, completed=done, cpu_seconds=0.1,
        )  # fmt: skip


def grown_run(folder: Path, slow: int, killed: int, pieces: int = 6) -> Path:
    """The folder of a run of a thousand hosts of which one is slow and one is killed half-way."""
    payload = Payload(pieces, 256 * 1024)
    fast, slower = (Rates(rate * BYTES_PER_MBIT, rate * BYTES_PER_MBIT) for rate in (RATE, SLOW_RATE))
    growth = Growth(payload, [slower if at == slow else fast for at in range(1000)], Limits(), Wire(0.0005, 65536), 1)
    world, dies = growth.world, growth.peers[killed]
    recorders = {peer.id: _Recorder(peer, pieces, payload.piece_size) for peer in growth.peers}

    def watch(peer: SimPeer, _: Event | None, effects: list[Effect]) -> None:
        recorders[peer.id].saw(effects, world.now)
        if peer is dies and 2 * bits.count(peer.disk) > pieces:
            world.at(0.0, world.kill, peer)

    world.watch = watch
    for peer in growth.peers:
        world.begin(peer)
    until = 0.0
    while not all(peer.completed is not None for peer in growth.peers[1:] if peer is not dies):
        until += STEP
        world.run(until)
    return _written(folder, recorders, dies.id, world.now, payload, slow)


def _written(folder: Path, recorders: dict[int, _Recorder], dead: int, end: float, payload: Payload, slow: int) -> Path:
    racks = (f"  rack{at:02}: ['node[{40 * at:03}-{40 * at + 39:03}]']" for at in range(25))
    text = INVENTORY.format(size=payload.size, piece_size=payload.piece_size, rate=RATE, slow=slow, before=slow - 1,
                            after=slow + 1, slow_rate=SLOW_RATE, groups="\n".join(racks))  # fmt: skip
    inventory = parse_inventory(text)
    run = folder / "runs" / "simulated"
    statuses: dict[int, dict[str, Any]] = {}
    for peer, one in recorders.items():
        statuses[peer] = status.to_fields(one.end(end))
        place = run / inventory.host_of(peer).name
        place.mkdir(parents=True)
        (place / f"trace_{peer}.jsonl").write_text("".join(one.lines))
    (run / "summary.json").write_text(json.dumps(_summary(inventory, statuses, dead, end)))
    return run


def _summary(inventory: Inventory, statuses: dict[int, dict[str, Any]], dead: int, end: float) -> dict[str, Any]:
    proof = "ab" * 32
    copies = [
        Copy(peer, peer != dead, proof, proof, one["size"], problem="" if peer != dead else REASON).with_status(one)
        for peer, one in statuses.items()
    ]
    problem = Outcome(inventory.host_of(dead).name, FAILED, REASON, "`fab up` starts it again", dead)
    verdict = judge(inventory, copies, [problem], proof)
    known = {peer: one for peer, one in statuses.items() if peer != dead}
    size = next(iter(statuses.values()))["size"]
    phases = {TRANSFER: end, COLLECT: 0.5, VERIFY: 1.0}
    times = Times(sum(phases.values()), phases, run_seconds(known.values()), limit_seconds(inventory, size), True)
    slow = slow_lines(inventory, receivers(inventory, known))
    return summary_fields(inventory, Results("simulated", verdict.code, [problem], verdict, times, slow))
