"""A whole round in a real lab, small: every tool that is installed brings a right copy to every receiver."""

from __future__ import annotations

import os
import subprocess

import pytest

from netlab import addresses
from rigs.benchmark import campaign
from rigs.benchmark.records import Run
from rigs.benchmark.rounds import Care, run_rounds
from rigs.benchmark.scenarios import MIB, SCENARIOS, Scenario
from rigs.benchmark.site import Outcome
from rigs.swarmdir import WeftOptions
from rigs.workfolder import LAB
from tests.lab.conftest import lab_possible  # noqa: F401

TINY = Scenario("tiny", 2, 200.0, 3 * MIB + 17)

pytestmark = [pytest.mark.usefixtures("lab_possible"), pytest.mark.timeout(300)]


@pytest.fixture(autouse=True)
def known(monkeypatch):
    monkeypatch.setitem(SCENARIOS, TINY.name, TINY)


@pytest.fixture
def folder(quick_folder):
    """The lab's hosts have users of their own, who must get through to their homes."""
    quick_folder.chmod(0o755)
    return quick_folder


class Liar:
    """Says that all is well, and has done nothing."""

    name = "liar"

    def missing(self):
        return ""

    def prepare(self, site):
        pass

    def run(self, site, group):
        return Outcome(0.0, {host.name: 1.0 for host in site.receivers})

    def copy(self, site, host):
        return site.folder(host) / "nothing"


class Leaver(Liar):
    """Leaves a process behind that its group doesn't know."""

    name = "leaver"

    def run(self, site, group):
        self.left = site.seed.popen(["sleep", "600"], root=True, stdout=subprocess.DEVNULL)
        return super().run(site, group)


def no_lab_left(folder):
    tag = addresses.tag_of(str(folder / LAB))
    assert not os.path.exists("/run/netns") or not any(tag in name for name in os.listdir("/run/netns"))


def test_every_tool_brings_right_copies_and_nothing_is_left(folder):
    tools, _ = campaign.choose(["weft", "libtorrent", "aria2", "rsync", "scp"], WeftOptions())
    runs = list(run_rounds(TINY, tools, 1, folder, Care()))
    assert [run.problem for run in runs] == [""] * len(tools)
    by_tool = {run.tool: run for run in runs}
    assert {"weft", "scp"} <= by_tool.keys()
    assert by_tool["scp"].copies > 1.99
    for run in runs:
        assert run.copies > 0.99 and run.cpu > 0 and run.peak > 0 and 0 < run.first <= run.seconds
    assert by_tool["weft"].details["piece_size"] and not list(folder.iterdir())
    no_lab_left(folder)


def test_a_tool_without_copies_is_found_out(folder):
    (run,) = run_rounds(TINY, [Liar()], 1, folder, Care())
    assert run.problem == "node02: its copy isn't the payload"


def test_what_a_tool_leaves_running_is_ended(folder, monkeypatch):
    monkeypatch.setattr("rigs.benchmark.site.EMPTY_SECONDS", 0.2)
    leaver = Leaver()
    (run,) = run_rounds(TINY, [leaver], 1, folder, Care())
    assert run.problem and leaver.left.wait(20) == -9


def test_an_error_takes_the_lab_down(folder, monkeypatch):
    def interrupted(*_: object) -> Run:
        raise KeyboardInterrupt

    monkeypatch.setattr("rigs.benchmark.rounds.measure", interrupted)
    with pytest.raises(KeyboardInterrupt):
        list(run_rounds(TINY, [Liar()], 1, folder, Care()))
    no_lab_left(folder)
