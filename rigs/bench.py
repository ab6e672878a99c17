#!/usr/bin/env python3
"""Measures this swarm and other tools side by side: python rigs/bench.py A B --runs 3 --tools weft,libtorrent.

A, B, C, D: scenarios on hosts of a lab (root). zones: one with hosts in two zones (root). caps, caps-more, caps-fab:
whether caps bind, in a lab (root). reach: what hosts cost that accept nothing, in a lab (root). trace: what trace and
report cost in C (root). scale, classic: swarms on loopback. up: all of `fab up` in a lab (root). again: a second
version to hosts that have the first, in a lab (root). tree: many small files to local hosts. memory: what each process
takes there. operator: `fab up` for a thousand hosts that aren't there. all: everything but caps, reach, trace and
memory. report: the table and the plot again, from what was measured before.
Exit codes: 0 measured, 1 something failed, 2 wrong arguments, 130 interrupted; in any case nothing is left running.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any, Collection, Dict, List, Optional, Tuple

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from netlab import LabError
from peer.core.limits import Limits
from rigs.benchmark import campaign, capsfab, capslab, reachlab, tracecost, treememory
from rigs.benchmark.againlab import AgainOptions
from rigs.benchmark.campaign import ALL, MAKERS
from rigs.benchmark.operatorwork import OperatorOptions
from rigs.benchmark.rounds import Care
from rigs.benchmark.treelocal import TreeOptions
from rigs.benchmark.uplab import UpOptions
from rigs.benchmark.versions import VERSIONS
from rigs.errors import RigError
from rigs.swarmdir import WeftOptions
from tools.arguments import INTERRUPTED, Parser, count, fail, leave, size

PROGRAM = "bench"
# Told, and judged; not kept, and no part of `all`.
CAPS = {"caps": capslab.cases, "caps-more": capslab.more_cases}
TRACE, REACH, CAPS_FAB, MEMORY = TOLD = ("trace", "reach", "caps-fab", "memory")

Options = argparse.Namespace


def main(argv: Optional[List[str]] = None) -> int:
    options = parser().parse_args(argv)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        return run(options)
    except (RigError, LabError) as error:
        return fail(PROGRAM, str(error), error.code)
    except ValueError as error:
        return fail(PROGRAM, str(error))
    except OSError as error:
        return fail(PROGRAM, f"{error.filename or 'system'}: {error.strerror or error}")
    except KeyboardInterrupt:
        return fail(PROGRAM, "interrupted: everything was taken down", INTERRUPTED)


def _interrupt(_number: int, _frame: Optional[FrameType]) -> None:
    """The first signal stops the work; those that follow must not stop the clearing up."""
    for other in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(other, signal.SIG_IGN)
    raise KeyboardInterrupt


def parser() -> Parser:
    made = Parser(prog=PROGRAM, description="Measure this swarm and other tools side by side.")
    add = made.add_argument
    add(
        "what",
        metavar="WHAT",
        choices=[*ALL, *CAPS, *TOLD, "all", "report"],
        nargs="+",
        help=f"{', '.join([*ALL, *CAPS, *TOLD])}, all, report",
    )
    add("--runs", metavar="N", type=count(1, 100), default=3, help="of each tool in each scenario (default 3)")
    add("--tools", metavar="NAMES", **some_of("tool", MAKERS), help=f"default {','.join(MAKERS)}")
    add("--tls", action="store_true", help="the peers of `scale` speak TLS (A to D: tool weft-tls)")
    add("--work", metavar="DIR", type=folder, help="where the copies lie (default /dev/shm, where there is room)")
    add("--out", metavar="DIR", type=Path, default=Path("bench"), help="where the figures go (default ./bench)")
    add("--docs", action="store_true", help="write the tables and the plot into docs/benchmarks.md, too")
    add("--size", metavar="SIZE", type=size, default=0, help="of the payload (default: each measurement's own)")
    add("--hosts", metavar="N,N", type=counts, help="receivers of `up` (default 2,10), hosts of `operator` (1000)")
    add(
        "--files",
        metavar="N",
        type=count(1),
        default=TreeOptions().files,
        help="of `tree` and `memory` (default 100000)",
    )
    add("--kinds", metavar="KINDS", **some_of("kind", VERSIONS), help=f"of `again`: {', '.join(VERSIONS)}")
    add("--seconds", metavar="S", type=count(1), default=OperatorOptions().seconds, help="of `operator`'s peers (120)")
    add("--against", metavar="CHECKOUT", type=folder, help="`up` and `tree`: an older checkout's `fab up`, in turns")
    add("--piece-size", metavar="SIZE", type=size, help="of Weft's pieces (default: automatic)")
    limits = ", ".join(Limits._fields)
    add("--limit", metavar="NAME=N", type=limit, action="append", default=[], help=f"Weft's limits: {limits}")
    add("--trace", action="store_true", help="A to D: tell when the seed's link idles, and why (Weft, a little slower)")
    add("--calm", metavar="S", type=count(0), default=0, help="wait up to so many seconds for an idle machine each run")
    add("--again", metavar="N", type=count(0), default=0, help="repeat a run that others disturbed, at most N times")
    return made


def folder(text: str) -> Path:
    if not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"{text}: no such folder")
    return Path(text)


def counts(text: str) -> Tuple[int, ...]:
    """An argument that is one whole number, or some with commas between."""
    return tuple(map(count(1, 10_000), text.split(",")))


def some_of(noun: str, known: Collection[str]) -> Dict[str, Any]:
    """An argument that is some of the known names, with commas between; by default all."""

    def parse(text: str) -> Tuple[str, ...]:
        found = tuple(text.split(","))
        for name in found:
            if name not in known:
                raise argparse.ArgumentTypeError(f"no {noun} '{name}': choose from {', '.join(known)}")
        return found

    return {"type": parse, "default": tuple(known)}


def limit(text: str) -> Tuple[str, float]:
    name, _, value = text.partition("=")
    if name not in Limits._fields or not value.isdigit() or not int(value):
        raise argparse.ArgumentTypeError(f"'{text}': write one of {', '.join(Limits._fields)}, as degree=8")
    return name, int(value)


def run(options: Options) -> int:
    wanted = [name for name in ALL if name in options.what or "all" in options.what]
    weft = WeftOptions(options.piece_size, Limits()._replace(**dict(options.limit)), options.tls, options.trace)
    care = Care(options.calm, options.again)
    caps = [case for name, cases in CAPS.items() if name in options.what for case in cases()]
    if caps and capslab.bind(options.work, caps, care):
        return 1
    if CAPS_FAB in options.what and capsfab.bind(options.work):
        return 1
    if TRACE in options.what and tracecost.measure(options.work, options.runs, care):
        return 1
    if REACH in options.what and reachlab.measure(options.work, options.runs, weft, care):
        return 1
    if MEMORY in options.what and treememory.measure(options.work, TreeOptions(options.files)):
        return 1
    if wanted:
        done = campaign.Campaign(
            wanted,
            options.tools,
            options.runs,
            weft,
            care,
            options.size,
            UpOptions(options.hosts or UpOptions().receivers, options.size, options.against),
            TreeOptions(options.files, options.against),
            OperatorOptions(options.hosts or OperatorOptions().hosts, options.seconds),
            AgainOptions(options.size, options.kinds, options.tools),
        )
        failed = done.run(options.work, options.out)
    else:
        failed = False
    if wanted or not {*CAPS, *TOLD}.issuperset(options.what):
        campaign.report(options.out, wanted or ALL, options.docs)
    return 1 if failed else 0


if __name__ == "__main__":
    leave(main)
