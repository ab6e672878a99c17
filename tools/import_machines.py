#!/usr/bin/env python3
"""Turns an old configuration into an inventory: python tools/import_machines.py machines.json > inventory.yaml.

Reads a JSON of machines with their peers, or a PeerInfo.cfg. Exit codes: 0 made, 1 a file can't be read or
written, 2 wrong arguments or a wrong configuration.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from deploy.core.inventory import inventory_text, read_machines
from peer.core.config import parse_common
from peer.core.errors import ConfigError
from tools.arguments import USAGE, Parser, fail, leave

PROGRAM = "import_machines"


def main(argv: list[str] | None = None) -> int:
    options = parser().parse_args(argv)
    try:
        text = convert(options.file, options.common, options.name)
        if options.output is None:
            print(text, end="")
        else:
            write(options.output, text, options.force)
    except ConfigError as error:
        return fail(PROGRAM, str(error), USAGE)
    except OSError as error:
        return fail(PROGRAM, f"{error.filename}: {error.strerror or error}")
    return 0


def convert(file: Path, common: Path | None, name: str) -> str:
    """The inventory's text. Raises ConfigError and OSError."""
    settings = parse_common(read(common), str(common)) if common else None
    return inventory_text(read_machines(read(file), file.name), name, file.name, settings)


def read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ConfigError(str(path), "not UTF-8", "save it as UTF-8") from None


def write(path: Path, text: str, force: bool) -> None:
    """Never over a file that is there, unless told to."""
    if path.exists() and not force:
        raise ConfigError(str(path), "is there already", "--force replaces it")
    path.write_text(text, encoding="utf-8")


def parser() -> Parser:
    made = Parser(prog=PROGRAM, description="Turn a JSON of machines, or a PeerInfo.cfg, into an inventory.yaml.")
    made.add_argument("file", type=Path, help="the JSON, or the PeerInfo.cfg")
    made.add_argument("--common", type=Path, help="a Common.cfg: the swarm stays classic, with its sizes and intervals")
    made.add_argument("--name", default="imported", help="the swarm's name (default: imported)")
    made.add_argument("--output", "-o", type=Path, help="the file to write (default: standard output)")
    made.add_argument("--force", action="store_true", help="replace the output file")
    return made


if __name__ == "__main__":
    leave(main)
