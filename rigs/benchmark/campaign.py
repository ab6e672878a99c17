"""One call of the benchmark: which measurements in which order, told as they come, kept as JSON, and reported."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, List, NamedTuple, Sequence, Tuple

from rigs import workfolder
from rigs.benchmark import (
    againlab,
    againtable,
    docs,
    durable,
    loopback,
    operatortable,
    operatorwork,
    plot,
    records,
    rounds,
    table,
    treelocal,
    uplab,
    usertable,
)
from rigs.benchmark.againlab import AgainOptions
from rigs.benchmark.aria2 import Aria2
from rigs.benchmark.copytools import Fanout
from rigs.benchmark.libtorrent_swarm import Libtorrent
from rigs.benchmark.operatorwork import OperatorOptions
from rigs.benchmark.records import Kept, LocalRun, UserRun
from rigs.benchmark.rounds import Care
from rigs.benchmark.scenarios import SCENARIOS, Scenario
from rigs.benchmark.site import Tool
from rigs.benchmark.treelocal import TreeOptions
from rigs.benchmark.uplab import UpOptions
from rigs.benchmark.weft import Weft
from rigs.errors import RigError
from rigs.swarmdir import WeftOptions

UNAWARE = "weft-unaware"  # of the zones that its hosts are in

MAKERS: Dict[str, Callable[[WeftOptions], Tool]] = {
    "weft": lambda weft: Weft(weft._replace(tls=False)),
    UNAWARE: lambda weft: Weft(weft._replace(tls=False), UNAWARE, aware=False),
    "weft-tls": lambda weft: Weft(weft._replace(tls=True), "weft-tls"),
    "aria2": lambda _: Aria2(),
    "libtorrent": lambda _: Libtorrent(),
    "rsync": lambda _: Fanout("rsync"),
    "scp": lambda _: Fanout("scp"),
}


def choose(names: Sequence[str], weft: WeftOptions) -> Tuple[List[Tool], Dict[str, str]]:
    """The tools of these names that can be run here; for the others the reason why not."""
    tools = [MAKERS[name](weft) for name in names]
    reasons = {tool.name: tool.missing() for tool in tools}
    return [tool for tool in tools if not reasons[tool.name]], {name: why for name, why in reasons.items() if why}


LOCAL = {"scale": loopback.scale_room, "classic": loopback.classic_room, "operator": operatorwork.room}
USER = ("up", "tree")
AGAIN = "again"
ALL = (*SCENARIOS, *LOCAL, *USER, AGAIN)


class Campaign(NamedTuple):
    """What was asked for: names of ALL; names of tools; `size`: of the scenarios' payload (0: each one's own)."""

    wanted: Sequence[str]
    tools: Sequence[str]
    runs: int
    weft: WeftOptions
    care: Care
    size: int = 0
    up: UpOptions = UpOptions()
    tree: TreeOptions = TreeOptions()
    operator: OperatorOptions = OperatorOptions()
    again: AgainOptions = AgainOptions()

    def run(self, work: "Path | None", out: Path) -> bool:
        """Measure it all, keeping each part in `out` as soon as it is done; whether anything failed."""
        tools = self._tools()
        failed = False
        with workfolder.work_folder(work, max(map(self._room, self.wanted))) as folder:
            for name in self.wanted:
                facts = {"what": name, "begun": time.time(), **records.machine(), **_place(folder, name)}
                print(f"copies lie in {folder}, {records.whereabouts(facts)}", flush=True)
                runs: List[Any] = []
                for run, line in self._measured(name, tools, folder):
                    print("  " + line, flush=True)
                    for told in getattr(run, "details", {}).get("timeline", ()):
                        print("    " + told, flush=True)
                    runs.append(run)
                    records.write(out / records.file_name(name, "disk_rate" in facts), Kept(facts, runs))
                failed |= any(run.problem for run in runs)
        return failed

    def _tools(self) -> "List[Any]":
        if not any(name in SCENARIOS for name in self.wanted):
            return []
        tools, absent = choose(self.tools, self.weft)
        for name, why in absent.items():
            print(f"without {name}: {why}")
        if not tools:
            raise RigError("no tool is left to measure: choose others with --tools")
        return tools

    def _room(self, name: str) -> int:
        if name in LOCAL:
            return LOCAL[name]()
        if name == AGAIN:
            return againlab.room(self.again)
        if name in USER:
            return uplab.room(self.up) if name == "up" else treelocal.room(self.tree)
        return rounds.room(self._scenario(name, False))

    def _scenario(self, name: str, disk: bool) -> Scenario:
        usual = SCENARIOS[name]
        return usual._replace(size=self.size or usual.size, disk=disk)

    def _measured(self, name: str, tools: "List[Any]", folder: Path) -> "Iterator[Tuple[Any, str]]":
        """Each run with its line, once it is over."""
        disk = not workfolder.in_memory(folder)
        if name == "operator":
            print(TITLES[name], flush=True)
            own = operatorwork.run(folder, self.operator, self.runs, self.care)
            yield from ((run, operatortable.line(run)) for run in own)
        elif name == AGAIN:
            print(TITLES[name], flush=True)
            again = againlab.run(folder, self.again, self.runs, self.care)
            yield from ((run, againtable.line(run)) for run in again)
        elif name in LOCAL:
            print(loopback.TITLES[name], flush=True)
            yield from ((run, table.local_line(run)) for run in self._local(name, folder))
        elif name in USER:
            print(TITLES[name], flush=True)
            yield from ((run, usertable.line(run)) for run in self._user(name, folder, disk))
        else:
            scenario = self._scenario(name, disk)
            print(table.title(scenario), flush=True)
            fitting = [tool for tool in tools if scenario.zones or tool.name != UNAWARE]
            found = rounds.run_rounds(scenario, fitting, self.runs, folder, self.care)
            yield from ((run, table.run_line(run)) for run in found)

    def _local(self, name: str, folder: Path) -> Iterable[LocalRun]:
        if name == "scale":
            return loopback.scale(folder, self.weft, self.runs, self.care)
        return loopback.classic(folder, self.runs, self.care)

    def _user(self, name: str, folder: Path, disk: bool) -> Iterable[UserRun]:
        if name == "up":
            return uplab.run(folder, disk, self.up, self.runs, self.care)
        return treelocal.run(folder, disk, self.tree, self.runs, self.care)


TITLES = {
    "up": "up: all of `fab up` on lab hosts, unshaped; the seed makes the payload, rsync finds it there",
    "operator": "operator: all that `fab up` does itself, for hosts whose agents are scripted",
    AGAIN: f"again: a second version to {againlab.RECEIVERS} lab hosts that have the first, {againlab.MBIT:g} Mbit/s",
    "tree": f"tree: small files to {treelocal.RECEIVERS} receivers on this machine",
}


def _place(folder: Path, name: str) -> Dict[str, Any]:
    """Where the copies lie, and how fast the disk is, where the measurement is one of the disk too."""
    in_memory = workfolder.in_memory(folder)
    rate = {} if in_memory or name in LOCAL else {"disk_rate": durable.disk_rate(folder)}
    return {"in_memory": in_memory, **rate}


def report(out: Path, names: Iterable[str], into_docs: bool) -> None:
    """Tables of what lies in `out`, and the plot; `into_docs`: into docs/benchmarks.md as well. Raises RigError."""
    files = [records.file_name(name, disk) for name in names for disk in (False, True)]
    found: Dict[str, Kept] = {name: kept for name in files if (kept := records.read(out / name))}
    if not found:
        raise RigError(f"{out}: nothing was measured there yet: name a scenario")
    for rows in table.tables(found):
        print("\n" + table.text(rows))
    written = plot.write(out, found)
    if into_docs:
        written += docs.write(found)
    for path in written:
        print(f"written: {path}")
