"""Runs that never were: summaries and traces with what real runs seldom show, such as hostile names."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

from peer.core import trace
from peer.core.trace import Head, Note, format_head, format_note

BEGAN = 1_760_000_000.0
PIECE = 1 << 20


class Wish:
    """`slow` takes four times as long; `failed` stays without the last tenth; `names` are those of the first hosts."""

    def __init__(
        self,
        hosts: int,
        pieces: int = 64,
        slow: int = -1,
        failed: int = -1,
        names: tuple[str, ...] = (),
        words: str = "",
    ) -> None:
        self.hosts, self.pieces, self.slow, self.failed = hosts, pieces, slow, failed
        width = len(str(hosts - 1))
        self.names = [*names, *(f"node{at:0{width}}" for at in range(len(names), hosts))]
        self.words = words or "no answer from 1001 since it was asked for 4 pieces"


def write_run(folder: Path, wish: Wish, seed: int = 1) -> Path:
    """The folder of such a run."""
    rng, run = Random(seed), folder / "runs" / "simulated"
    run.mkdir(parents=True)
    done = {0: 0.0}  # when each host was complete
    for at in range(wish.hosts):
        (run / wish.names[at]).mkdir()
        lines = [format_head(Head(1001 + at, "simulated", BEGAN + at / 1000, wish.pieces, wish.pieces * PIECE, 1))]
        lines += map(format_note, _notes(rng, wish, at, done))
        (run / wish.names[at] / f"trace_{1001 + at}.jsonl").write_text("".join(lines))
    (run / "summary.json").write_text(json.dumps(summary(wish, done)))
    return run


def _notes(rng: Random, wish: Wish, at: int, done: dict[int, float]) -> list[Note]:
    if at == 0:
        return [Note(0, trace.STATE, ("seeding", "")), Note(30_000, trace.END, (0, ""))]
    times = 4.0 if at == wish.slow else 1.0
    sources = [max(0, at - 1 - rng.randrange(8)) for _ in range(4)]
    wanted = wish.pieces * 9 // 10 if at == wish.failed else wish.pieces
    notes, now, counts = [Note(2, trace.STATE, ("downloading", ""))], 500.0 + 2 * at, dict[int, int]()
    for count, piece in enumerate(rng.sample(range(wish.pieces), wanted)):
        asked, source = int(now), 1001 + rng.choice(sources)
        now += times * rng.uniform(20, 120)
        counts[source] = counts.get(source, 0) + PIECE
        notes.append(Note(int(now), trace.PIECE, (source, piece, asked)))
        if not count % 8 or count == wanted - 1:
            notes.append(Note(int(now), trace.BYTES, (count + 1, [[one, 900, down] for one, down in counts.items()])))
    if at == wish.failed:
        ended = [
            Note(int(now), trace.STATE, ("downloading", wish.words)),
            Note(int(now) + 9000, trace.END, (3, wish.words)),
        ]
    else:
        done[at] = now / 1000
        ended = [Note(int(now), trace.STATE, ("seeding", "")), Note(int(now) + 2000, trace.END, (0, ""))]
    return [*notes, *ended]


def summary(wish: Wish, done: dict[int, float]) -> dict[str, Any]:
    """The fields of summary.json."""
    rows = [_row(wish, at, done) for at in range(wish.hosts)]
    bad = [row["host"] for row in rows if not row["good"]]
    error = f"failed: {', '.join(bad)}: {wish.words}"
    return {
        "run": "simulated",
        "swarm": "s",
        "payload": "model.bin",
        "exit_code": 1 if bad else 0,
        "notices": [],
        "slow": [f"{wish.names[wish.slow]}: 53 s, where 14 s are usual: its rate is 40 Mbit/s"]
        if wish.slow > 0
        else [],
        "seeds": [1001],
        "groups": {},
        "sentence": f"model.bin is complete on {wish.hosts - len(bad)} of {wish.hosts} hosts",
        "sha256": "ab" * 32,
        "bytes": wish.pieces * PIECE,
        "hosts": wish.hosts,
        "complete_hosts": wish.hosts - len(bad),
        "peers": rows,
        "errors": [error] if bad else [],
        "failures": [{"error": error, "hosts": bad, "next": "fab up"}] if bad else [],
        "user_seconds": 41.2,
        "phases": {"connect": 1.5, "push": 2.0, "start": 1.2, "transfer": 30.0, "collect": 0.5, "verify": 6.0},
        "seconds": 12.5,
        "limit": {"seconds": 2.5, "because": "the seed's upload"},
        "fetched": None,
    }


def _row(wish: Wish, at: int, done: dict[int, float]) -> dict[str, Any]:
    good = at in done
    return {
        "peer": 1001 + at,
        "host": wish.names[at],
        "pieces": wish.pieces if good else wish.pieces * 9 // 10,
        "total": wish.pieces,
        "bytes": wish.pieces * PIECE if good else None,
        "seconds": done[at] if good and at else None,
        "sha256": "ab" * 32 if good else None,
        "verdict": "ok" if good else wish.words,
        "good": good,
    }
