"""What the command lines of all tools share: errors of one line, exit codes, and arguments that are sizes or counts."""

from __future__ import annotations

import argparse
import sys
from typing import Callable, NoReturn, Optional, Tuple

from peer.core.sizes import parse_size
from peer.edge import stdout

FAILED, USAGE, INTERRUPTED = 1, 2, 130


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line, and which takes no abbreviated options."""

    def __init__(self, *args: object, **options: object) -> None:
        options.setdefault("allow_abbrev", False)
        super().__init__(*args, **options)  # type: ignore[arg-type]

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {message} (see --help)", file=sys.stderr)
        sys.exit(USAGE)


def leave(main: Callable[[], int]) -> NoReturn:
    """Runs a tool and exits with its code. A reader that leaves early, as `| head` does, is no error."""
    code = 0
    try:
        code = main()
        sys.stdout.flush()
    except BrokenPipeError:
        stdout.let_go()
    sys.exit(code)


def size(text: str) -> int:
    """An argument such as 20MiB, as bytes."""
    try:
        return parse_size(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def count(least: int, most: Optional[int] = None) -> Callable[[str], int]:
    """An argument that is a whole number from `least` to `most`."""
    span = f"from {least} to {most}" if most is not None else f"of at least {least}"

    def parse(text: str) -> int:
        number = int(text) if _whole(text) else -1
        if number < least or (most is not None and number > most):
            raise argparse.ArgumentTypeError(f"'{text}' is not a whole number {span}")
        return number

    return parse


def zones(text: str) -> Tuple[int, int]:
    """An argument as 2x4: how many zones, of how many hosts each."""
    number, _, hosts = text.partition("x")
    if not (_whole(number) and _whole(hosts) and int(number) > 1 and int(hosts) > 0):
        raise argparse.ArgumentTypeError(f"'{text}': write how many zones (2 or more) of how many hosts, as 2x4")
    return int(number), int(hosts)


def _whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 16


def fail(program: str, message: str, code: int = FAILED) -> int:
    """Says in one line what went wrong, and gives the exit code back."""
    print(f"{program}: {message}", file=sys.stderr)
    return code
