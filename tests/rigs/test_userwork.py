"""A user's time: the order of passes, what their copies are compared with, and the table that comes of it."""

from __future__ import annotations

import os

import pytest

from deploy.core.inventory import parse_inventory
from rigs import fabup
from rigs.benchmark import docs, records, table, treelocal, uplab, usertable, userwork
from rigs.benchmark.records import Kept, UserRun
from rigs.benchmark.rounds import Care
from rigs.benchmark.scenarios import MIB
from rigs.benchmark.userwork import AGAIN, ANEW, FIRST, Pass, Stage
from rigs.errors import RigError

FIRST_RUN = UserRun(
    "up", "weft", FIRST, 2, 4 * MIB, 1, seconds=10.0, phases={"hash": 4.0, "connect": 0.5, "verify": 3.0}, cpu=9.0,
    operator=1.25, peak=24 * MIB,
)  # fmt: skip


class Copier:
    """Brings the payload to one host, or what it was told to bring instead."""

    name = "copier"

    def __init__(self, folder, wrong_in="", broken_in=""):
        self.told = []
        self._folder = folder
        self._wrong_in = wrong_in
        self._broken_in = broken_in

    def clear(self):
        self.told.append("clear")

    def renew(self):
        self.told.append("renew")

    def once(self, group):
        self.told.append("once")
        steps = sum(word == "once" for word in self.told)
        step = userwork.STEPS[(steps - 1) % 3]
        if step == self._broken_in:
            raise RigError("no way")
        data = b"other" if step == self._wrong_in else (self._folder / "payload").read_bytes()
        (self._folder / "copy").write_bytes(data)
        return Pass(2.5, {"transfer": 2.0}, 0.5)

    def copies(self):
        return {"node02": self._folder / "copy"}


def passes(tmp_path, rounds=1, **wishes):
    (tmp_path / "payload").write_bytes(b"bytes")
    copier = Copier(tmp_path, **wishes)
    stage = Stage("up", 1, 5, 1, False, tmp_path / "payload", lambda: None)
    return copier, list(userwork.run_rounds(stage, [copier], rounds, Care()))


def test_each_round_begins_with_nothing_and_ends_with_one_host_anew(tmp_path):
    copier, runs = passes(tmp_path, rounds=2)
    assert copier.told == [*["clear", "once", "once", "renew", "once"] * 2, "clear"]
    assert [(run.number, run.step, run.problem) for run in runs] == [
        (number, step, "") for number in (1, 2) for step in (FIRST, AGAIN, ANEW)
    ]
    assert all(run.seconds == 2.5 and run.durable >= 2.5 for run in runs)


def test_a_wrong_copy_is_found_out_in_any_pass_and_ends_the_round(tmp_path):
    _, runs = passes(tmp_path, wrong_in=AGAIN)
    assert [run.problem for run in runs] == ["", "node02: its copy isn't the payload"]


def test_a_pass_that_fails_is_a_run_with_a_problem(tmp_path):
    _, (run,) = passes(tmp_path, broken_in=FIRST)
    assert run.problem == "no way" and usertable.line(run).endswith("FAILED: no way")


def test_trees_are_the_same_when_every_file_is(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name / "deep").mkdir(parents=True)
        (tmp_path / name / "deep" / "file").write_text("same")
    assert userwork.is_same(tmp_path / "one", tmp_path / "two")
    (tmp_path / "two" / "deep" / "more").write_text("")
    assert not userwork.is_same(tmp_path / "one", tmp_path / "two")
    assert not userwork.is_same(tmp_path / "one", tmp_path / "three")


