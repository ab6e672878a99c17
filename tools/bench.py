#!/usr/bin/env python3
"""Measures this swarm and other tools side by side: python tools/bench.py A --runs 3 --tools weft,rsync.

Exit codes: 0 measured, 1 something failed, 2 wrong arguments, 130 interrupted (all is taken down then, too).
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import List, Optional

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from tools.arguments import INTERRUPTED, Parser, count, fail, size
from tools.benchkit import place, records, rounds, table, toolbox
from tools.benchkit.errors import BenchError
from tools.benchkit.records import Run
from tools.benchkit.scenarios import SCENARIOS
from tools.benchkit.toolbox import MAKERS
from tools.benchkit.weftfiles import Wish
from tools.labkit import LabError

PROGRAM = "bench"

Options = argparse.Namespace


def main(argv: Optional[List[str]] = None) -> int:
    options = parser().parse_args(argv)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        return run_scenarios(options)
    except (BenchError, LabError) as error:
        return fail(PROGRAM, str(error), error.code)
    except OSError as error:
        return fail(PROGRAM, f"{error.filename or 'system'}: {error.strerror or error}")
    except KeyboardInterrupt:
        return fail(PROGRAM, "interrupted: nothing is left of the lab", INTERRUPTED)


def _interrupt(_number: int, _frame: Optional[FrameType]) -> None:
    """The first signal stops the work; those that follow must not stop the clearing up."""
    for other in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(other, signal.SIG_IGN)
    raise KeyboardInterrupt


def parser() -> Parser:
    made = Parser(prog=PROGRAM, description="Measure this swarm and other tools side by side.")
    add = made.add_argument
    add("what", metavar="WHAT", choices=[*SCENARIOS, "all"], nargs="+", help="A, B, C, D, all")
    add("--runs", metavar="N", type=count(1, 100), default=3, help="of each tool in each scenario (default 3)")
    add("--work", metavar="DIR", type=Path, help="where the copies lie (default /dev/shm, where there is room)")
    add("--out", metavar="DIR", type=Path, default=Path("bench"), help="where the figures go (default ./bench)")
    add("--tools", metavar="NAMES", type=tool_names, default=[*MAKERS], help=f"default {','.join(MAKERS)}")
    add("--piece-size", metavar="SIZE", type=size, help="of Weft's pieces (default: automatic)")
    return made


def tool_names(text: str) -> List[str]:
    names = text.split(",")
    for name in names:
        if name not in MAKERS:
            raise argparse.ArgumentTypeError(f"no tool '{name}': choose from {', '.join(MAKERS)}")
    return names


def run_scenarios(options: Options) -> int:
    chosen = [SCENARIOS[name] for name in (SCENARIOS if "all" in options.what else options.what)]
    tools, absent = toolbox.choose(options.tools, Wish(options.piece_size))
    for name, why in absent.items():
        print(f"without {name}: {why}")
    if not tools:
        return fail(PROGRAM, "no tool is left to measure")
    runs: List[Run] = []
    with place.work_folder(options.work, max(map(rounds.room, chosen))) as folder:
        print(f"in {folder} ({'memory' if place.in_memory(folder) else 'disk'})")
        for scenario in chosen:
            print(table.title(scenario), flush=True)
            for run in rounds.play(scenario, tools, options.runs, folder):
                print(table.run_line(run), flush=True)
                runs.append(run)
    print(table.text([table.HEADER, *table.rows(records.summarise(runs))]))
    return 1 if any(run.problem for run in runs) else 0


if __name__ == "__main__":
    sys.exit(main())
