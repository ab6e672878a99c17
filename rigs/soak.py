#!/usr/bin/env python3
"""Runs swarms with random faults in a lab: sudo python rigs/soak.py --rounds 100 --seed 1.

A round is a swarm of real peers and all that befalls it, drawn from the seed and the round's number: peers killed or
frozen, hosts cut off or slowed down, spoiled bytes, late starters, a seed that dies. At its end every peer that could
have the payload must have exactly its bytes. Exit codes: 0 all rounds went right, 1 one didn't (its files are kept,
and a line tells how to play it again), 2 wrong arguments, 130 interrupted; nothing is left running.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import List, Optional

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from netlab import LabError
from rigs.errors import RigError
from rigs.soaking import relayrounds, slowhost, turnrounds
from rigs.soaking.series import Series, SoakOptions
from tools.arguments import INTERRUPTED, Parser, count, fail, leave

PROGRAM = "soak"
STOPPERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(argv: Optional[List[str]] = None) -> int:
    options = parser().parse_args(argv)
    for number in STOPPERS:
        signal.signal(number, _interrupt)
    series = Series(_asked(options))
    try:
        if options.slow_host:
            return slowhost.run(options.slow_host, options.work)
        if options.turns:
            return turnrounds.run(options.turns, options.seed, options.only, options.work)
        if options.relays:
            return relayrounds.run(options.relays, options.seed, options.only, options.work)
        series.run()
    except (RigError, LabError) as error:
        return fail(PROGRAM, str(error))
    except OSError as error:
        return fail(PROGRAM, f"{error.filename or 'system'}: {error.strerror or error}")
    except KeyboardInterrupt:
        return fail(PROGRAM, "interrupted: everything was taken down", INTERRUPTED)
    return 1 if series.wrong else 0


def _interrupt(_number: int, _frame: Optional[FrameType]) -> None:
    """The first signal stops the work; those that follow must not stop the clearing up."""
    for other in STOPPERS:
        signal.signal(other, signal.SIG_IGN)
    raise KeyboardInterrupt


def parser() -> Parser:
    made = Parser(prog=PROGRAM, description="Run swarms with random faults, and see that every outcome is right.")
    add = made.add_argument
    add("--seed", metavar="S", type=word, default=str(int(time.time())), help="decides all rounds (default: the time)")
    add("--rounds", metavar="N", type=count(1), default=10, help="how many (default 10)")
    add("--round", metavar="N", type=count(1), dest="only", help="this one alone, to play it again")
    add("--seconds", metavar="S", type=count(1), default=0, help="begin no further round after so many")
    add(
        "--slow-host",
        metavar="N",
        type=count(1, 100),
        help="instead: N swarms with a slow host and N without, in turns",
    )
    add(
        "--turns",
        metavar="N",
        type=count(1),
        help="instead: N turns to a release, with hosts killed, cut off, sealed or full",
    )
    add(
        "--relays",
        metavar="N",
        type=count(1),
        help="instead: N swarms with hosts that only SSH reaches, cut off or left by their operator",
    )
    add("--local", action="store_true", help="on loopback and without root: no links to cut or to slow down")
    add("--keep", metavar="DIR", type=Path, default=Path("runs/soak"), help="for what went wrong (default ./runs/soak)")
    add("--work", metavar="DIR", type=Path, help="where the copies lie (default /dev/shm, where there is room)")
    add("--deadline", metavar="S", type=count(1), default=120, help="that a round may take (default 120)")
    return made


def word(text: str) -> str:
    """A seed: it names folders, too."""
    if not text.isalnum():
        raise argparse.ArgumentTypeError(f"'{text}': letters and digits alone")
    return text


def _asked(options: argparse.Namespace) -> SoakOptions:
    asked = SoakOptions(options.seed, options.rounds)
    return asked._replace(
        only=options.only,
        seconds=options.seconds,
        local=options.local,
        keep=options.keep,
        work=options.work,
        deadline=options.deadline,
    )


if __name__ == "__main__":
    leave(main)
