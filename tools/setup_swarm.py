#!/usr/bin/env python3
"""Sets up a classic swarm for those who start each peer by hand.

Writes Common.cfg, PeerInfo.cfg, the seeds' files (peer_1001/TheFile.dat) and run_peers.sh into one folder; for several
machines also a script for each. Exit codes: 0 written, 1 not written, 2 wrong arguments.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from functools import partial
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from peer.core import config
from peer.core import folder as names
from peer.core.counting import count_of
from peer.core.errors import ConfigError
from peer.core.sizes import format_size
from peer.core.swarmfile import folder_texts
from peer.edge.generate import write_file
from peer.edge.lock import holder
from peer.edge.ours import trees
from peer.edge.ours.naming import put
from peer.edge.ours.recordfile import RecordFile, RecordView, read, views
from tools import scripts
from tools.arguments import INTERRUPTED, USAGE, Parser, count, fail, leave, size
from tools.ownaddress import own_address

PROGRAM = "setup_swarm"
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FIRST_ID = 1001
ALL = "run_peers.sh"
SET_UP = 0  # stands for the set-up where peers have their IDs

Rows = Tuple[config.PeerRow, ...]


def main(argv: Optional[List[str]] = None) -> int:
    options = parser().parse_args(argv)
    try:
        common, rows = configuration(options)
        texts = files(common, rows, programs(options.foreign, rows))
        make_way(options.dir, [*texts, *remains(rows)], [row.peer_id for row in rows], options.force)
        write(options.dir, texts, common, rows, options.seed)
    except ConfigError as error:
        return fail(PROGRAM, str(error), USAGE)
    except OSError as error:
        return fail(PROGRAM, f"cannot write {error.filename or options.dir}: {error.strerror or error}")
    except KeyboardInterrupt:
        return fail(PROGRAM, "interrupted: run it again with --force", INTERRUPTED)
    report(options, common, rows)
    return 0


def parser() -> Parser:
    made = Parser(prog=PROGRAM, description="Set up a classic swarm to start by hand.")
    add = made.add_argument
    add("--peers", metavar="N", type=count(1, 10_000), default=5, help="peers in all, seeds included (default 5)")
    add("--seeds", metavar="N", type=count(1), default=1, help="the first N peers start with the file (default 1)")
    add("--file-size", metavar="SIZE", type=size, default="20MiB", help="20971520, 20MiB, ... (default 20MiB)")
    add("--piece-size", metavar="SIZE", type=size, default="16KiB", help="16384, 16KiB, ... (default 16KiB)")
    add("--file-name", metavar="NAME", default="TheFile.dat", help="default TheFile.dat")
    add("--seed", metavar="S", default="0", help="number or word that decides the file's bytes (default 0)")
    add(
        "--host",
        metavar="NAME,...",
        default="localhost",
        help="the peers' machines: each gets as many peers; 'self' is this one's address (default localhost)",
    )
    add("--port", metavar="PORT", type=count(1, 65535), default=6008, help="the first peer's port (default 6008)")
    add("--preferred", metavar="K", type=count(0), default=2, help="preferred neighbours (default 2)")
    add("--unchoking", metavar="S", type=count(1), default=1, help="unchoking interval in s (default 1)")
    add("--optimistic", metavar="S", type=count(1), default=2, help="optimistic interval in s (default 2)")
    add("--dir", metavar="DIR", type=Path, default=Path("."), help="where to put it all (default: here)")
    add(
        "--foreign",
        metavar="ID=COMMAND",
        action="append",
        default=[],
        help="run_peers.sh starts COMMAND as this peer, and stops it in the end (may be given several times)",
    )
    add("--force", action="store_true", help="replace what an earlier set-up or run left in that folder")
    return made


def configuration(options: argparse.Namespace) -> Tuple[config.Common, Rows]:
    """The two files' contents. Raises ConfigError for what no peer would accept."""
    if options.seeds > options.peers:
        raise ConfigError("--seeds", f"{options.seeds} of {options.peers} peers", "give at most --peers")
    if options.port + options.peers > 65536:
        raise ConfigError("--port", f"{options.peers} ports from {options.port} end above 65535", "start lower")
    common = config.Common(
        options.preferred,
        options.unchoking,
        options.optimistic,
        options.file_name,
        options.file_size,
        options.piece_size,
    )
    hosts = placed(options.host, options.peers)
    rows = tuple(
        config.PeerRow(FIRST_ID + number, host, options.port + number, number < options.seeds)
        for number, host in enumerate(hosts)
    )
    config.parse_common(config.format_common(common))  # a name or a number that a peer refuses is refused here
    config.parse_peer_info(config.format_peer_info(rows))
    return common, rows


