"""Streams this host's logs and statuses: runs the peer's own `follow` in this process."""

from __future__ import annotations

import json
import runpy
import sys
from typing import NoReturn

from deploy.agent import loader, paths
from deploy.agent.watchdog import Guard
from deploy.agent.wire import Request

_LEASE_SECONDS = 30.0  # the operator sends a heartbeat every few seconds


def follow(request: Request, guard: Guard) -> NoReturn:
    """Hand standard output to `peer.pyz follow` and end with it; the last line is {"end": its exit code}."""
    home = paths.deployed_home(request)
    code = paths.code_path(home)
    guard.lease(_LEASE_SECONDS)
    sys.argv = [code, "follow", home, "--from", json.dumps(request.get("from", {}))]
    if request.get("until_done"):
        sys.argv.append("--until-done")
    loader.forget("peer")  # the few modules that we brought would hide those of the pushed peer
    try:
        runpy.run_path(code, run_name="__main__")
        ended = 0
    except SystemExit as error:
        ended = error.code if isinstance(error.code, int) else 1
    sys.stdout.write(json.dumps({"end": ended}) + "\n")
    sys.stdout.flush()
    sys.exit(ended)
