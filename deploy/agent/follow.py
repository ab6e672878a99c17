"""Streams this host's logs and statuses, by the peer's own `follow`, which the agent brings along."""

from __future__ import annotations

import sys
from typing import NoReturn

from deploy.agent import clocks, lines, paths, verbs
from deploy.agent.context import Context
from deploy.agent.wire import Wire
from peer.core.errors import EXIT_OK
from peer.edge import follow as stream
from peer.edge.exitcode import exit_code


def follow(request: verbs.Follow, context: Context) -> NoReturn:
    """Hand the line to it and end with it; the last line tells its exit code."""
    home = paths.deployed_home(context.home)
    context.guard.lease(clocks.LEASE)

    def work() -> int:
        stream.follow(home, request.offsets, request.until_done, _Text(context.wire), request.leave_out, request.pace)
        return EXIT_OK

    ended = exit_code("peer follow", work)
    context.wire.say(lines.write(lines.End(ended)))
    sys.exit(ended)


class _Text:
    """The wire as a text file: each write is complete lines."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def write(self, text: str) -> None:
        self._wire.say(text.encode())

    def flush(self) -> None:
        """They are on their way already."""
