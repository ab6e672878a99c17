"""The texts of run_peers.sh, which starts peers of a folder in the order given, and of each machine's own script."""

from __future__ import annotations

import shlex
from types import MappingProxyType
from typing import Mapping, Sequence, Tuple

GRACE = 5  # seconds that somebody else's program has to end, after ours have
NONE: Mapping[int, str] = MappingProxyType({})

_SHELL = """\
#!/bin/sh
# Starts the peers of this folder and waits for them. All: ./run_peers.sh   Some: ./run_peers.sh 1001 1003
# Each peer's own words go to peer_ID.out. Exit code 0: every peer started here has the complete file.
cd "$(dirname "$0")" || exit 1
PYTHONPATH=${{WEFT:-{root}}}${{PYTHONPATH:+:$PYTHONPATH}}
export PYTHONPATH
[ $# -gt 0 ] || set -- {ids}

start() {{
    case $1 in
{foreign}    *) exec ${{PYTHON:-python3}} -m peer "$1" ;;
    esac
}}

started=
trap 'trap "" INT TERM; [ -z "$started" ] || kill $started 2>/dev/null; wait; exit 130' INT TERM
for id in "$@"; do
    start "$id" >"peer_$id.out" 2>&1 &
    started="$started $!"
done

failed=0
left=
for id in "$@"; do
    pid=${{started# }}
    pid=${{pid%% *}}
    case $id in
    {others})
        left="$left $id:$pid"
        started="${{started# $pid}} $pid"
        continue ;;
    esac
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
{end}exit $failed
"""

_END = """\

# Ours are done. The other programs have {grace} seconds to end; then they are stopped.
stoppers=
for one in $left; do
    pid=${{one#*:}}
    (sleep {grace}; kill "$pid"; sleep 3; kill -9 "$pid") >/dev/null 2>&1 &
    stoppers="$stoppers $!"
done
for one in $left; do
    id=${{one%:*}}
    {{ wait "${{one#*:}}"; code=$?; }} 2>/dev/null
    case $code in 137|143) how="didn't end, so it was stopped" ;; *) how="ended with exit code $code" ;; esac
    if cmp -s {model} "peer_$id/"{name}; then
        echo "peer $id (not ours): complete; it $how"
    else
        failed=1
        words=$(tail -n 1 "peer_$id.out")
        echo "peer $id (not ours): not complete; it $how${{words:+: $words}}" >&2
    fi
done
[ -z "$stoppers" ] || kill $stoppers 2>/dev/null
"""

_MACHINE = """\
#!/bin/sh
# Starts the peers of {host}, and waits for them. On each machine run its own script: the first one's first.
exec sh "$(dirname "$0")/run_peers.sh" {ids}
"""


def shell(root: str, ids: Sequence[int], foreign: Mapping[int, str] = NONE, model: Tuple[int, str] = (0, "")) -> str:
    """A POSIX shell script; `root` is the folder that holds the package `peer`.

    `foreign`: peer -> the command of somebody else's program; `model`: a peer that has the file, and the file's name.
    """
    cases = "".join(f"    {peer}) {_line(command)} ;;\n" for peer, command in foreign.items())
    others = "|".join(map(str, foreign)) or "none"
    source = f"peer_{model[0]}/{model[1]}"
    end = _END.format(grace=GRACE, model=shlex.quote(source), name=shlex.quote(model[1])) if foreign else ""
    words = {"root": shlex.quote(root), "ids": " ".join(map(str, ids))}
    return _SHELL.format(**words, foreign=cases, others=others, end=end)


def _line(command: str) -> str:
    """A program takes the shell's place, so that a signal reaches it; what is more than a program stays as it is."""
    return command if any(character in command for character in ";&|<>()") else f"exec {command}"


def machine(host: str, ids: Sequence[int]) -> str:
    """A POSIX shell script that starts one machine's peers."""
    return _MACHINE.format(host=host, ids=" ".join(map(str, ids)))
