"""Streams this host's logs and statuses, by the peer's own `follow`, which the agent brings along."""

from __future__ import annotations

import sys
from typing import NoReturn

from deploy.agent import clocks, lines, paths, verbs
from deploy.agent.context import Context
from peer.core.errors import EXIT_OK
from peer.edge import follow as stream
from peer.edge.exitcode import exit_code


def follow(request: verbs.Follow, context: Context) -> NoReturn:
    """Hand standard output to it and end with it; the last line tells its exit code."""
    home = paths.deployed_home(context.home)
    context.guard.lease(clocks.LEASE)

    def work() -> int:
        stream.follow(home, request.offsets, request.until_done, sys.stdout, request.leave_out, request.pace)
        return EXIT_OK

    ended = exit_code("peer follow", work)
    sys.stdout.write(lines.write(lines.End(ended)).decode())
    sys.stdout.flush()
    sys.exit(ended)