def placed(written: str, peers: int) -> List[str]:
    """The host of each peer: the machines in their order, each with the same number of peers or one more.

    Raises ConfigError.
    """
    machines = [name.strip() for name in written.split(",")]
    for name in machines:
        if not name or "/" in name or " " in name:
            raise ConfigError("--host", f"'{name}' in '{written}' is no machine", "write names or addresses and commas")
    if "self" in machines:
        others = [name for name in machines if name != "self"]
        own = own_address(others[0] if others else None)
        machines = [own if name == "self" else name for name in machines]
    if len(set(machines)) < len(machines):
        raise ConfigError("--host", f"'{written}' names a machine twice", "name each once")
    if len(machines) > peers:
        kind = "peer" if peers == 1 else "peers"
        raise ConfigError("--host", f"{len(machines)} machines for {peers} {kind}", "give at least as many --peers")
    return [machines[number * len(machines) // peers] for number in range(peers)]


def programs(wanted: List[str], rows: Rows) -> Dict[int, str]:
    """Peer -> command of somebody else's program. Raises ConfigError."""
    found: Dict[int, str] = {}
    for one in wanted:
        peer, _, command = one.partition("=")
        if not command.strip() or "\n" in command:
            raise ConfigError(
                "--foreign", f"'{one}' names no command", 'write ID="COMMAND", as 1003="java peerProcess 1003"'
            )
        if peer not in [str(row.peer_id) for row in rows]:
            span = f"from {rows[0].peer_id} to {rows[-1].peer_id}"
            raise ConfigError("--foreign", f"there is no peer {peer}", f"give an ID {span}")
        found[int(peer)] = command.strip()
    return found


def files(common: config.Common, rows: Rows, foreign: Dict[int, str]) -> Dict[str, str]:
    """Name and text of each small file. `foreign`: peer -> command of somebody else's program."""
    ids = [row.peer_id for row in rows]
    seed = next((row.peer_id for row in rows if row.has_file and row.peer_id not in foreign), rows[0].peer_id)
    return {
        **folder_texts(common, rows),
        ALL: scripts.shell(ROOT, ids, foreign, (seed, common.file_name)),
        **{name: scripts.machine(host, theirs) for name, (host, theirs) in machines(rows).items()},
    }


def machines(rows: Rows) -> Dict[str, Tuple[str, List[int]]]:
    """Script -> the machine that it is for, and its peers; none where all peers are on one machine."""
    hosts = list(dict.fromkeys(row.host for row in rows))
    if len(hosts) == 1:
        return {}
    return {f"run_{host}.sh": (host, [row.peer_id for row in rows if row.host == host]) for host in hosts}


def remains(rows: Rows) -> List[str]:
    """What an earlier run of these peers leaves, and what a fleet swarm has that a classic one must not have."""
    kinds = names.payload, names.log, names.status, names.trace, names.lock
    return [names.SWARM, *(name(row.peer_id) for name in kinds for row in rows)]


def make_way(where: Path, wanted: List[str], ids: Sequence[int], force: bool) -> None:
    """Sees to it that nothing of these names is in the folder. Raises FileExistsError unless `force`.

    Raises it too while one of the peers of these IDs runs there.

    What a set-up or a peer made goes, as their records say; what somebody else made is put aside.
    """
    found = [where / name for name in wanted if os.path.lexists(where / name)]
    if found and not force:
        raise FileExistsError(0, "it is there already: --force removes all that an earlier run left", str(found[0]))
    if not found:
        return
    living = [f"{peer} (pid {pid})" for peer in ids if (pid := holder(str(where), peer)) is not None]
    if living:
        raise FileExistsError(0, f"peer {', '.join(living)} runs there: stop it first", str(where))
    records = [name for name in os.listdir(where) if names.is_record(name) and read(str(where / name))]
    known = views(str(where), records)
    for path in found:
        trees.clear(str(path), partial(_is_ours, known, str(path)))
        if os.path.lexists(path):
            _put_aside(path)
    for name in records:
        (where / name).unlink()


def _is_ours(known: List[RecordView], top: str, below: str, info: os.stat_result) -> bool:
    return any(view.knows(os.path.join(top, below) if below else top, info) for view in known)


def _put_aside(path: Path) -> None:
    for number in range(1, 1000):
        goal = path.with_name(trees.aside_name(path.name, f".before-{number}"))
        if not os.path.lexists(goal):
            put(str(path), str(goal))
            print(f"{path}: it isn't of an earlier set-up; it is {goal.name} now")
            return


def write(where: Path, texts: Dict[str, str], common: config.Common, rows: Rows, seed: str) -> None:
    where.mkdir(parents=True, exist_ok=True)
    record = RecordFile(os.path.join(os.path.abspath(where), names.record(SET_UP)), PROGRAM)
    for name, text in texts.items():
        with open(where / name, "x", encoding="utf-8") as file:
            file.write(text)
        if name.endswith(".sh"):
            (where / name).chmod(0o755)
    for row in rows:
        (where / names.payload(row.peer_id)).mkdir()
        if row.has_file:
            write_file(where / names.payload(row.peer_id) / common.file_name, common.file_size, seed)
    made = [*texts, *(names.payload(row.peer_id) for row in rows)]
    made += [os.path.join(names.payload(row.peer_id), common.file_name) for row in rows if row.has_file]
    for name in made:
        record.made(os.path.join(os.path.abspath(where), name))
    record.close()


def report(options: argparse.Namespace, common: config.Common, rows: Rows) -> None:
    pieces = -(-common.file_size // common.piece_size)
    kind = "peer" if options.peers == 1 else "peers"
    print(f"{options.dir}: {options.peers} {kind}, {format_size(common.file_size)} in {count_of(pieces, 'piece')}")
    script = shlex.quote(os.path.join(options.dir, ALL))
    for name, (host, theirs) in machines(rows).items():
        print(f"on {host}: sh {name}    peers {', '.join(map(str, theirs))}")
    if not machines(rows):
        print(f"start them all: {script}    one: {script} {FIRST_ID}")


if __name__ == "__main__":
    leave(main)
