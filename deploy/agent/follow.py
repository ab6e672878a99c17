"""Streams this host's logs and statuses: runs the peer's own `follow` in this process."""

from __future__ import annotations

import json
import runpy
import sys
from typing import NoReturn

from deploy.agent import clocks, lines, paths, verbs
from deploy.agent.context import Context
from peer.edge import codepack


def follow(request: verbs.Follow, context: Context) -> NoReturn:
    """Hand standard output to `peer.pyz follow` and end with it; the last line tells its exit code."""
    home = paths.deployed_home(context.home)
    code = paths.code_path(home)
    context.guard.lease(clocks.LEASE)
    sys.argv = [code, "follow", home, "--from", json.dumps(request.offsets)]
    if request.leave_out:
        sys.argv += ["--leave-out", ",".join(request.leave_out)]
    if request.pace:
        sys.argv += ["--pace", str(request.pace)]
    if request.until_done:
        sys.argv.append("--until-done")
    codepack.forget("peer")  # the few modules that we brought would hide those of the pushed peer
    try:
        runpy.run_path(code, run_name="__main__")
        ended = 0
    except SystemExit as error:
        ended = error.code if isinstance(error.code, int) else 1
    sys.stdout.write(lines.write(lines.End(ended)).decode())
    sys.stdout.flush()
    sys.exit(ended)
