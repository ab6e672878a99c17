#!/usr/bin/env python3
"""Throws inputs at every reader of foreign bytes: python rigs/fuzz.py --runs 1000000, or make fuzz.

With atheris (pip install 'weft[fuzz]') the inputs are guided by the code that they reach, without it they are blind.
Inputs that broke something are kept below tests/fuzz_corpus and replayed by the test suite. Exit codes: 0 nothing
found, 1 something, 2 wrong arguments.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import List, Optional

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from rigs.fuzzing import blind, guided
from rigs.fuzzing.blind import Ran
from rigs.fuzzing.targets import TARGETS
from tools.arguments import FAILED, INTERRUPTED, Parser, count, fail, leave

PROGRAM = "fuzz"


def main(argv: Optional[List[str]] = None) -> int:
    options = parser().parse_args(argv)
    names = options.target or list(TARGETS)
    whole = sum(TARGETS[name].share for name in names)
    print(
        f"{'target':<10} {'inputs':>10} {'a second':>9}  findings ({way(options)}, seed {options.seed})",
        flush=True,
    )
    total = broken = 0
    begin = time.monotonic()
    try:
        for name in names:
            part = TARGETS[name].share / whole
            ran = run(name, max(1, round(options.runs * part)), options.seconds * part, options)
            total += ran.inputs
            broken += len(ran.findings)
    except KeyboardInterrupt:
        return fail(PROGRAM, "interrupted", INTERRUPTED)
    except RuntimeError as error:
        return fail(PROGRAM, str(error))
    print(f"{'together':<10} {total:>10} {total / (time.monotonic() - begin):>9.0f}  {broken or 'none'}")
    return FAILED if broken else 0


def parser() -> Parser:
    made = Parser(prog=PROGRAM, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = made.add_argument
    add(
        "--target",
        action="append",
        choices=list(TARGETS),
        help="one reader; may be given again (default: all)",
    )
    add("--runs", metavar="N", type=count(1), default=1_000_000, help="inputs, shared out (default 1000000)")
    add(
        "--seconds",
        metavar="N",
        type=seconds,
        default=float("inf"),
        help="at most, shared out (default: no end)",
    )
    add("--seed", metavar="N", type=count(0), default=0, help="of all chance (default 0)")
    add("--keep", action="store_true", help="inputs that reach new code join the corpus (atheris only)")
    add("--blind", action="store_true", help="without atheris, also where it is installed")
    return made


def seconds(text: str) -> float:
    """An argument that is a number of whole seconds."""
    return float(count(1)(text))


def way(options: argparse.Namespace) -> str:
    return "blind" if options.blind or not guided.is_there() else "guided"


def run(name: str, runs: int, limit: float, options: argparse.Namespace) -> Ran:
    """One target, and its line."""
    if way(options) == "blind":
        ran = blind.run(name, TARGETS[name], runs, limit, options.seed)
    else:
        ran = guided.run(name, runs, limit, options.seed, options.keep)
    rate = ran.inputs / max(ran.seconds, 1e-9)
    print(f"{name:<10} {ran.inputs:>10} {rate:>9.0f}  {len(ran.findings) or 'none'}", flush=True)
    for path, words in ran.findings:
        print(f"{PROGRAM}: {name}: {words} ({os.path.relpath(path)})", file=sys.stderr, flush=True)
    return ran


if __name__ == "__main__":
    leave(main)
