"""`operator`: all that `fab up` does itself for a thousand hosts; their agents are scripted, so no host takes part."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Dict, Iterator, NamedTuple, Tuple

from rigs import accounting, fabup
from rigs.benchmark import fakehosts
from rigs.benchmark.records import OperatorRun
from rigs.benchmark.rounds import Care, careful
from rigs.benchmark.scenarios import GIB, MIB
from rigs.benchmark.scriptedagent import PAYLOAD, RUN
from rigs.errors import RigError
from rigs.peerprocess import CHECKOUT
from rigs.procgroup import Child, ProcessGroup

SIZE = GIB
SOCKET = "hosts.sock"
SLACK_SECONDS = 1800.0  # beyond the peers' lives
READY_SECONDS = 30.0


class OperatorOptions(NamedTuple):
    """So many hosts with a peer each, in turn; the peers take `seconds` for their payload."""

    hosts: Tuple[int, ...] = (1000,)
    seconds: int = 120


def room() -> int:
    """Bytes on the file system: the runs' logs."""
    return 256 * MIB


def run(folder: Path, asked: OperatorOptions, rounds: int, care: Care) -> Iterator[OperatorRun]:
    """Every number of hosts so many times."""
    for hosts in asked.hosts:
        for number in range(1, rounds + 1):
            yield from careful(care, partial(measure, folder, OperatorRun(hosts, asked.seconds, number)))


def measure(folder: Path, bare: OperatorRun) -> OperatorRun:
    """One `fab up`; a run that fails has a problem."""
    place = folder / "operator"
    place.mkdir()
    try:
        return _measure(place, bare)
    except RigError as error:
        return bare._replace(problem=str(error))
    finally:
        shutil.rmtree(place)


def _measure(place: Path, bare: OperatorRun) -> OperatorRun:
    (place / "inventory.yaml").write_text(inventory(bare.hosts))
    watch = accounting.Watch()
    with ProcessGroup() as group, tempfile.TemporaryDirectory(prefix="weft-") as short:  # a socket's path has 107 bytes
        hosts = _start_hosts(group, place, bare, Path(short) / SOCKET)
        fab = ("-m", "rigs.benchmark.fakefab", str(Path(short) / SOCKET))
        deadline = bare.life + SLACK_SECONDS
        walked = fabup.walk(group, CHECKOUT, place / "inventory.yaml", tuple, deadline, fab, ("--run", RUN))
    told = times(hosts.log.read_text())
    begin, over, end = (told.get(word, 0.0) for word in fakehosts.WORDS)
    return bare._replace(
        seconds=walked.seconds,
        phases=walked.phases,
        cpu=walked.operator,
        watching=walked.used_between(begin, end),
        watched=end - begin,
        behind=end - over,
        peak=walked.child.peak,
        others=watch.stop(group.cpu).others,
    )


def _start_hosts(group: ProcessGroup, place: Path, bare: OperatorRun, path: Path) -> Child:
    """The process of all the hosts, once one can connect to its socket at `path`."""
    arguments = [str(path), str(bare.hosts), str(bare.life), str(SIZE)]
    argv = [sys.executable, "-m", "rigs.benchmark.fakehosts", *arguments]
    child = group.start("the scripted hosts", subprocess.Popen, argv, place / "hosts.txt", cwd=str(CHECKOUT))

    def ready() -> bool:
        if child.code is not None:
            raise RigError(f"{child.name}: exit code {child.code}: {child.last_words}")
        return path.exists()

    group.wait(ready, READY_SECONDS, f"{child.name}: a socket", 0.05)
    return child


def times(said: str) -> Dict[str, float]:
    """What the hosts' process said, a word and a time a line."""
    pairs = (line.split() for line in said.splitlines())
    return {pair[0]: float(pair[1]) for pair in pairs if len(pair) == 2 and pair[0] in fakehosts.WORDS}


def inventory(hosts: int) -> str:
    """The text of an inventory of so many hosts with SSH, the first the seed."""
    names = fakehosts.host_names(hosts)
    return "\n".join(
        [
            f"swarm: {{name: bench, payload: {{generate: {SIZE}, name: {PAYLOAD}}}}}",
            "hosts:",
            *(f"  {name}: {{address: {name}.invalid}}" for name in names),
            f"seeds: [{names[0]}]",
            "",
        ]
    )
