"""`fab up` on eight hosts over SSH, hosts that can't be reached from the beginning, and the report of such a run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Iterator, NamedTuple

import pytest

from netlab import Lab
from tests.deploy_edge.fabrun import Ran
from tests.lab.conftest import MakeLab, operated
from tests.lab.operating import NAME, Operator
from tests.web.browser import Opened, started


@pytest.fixture(scope="module")
def eight(make_lab: MakeLab) -> Lab:
    return make_lab(hosts=8, rate=100)


@pytest.fixture
def operator(eight: Lab, tmp_path: Path) -> Iterator[Operator]:
    yield from operated(eight, tmp_path)


def test_up_brings_the_payload_to_all_hosts_and_clean_leaves_nothing(operator: Operator) -> None:
    ran = operator.fab("check", "up")
    assert ran.code == 0, ran
    assert "8 of 8 hosts are ready" in ran.out
    assert f"{NAME} is complete on all 8 hosts" in ran.out
    assert len({operator.copy(host).read_bytes() for host in operator.hosts}) == 1
    assert all(operator.left_on(host) for host in operator.hosts)  # or the next line would say nothing
    operator.clean()


class Troubled(NamedTuple):
    """A run in which node03 is slow, node05 is cut off, and node07 shows another key than the one on file."""

    ran: Ran
    copies: set[bytes]  # of the other hosts
    report: Path


@pytest.fixture(scope="module")
def troubled(eight: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Troubled]:
    for operator in operated(eight, tmp_path_factory.mktemp("troubled")):
        false = operator.folder / "known_hosts"
        text = operator.lab.known_hosts.read_text()
        rows = {row.split()[0]: row for row in text.splitlines()}
        cut, strange = (operator.lab.hosts[host].address for host in ("node05", "node07"))
        false.write_text(text.replace(rows[strange], rows[cut].replace(cut, strange)))
        operator.write(node07=f", known_hosts: {false}")
        operator.lab.cut("node05")
        operator.lab.rate("node03", 8)
        ran = operator.fab("up")
        rest = [host for host in operator.hosts if host not in ("node05", "node07")]
        (report,) = operator.folder.glob("runs/*/report.html")
        yield Troubled(ran, {operator.copy(host).read_bytes() for host in rest}, report)
        operator.wait_until_ended(but=["node05"])


def test_hosts_that_cannot_be_reached_or_trusted_are_named_and_the_others_have_the_payload(troubled: Troubled) -> None:
    ran = troubled.ran
    assert ran.code == 4, ran
    # The verdict repeats each line.
    unreachable = {line for line in ran.err.splitlines() if line.startswith("unreachable: ")}
    assert len(unreachable) == 2, ran.err
    assert any(line.startswith("unreachable: node05: no answer: is the host up") for line in unreachable)
    assert any("node07: its host key has CHANGED" in line and "ssh-keygen -R" in line for line in unreachable)
    assert f"{NAME} is complete on 6 of 8 hosts" in ran.out
    assert "Traceback" not in ran.err
    assert len(troubled.copies) == 1


def test_who_is_slow_is_named_with_the_reason(troubled: Troubled) -> None:
    assert re.search(r"slow: node03: \d+ s, where \d+ s are usual: its link, ", troubled.ran.out), troubled.ran


def test_the_report_shows_who_was_slow_who_failed_and_what_the_others_did(troubled: Troubled) -> None:
    with started() as browser, Opened(browser, troubled.report) as opened:
        assert opened.texts(".verdict") == [f"\u2717 {NAME} is complete on 6 of 8 hosts (exit code 4)"]
        failed, slow = opened.texts(".trouble")
        assert "node05: no answer" in failed and "node07: its host key has CHANGED" in failed
        assert re.search("node03: .* its link, for nothing else held it up", slow)
        rows = opened.texts("section:first-of-type tbody tr")
        assert len(rows) == 8 and sum("\u2713 ok" in row for row in rows) == 6
        drawn = opened.figure("The hosts' time")
        assert "node03" in drawn and "node08" in drawn
        assert opened.page.get_by_label("host", exact=True).locator("option:checked").inner_text() == "node03"
        assert re.search(r"node01 sent .*MiB, [\d.]+ copies of the payload", opened.figure("The way of each piece"))
        assert opened.troubles == [] and opened.too_wide <= 0
