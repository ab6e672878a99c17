#!/usr/bin/env python3
"""How a swarm grows past the machines at hand: python tools/simulate.py --peers 1000 --pieces 1000.

The decisions are those of the real peers (peer.core); sockets, disks and clocks are simulated. Tells the time as a
ratio to the limit T*, and how many copies of the payload the seed sent. Exit codes: 0 every peer has it all, 1 not,
2 wrong arguments.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import resource
import sys
import time
from typing import Any, Dict, List, Optional, Tuple

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from peer.core.counting import count_of
from peer.core.limits import Limits
from peer.core.sizes import format_size
from tools.arguments import INTERRUPTED, USAGE, Parser, count, fail, leave, size, zones
from tools.sim import compiled, ratefile
from tools.sim.growth import Growth, Outcome, Payload, Wire, Zoning
from tools.sim.limit import BYTES_PER_MBIT
from tools.sim.ratefile import RateError
from tools.sim.wires import Rates

PROGRAM = "simulate"
MOST_PEERS = 10_000
LARGE = 200_000  # pieces to deliver, from which on compiling is worth its time
Options = argparse.Namespace


def main(argv: Optional[List[str]] = None) -> int:
    options = parser().parse_args(argv)
    try:
        rates = all_rates(options)
        if options.zones[0] and (options.rates or options.zeros):
            return fail(PROGRAM, "--zones goes with --rate, and without --rates and --zeros", USAGE)
        if options.zeros >= options.pieces:
            return fail(
                PROGRAM, f"--zeros {options.zeros}: at least one of {options.pieces} pieces has to travel", USAGE
            )
    except RateError as error:
        return fail(PROGRAM, str(error), USAGE)
    try:
        if not options.plain and len(rates) * options.pieces >= LARGE:
            become_compiled(sys.argv[1:] if argv is None else argv)
        return run(options, rates)
    except KeyboardInterrupt:
        return fail(PROGRAM, "interrupted", INTERRUPTED)


def parser() -> Parser:
    usual = Limits()
    made = Parser(prog=PROGRAM, description="Run a fleet swarm of real decisions in simulated time.")
    add = made.add_argument
    add("--peers", metavar="N", type=count(2, MOST_PEERS), default=1000, help="the seed included (default 1000)")
    add("--pieces", metavar="N", type=count(1, 1_000_000), default=1000, help="of the payload (default 1000)")
    add("--zeros", metavar="N", type=count(0), default=0, help="pieces of zeros, which don't travel (default 0)")
    add("--piece-size", metavar="SIZE", type=size, default="256KiB", help="default 256KiB")
    add("--rate", metavar="SEED[/PEERS]", type=rate_pair, default="100", help="Mbit/s, both ways (default 100)")
    add("--rates", metavar="FILE", help="a line 'up down' in Mbit/s for each peer, the seed first; overrules --rate")
    add("--slow", metavar="N:RATIO", type=slow, default=(0, 1.0), help="the last N peers are slower, as 50:0.1")
    add(
        "--zones",
        metavar="ZxN",
        type=zones,
        default=(0, 0),
        help="Z zones of N hosts, as 8x16, which takes the place of --peers",
    )
    add(
        "--between",
        metavar="MBIT",
        type=mbit,
        default="400",
        help="of a zone's way out, and of its way in (default 400)",
    )
    add("--unaware", action="store_true", help="with --zones: the peers don't know of them")
    add("--latency", metavar="MS", type=milliseconds, default="0.5", help="one way, in ms (default 0.5)")
    add("--degree", metavar="N", type=count(1), default=usual.degree, help=f"neighbours (default {usual.degree})")
    add("--uploads", metavar="N", type=count(1), default=usual.uploads, help=f"parallel (default {usual.uploads})")
    add("--chunk", metavar="SIZE", type=size, default="64KiB", help="what links send in turn (default 64KiB)")
    add("--seed", metavar="N", type=count(0), default=1, help="of all chance: the same gives the same run (default 1)")
    add("--plain", action="store_true", help="don't compile the decisions first, as large swarms do where they can")
    add("--json", action="store_true", help="one JSON object")
    return made


def rate_pair(text: str) -> Tuple[float, float]:
    """SEED or SEED/PEERS, as bytes a second."""
    seed, _, others = text.partition("/")
    try:
        rates = float(seed), float(others or seed)
    except ValueError:
        rates = 0.0, 0.0
    if not all(0 < rate < 1e7 for rate in rates):
        raise argparse.ArgumentTypeError(f"'{text}': write Mbit/s, as 100 or 1000/100")
    return rates[0] * BYTES_PER_MBIT, rates[1] * BYTES_PER_MBIT


def mbit(text: str) -> float:
    """As bytes a second."""
    return rate_pair(text)[0]


def slow(text: str) -> Tuple[int, float]:
    number, _, ratio = text.partition(":")
    try:
        found = int(number), float(ratio)
    except ValueError:
        found = -1, 0.0
    if found[0] < 0 or not 0 < found[1] <= 1:
        raise argparse.ArgumentTypeError(f"'{text}': write how many and which part, as 50:0.1")
    return found


def milliseconds(text: str) -> float:
    """As seconds."""
    try:
        seconds = float(text) / 1000
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < 60:
        raise argparse.ArgumentTypeError(f"'{text}' is no number of milliseconds")
    return seconds


def become_compiled(argv: List[str]) -> None:
    """Go on as the compiled copy of this program; returns where there can't be one."""
    reason = compiled.obstacle()
    folder = None if reason else compiled.folder()
    if folder is None:
        print(f"{PROGRAM}: not compiled, so half as fast: {reason or 'mypyc failed'}", file=sys.stderr)
        return
    program = str(folder / "tools" / "simulate.py")
    os.execv(sys.executable, [sys.executable, program, *argv, "--plain"])