def test_the_table_compares_passes_of_the_same_kind_only():
    runs = [
        FIRST_RUN,
        FIRST_RUN._replace(number=2, seconds=12.0, peak=30 * MIB),
        FIRST_RUN._replace(tool=usertable.BEFORE, seconds=22.0),
        FIRST_RUN._replace(tool="rsync", seconds=5.5, phases={"transfer": 3.5, "verify": 2.0}, operator=0.0, peak=0),
        FIRST_RUN._replace(step=AGAIN, seconds=1.0),
    ]
    (rows,) = table.tables({"up": Kept({}, runs)})
    cells = [dict(zip(usertable.HEADER, row)) for row in rows[1:]]
    first = cells[0]
    assert first["all of it"] == "2 receivers, 4 MiB: first" and first["median"] == "11.00 s"
    assert (first["x before"], first["x rsync or tar"]) == ("0.50", "2.00")
    assert (first["hash"], first["push"], first["verify"], first["rest"]) == ("4.00", "", "3.00", "4.00")
    assert (first["operator"], first["peer memory"], first["durable"]) == ("1.25 s", "30 MiB", "")
    assert cells[2]["operator"] == cells[2]["peer memory"] == "" and cells[2]["rest"] == "0.00"
    assert cells[3]["x before"] == cells[3]["x rsync or tar"] == ""


def test_a_tree_on_a_disk_in_words():
    run = FIRST_RUN._replace(what="tree", files=100_000, size=300_000_000, disk=True, durable=11.0, others=0.3)
    assert usertable.label(run) == "2 receivers, 100000 files, 286 MiB, disk: first"
    assert "durable 11.00 s" in usertable.line(run) and usertable.line(run).endswith("OTHERS 30%")


def test_only_failures_have_a_row_too():
    (row,) = usertable.rows([FIRST_RUN._replace(problem="no")])
    assert row[2] == "failed" and len(row) == len(usertable.HEADER)


def test_files_give_back_what_was_written_and_the_page_tells_it(tmp_path):
    kept = Kept({"what": "up", "begun": 0.0, "in_memory": True, "cores": 2, "kernel": "6", "python": "3"}, [FIRST_RUN])
    records.write(tmp_path / "up.json", kept)
    assert records.read(tmp_path / "up.json") == kept
    assert "| 2 receivers, 4 MiB: first | weft | 10.00 s |" in docs.figures({"up": kept}, pictured=False)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ('{"event": "started"}\n{"event": "summary", "phases": {}}\n', True),
        ('{"event": "summary", "phases": {}}\n{"event": "started"}\n', False),
        ('{"event": "summ', False),
        ("", False),
    ],
)
def test_the_last_object_is_the_summary_or_there_is_none(said, found):
    assert bool(fabup.summary_of(said)) is found


@pytest.mark.parametrize(
    ("summary", "phases"),
    [({"phases": {"start": 2}}, {"start": 2.0}), ({}, {}), ({"phases": "none"}, {}), (None, {})],
)
def test_a_version_that_tells_no_phases_is_timed_all_the_same(summary, phases):
    assert fabup.phases_of(summary) == phases


def test_this_process_is_no_peer():
    assert not fabup.is_peer(os.getpid()) and not fabup.is_peer(0)


def test_the_local_hosts_inventory_is_one(tmp_path):
    text = treelocal.inventory(tmp_path / "tree", tmp_path / "hosts")
    found = parse_inventory(text, "inventory.yaml")
    assert [peer.peer_id for peer in found.peers] == [1001, 1002, 1003]
    assert all(host.local for host in found.hosts) and [peer.seed for peer in found.peers] == [True, False, False]


def test_a_tree_of_so_many_files_that_differ(tmp_path):
    treelocal.make_tree(tmp_path / "tree", 1300)
    files = [path for path in (tmp_path / "tree").rglob("*") if path.is_file()]
    assert len(files) == len({path.read_bytes() for path in files}) == 1300
    assert {path.stat().st_size for path in files} == {treelocal.FILE_BYTES}


def test_room_for_the_largest_lab():
    assert uplab.room(uplab.UpOptions((2, 10), 100 * MIB)) > 11 * 100 * MIB
