#!/usr/bin/env python3
"""Judges a classic swarm by its logs, whoever wrote its peers: python tools/audit.py DIR.

Reads Common.cfg, PeerInfo.cfg, log_peer_*.log and the copies in DIR (where the peers ran, or a fetched run's folder),
and says for each rule of the assignment whether it was kept. Exit codes: 0 no rule is broken, 1 at least one is, 2
wrong arguments or no swarm there.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import List, Optional, Sequence

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from peer.core.errors import ConfigError
from tools import auditfolder, auditpage
from tools.arguments import FAILED, INTERRUPTED, USAGE, Parser, fail, leave
from tools.auditing import results as words
from tools.auditing.grading import Mark, WeightError, mark, weights_of
from tools.auditing.judging import RULES, judge
from tools.auditing.rule import BROKEN, Result

PROGRAM = "audit"


def main(argv: Optional[List[str]] = None) -> int:
    options = parser().parse_args(argv)
    try:
        return run(options)
    except (auditfolder.FolderError, ConfigError, WeightError) as error:
        return fail(PROGRAM, str(error), USAGE)
    except OSError as error:
        return fail(PROGRAM, f"{error.filename}: {error.strerror or error}", USAGE)
    except KeyboardInterrupt:
        return fail(PROGRAM, "interrupted", INTERRUPTED)


def parser() -> Parser:
    made = Parser(
        prog=PROGRAM,
        description="Judge a classic swarm by its logs, rule by rule.",
        epilog="rules: " + ", ".join(rule.name for rule in RULES),
    )
    add = made.add_argument
    add("dir", metavar="DIR", help="where the peers ran, or a fetched run's folder")
    add("--grade", metavar="FILE", help="YAML with the points of each rule ('texts: 10'): tell a mark as well")
    add("--html", metavar="FILE", type=Path, help="write a page to hand in as well")
    add("--every", action="store_true", help=f"show all findings, not {words.FEW} of each rule")
    add("--json", action="store_true", help="one object a line in place of the table")
    return made


def run(options: argparse.Namespace) -> int:
    weights = read_weights(options.grade) if options.grade else None
    swarm = auditfolder.load(options.dir)
    results = judge(swarm)
    graded = mark(results, weights) if weights is not None else None
    if options.html:
        title = f"Audit of {os.path.basename(os.path.abspath(options.dir))}"
        auditpage.write(options.html, title, swarm, results, graded)
    if options.json:
        for fields in words.objects(results, graded):
            print(json.dumps(fields))
    else:
        show(results, graded, None if options.every else words.FEW)
    return FAILED if any(one.state == BROKEN for one in results) else 0


def read_weights(path: str) -> "dict[str, float]":
    """Raises WeightError and OSError."""
    from deploy.core.inventory.errors import InventoryError  # slow to import, and seldom needed
    from deploy.core.inventory.yamltext import read

    try:
        document = read(Path(path).read_text(encoding="utf-8"), path)
    except InventoryError as error:
        raise WeightError(str(error)) from None
    return weights_of(document.data, document.lines, path)


def show(results: Sequence[Result], graded: Optional[Mark], most: Optional[int]) -> None:
    """On the terminal; in plain columns where rich isn't installed, as on a student's machine."""
    try:
        from tools import audittable
    except ImportError:
        for row in words.rows(results):
            print(f"{row[0]:22}{row[1]:16}{row[2]:>7}  {row[3]}")
        for line in words.finding_lines(results, most):
            print(line)
        print(words.summary(results), *([graded.words] if graded else []), sep="\n")
        return
    audittable.show(results, graded, most)


if __name__ == "__main__":
    leave(main)
