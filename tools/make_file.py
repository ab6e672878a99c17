#!/usr/bin/env python3
"""Makes a test file: python tools/make_file.py PATH SIZE [--seed S] [--force].

The same size and seed give the same bytes everywhere. Exit codes: 0 made, 1 not made, 2 wrong arguments.
"""

from __future__ import annotations

import os
import sys
from typing import List, Optional

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from peer.core.sizes import format_size
from peer.edge.generate import write_file
from tools.arguments import INTERRUPTED, Parser, fail, leave, size

PROGRAM = "make_file"


def main(argv: Optional[List[str]] = None) -> int:
    options = parser().parse_args(argv)
    path = options.path
    if os.path.lexists(path) and not os.path.isfile(path):
        return fail(PROGRAM, f"{path} is there already and is no plain file: choose another name")
    if os.path.lexists(path) and not options.force:
        return fail(PROGRAM, f"{path} is there already: --force replaces it")
    try:
        write_file(path, options.size, options.seed)
    except OSError as error:
        return fail(PROGRAM, f"cannot make {path}: {error.strerror or error}")
    except KeyboardInterrupt:
        return fail(PROGRAM, f"interrupted: {path} was not made", INTERRUPTED)
    print(f"made {path}: {format_size(options.size)} ({options.size} bytes), seed {options.seed}")
    return 0


def parser() -> Parser:
    made = Parser(prog=PROGRAM, description="Make a test file: the same size and seed, the same bytes.")
    made.add_argument("path", metavar="PATH", help="where to put it")
    made.add_argument("size", metavar="SIZE", type=size, help="20MiB, 1GiB, 1.5GiB or plain bytes")
    made.add_argument("--seed", metavar="S", default="0", help="number or word that decides the bytes (default 0)")
    made.add_argument("--force", action="store_true", help="replace a file that is there")
    return made


if __name__ == "__main__":
    leave(main)
