"""The texts of run_peers.sh and run_peers.bat, which start the peers of one folder in the order given."""

from __future__ import annotations

import shlex
from typing import Sequence

_SHELL = """\
#!/bin/sh
# Starts the peers of this folder and waits for them. All: ./run_peers.sh   Some: ./run_peers.sh 1001 1003
# Each peer's own words go to peer_ID.out. Exit code 0: every peer started here has the complete file.
cd "$(dirname "$0")" || exit 1
PYTHONPATH=${{WEFT:-{root}}}${{PYTHONPATH:+:$PYTHONPATH}}
export PYTHONPATH
[ $# -gt 0 ] || set -- {ids}

started=
trap 'trap "" INT TERM; [ -z "$started" ] || kill $started 2>/dev/null; wait; exit 130' INT TERM
for id in "$@"; do
    ${{PYTHON:-python3}} -m peer "$id" >"peer_$id.out" 2>&1 &
    started="$started $!"
done

failed=0
for id in "$@"; do
    pid=${{started# }}
    pid=${{pid%% *}}
    wait "$pid"
    code=$?
    started="${{started# $pid}}"
    if [ $code -eq 0 ]; then
        echo "peer $id: complete"
    else
        failed=1
        echo "peer $id: exit code $code: $(tail -n 1 "peer_$id.out")" >&2
    fi
done
exit $failed
"""

_BATCH = """\
@echo off
rem Starts the peers of this folder, each in a window of its own that stays open.
cd /d "%~dp0"
if not defined WEFT set "WEFT={root}"
set "PYTHONPATH=%WEFT%;%PYTHONPATH%"
{lines}"""


def shell(root: str, ids: Sequence[int]) -> str:
    """A POSIX shell script; `root` is the folder that holds the package `peer`."""
    return _SHELL.format(root=shlex.quote(root), ids=" ".join(map(str, ids)))


def batch(root: str, ids: Sequence[int]) -> str:
    """A Windows batch file (its line ends are the writer's business)."""
    lines = "".join(f'start "peer {peer}" cmd /k python -m peer {peer}\n' for peer in ids)
    return _BATCH.format(root=root.replace("%", "%%"), lines=lines)