def all_rates(options: Options) -> List[Rates]:
    """Every peer's links, the seed's first. Raises RateError."""
    if options.rates:
        rates = ratefile.read(options.rates)
    else:
        seed, others = options.rate
        number, hosts = options.zones
        peers = number * hosts or options.peers
        rates = [Rates(seed, seed), *[Rates(others, others)] * (peers - 1)]
    if len(rates) > MOST_PEERS:
        raise RateError(f"{options.rates}: {len(rates)} peers: at most {MOST_PEERS} can be simulated")
    number, ratio = options.slow
    if number >= len(rates):
        raise RateError(f"--slow {number}: there are {len(rates) - 1} receivers")
    fast = len(rates) - number
    return rates[:fast] + [Rates(rate.up * ratio, rate.down * ratio) for rate in rates[fast:]]


def run(options: Options, rates: List[Rates]) -> int:
    began = time.monotonic()
    payload = Payload(options.pieces, options.piece_size, options.zeros)
    limits = Limits()._replace(degree=options.degree, uploads=options.uploads)
    number, hosts = options.zones
    zoning = Zoning(number, hosts, options.between, not options.unaware) if number else None
    swarm = Growth(payload, rates, limits, Wire(options.latency, options.chunk), options.seed, zoning)
    gc.freeze()  # the peers live to the end, and nothing here makes rings of garbage in number
    outcome = swarm.run()
    cost = {
        "real_seconds": round(time.monotonic() - began, 1),
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
    if options.json:
        print(json.dumps({**as_json(outcome), "peers": len(rates), **cost}))
    else:
        tell(options, payload, len(rates), outcome, cost)
    return 0 if outcome.complete == len(rates) - 1 else 1


def as_json(outcome: Outcome) -> Dict[str, Any]:
    return {**outcome._asdict(), "ratio": outcome.ratio}


def tell(options: Options, payload: Payload, peers: int, outcome: Outcome, cost: Dict[str, Any]) -> None:
    pieces = f"{count_of(payload.pieces, 'piece')} of {format_size(payload.piece_size)}"
    settings = f"degree {options.degree}, {options.uploads} parallel uploads, random seed {options.seed}"
    print(f"{peers} peers, {pieces}, {settings}")
    if outcome.complete < peers - 1:
        print(f"  INCOMPLETE: {outcome.complete} of {peers - 1} receivers have it all; the others stopped getting on")
    print(f"  time       {outcome.seconds:.2f} s = {outcome.ratio:.3f} T* (T* {outcome.limit:.2f} s)")
    print(f"  first      {outcome.first:.2f} s = {outcome.first / outcome.limit:.3f} T*")
    print(f"  seed sent  {outcome.copies:.3f} copies")
    if options.zones[0]:
        print(f"  entered    {outcome.entered:.3f} copies a zone, in the mean, that of the seed aside")
    print(f"  messages   {outcome.messages:.1f} a piece; {outcome.surplus:.2%} of the pieces came twice")
    print(f"  it took    {cost['real_seconds']:.1f} s and {format_size(cost['memory'])} of memory here")


if __name__ == "__main__":
    leave(main)
