"""Makes an exit code of whatever work ends with, and one line on standard error of whatever a user can cause."""

from __future__ import annotations

from typing import Callable

from peer.core.errors import EXIT_INTERRUPTED, EXIT_OK, WeftError
from peer.edge import stderr, stdout


def exit_code(program: str, work: Callable[[], int]) -> int:
    """Do it; `program` is who tells of an error."""
    try:
        return work()
    except WeftError as error:
        stderr.report(program, str(error))
        return error.code
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        stdout.let_go()
        return EXIT_OK
