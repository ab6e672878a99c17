"""Pages in a real browser: a classic swarm live and after, failures, a thousand hosts, an audit, hostile words."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser

from deploy.edge.web.pageparts import page_parts
from deploy.edge.web.runfolder import write_report
from tests.audit.simulated import PIECE, swarm, written
from tests.audit.simulated import Wish as ClassicWish
from tests.deploy_edge.fabrun import fab, fab_command, fab_environment
from tests.helpers.ports import free_ports
from tests.web.browser import NARROW, WIDE, Opened, started
from tests.web.invented import Wish, write_run
from tests.web.simulated import grown_run
from tools import audit

INVENTORY = """\
swarm: {{name: t, profile: classic, payload: {{generate: 24MiB, name: f.dat}},
  piece_size: 32KiB, unchoking: 2, optimistic: 2, cap: 1}}
defaults: {{connection: local, rate: 1000, workdir: "hosts/{{host}}"}}
hosts: {{p1: {{peer_address: 127.0.0.2}}, 'p[2-5]': }}
seeds: [p1]
peers:
{peers}
"""
ALL = [
    "Copies", "The task's time", "The hosts' time", "Rates", "Who got how much from whom", "The way of each piece",
    "Chokes",
]  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with started() as one:
        yield one


class ClassicRun(NamedTuple):
    """What was seen of a run that was followed live, and its report."""

    running: list[str]  # what the page said meanwhile, in order
    drawn: set[str]  # the headings that it had meanwhile
    verdict: str  # and at last, in a window that was reloaded meanwhile
    headings: list[str]
    troubles: list[str]
    asked: list[str]
    address: str
    code: int
    report: Path


@pytest.fixture(scope="module")
def classic(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> ClassicRun:
    """A real run of five classic peers, with one window that stays and one that is reloaded.

    With its cap, the seed would need longer than all the waits for the windows may last: so the run goes on at the
    reload, after which the cap is taken away.
    """
    folder = tmp_path_factory.mktemp("classic")
    rows = "\n".join(f"  - {{id: {1000 + at}, host: p{at}, port: {port}}}" for at, port in enumerate(free_ports(5), 1))
    (folder / "inventory.yaml").write_text(INVENTORY.format(peers=rows))
    command = fab_command("up", "--web", "--plain")
    process = subprocess.Popen(
        command, cwd=folder, env=fab_environment(folder), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    try:
        address = next(found[0] for line in process.stderr if (found := re.search(r"http://\S+", line)))
        reading = threading.Thread(target=process.stderr.read)
        reading.start()
        with Opened(browser, address) as one, Opened(browser, address, NARROW) as other:
            one.page.locator(".verdict", has_text=" complete").wait_for()
            one.page.locator("h2", has_text="The way of each piece").wait_for()
            other.page.reload()
            assert fab(folder, "cap", "none").code == 0
            for opened in (one, other):
                opened.page.wait_for_selector("body[data-over]", state="attached")
            ended = process.wait(60), one.troubles + other.troubles, one.asked + other.asked
            (report,) = folder.glob("runs/*/report.html")
            code, troubles, asked = ended
            return ClassicRun(
                one.said, one.drawn, other.texts(".verdict")[0], one.texts("h2"), troubles, asked, address, code, report
            )
    finally:
        process.kill()
        process.wait()
        reading.join()
        process.stderr.close()
        fab(folder, "stop")


@pytest.fixture
def simulated(browser: Browser, tmp_path: Path) -> Callable[..., Opened]:
    """Opens the report of a run that never was."""

    def opened(wish: Wish, width: int = WIDE, **words: str) -> Opened:
        return Opened(browser, write_report(write_run(tmp_path, wish)), width, **words)

    return opened


def test_a_run_is_followed_to_its_report(classic: ClassicRun) -> None:
    assert any(re.search("running: [0-5] of 5 complete; ", words) for words in classic.running)
    assert {"Copies", "Rates", "Who got how much from whom", "The way of each piece", "Last lines"} <= classic.drawn
    assert classic.verdict == "\u2713 f.dat is complete on all 5 hosts (exit code 0)" and classic.code == 0
    assert classic.headings == ALL
    assert classic.troubles == []
    assert {url.removeprefix(classic.address) for url in classic.asked if not url.startswith("data:")} == {"", "events"}


def test_the_report_of_a_classic_run_opens_offline(classic: ClassicRun, browser: Browser) -> None:
    with Opened(browser, classic.report) as opened:
        assert opened.troubles == [] and opened.texts("h2") == ALL
        assert [url for url in opened.asked if not url.startswith("data:")] == [classic.report.resolve().as_uri()]
        assert opened.texts("tbody tr td:nth-child(3)")[:5] == ["\u2713 ok"] * 5
        assert re.search(r"p1 sent .*MiB, [\d.]+ copies of the payload", opened.figure("The way of each piece"))
        assert "T* " in opened.figure("The hosts' time") and "p5" in opened.figure("Chokes")
        assert opened.page.locator("section:last-of-type svg [aria-label=bar] rect").count() > 0
        assert opened.too_wide <= 0


def test_the_table_is_sorted_by_a_click_on_a_heading(classic: ClassicRun, browser: Browser) -> None:
    with Opened(browser, classic.report) as opened:

        def seconds() -> list[str]:
            opened.page.get_by_role("button", name="seconds").click()
            return [text for text in opened.texts("section:first-of-type tbody td:nth-child(6)") if text != "-"]

        up, down = seconds(), seconds()
        assert [float(one) for one in up] == sorted(map(float, up)) and len(up) == 4
        assert [float(one) for one in down] == sorted(map(float, up), reverse=True)
        assert opened.page.locator("th[aria-sort=descending]").inner_text().startswith("seconds")


def test_a_failed_and_a_slow_host_are_named_with_the_reason(simulated: Callable[..., Opened]) -> None:
    with simulated(Wish(8, slow=5, failed=6)) as opened:
        assert opened.texts(".verdict") == ["\u2717 model.bin is complete on 7 of 8 hosts (exit code 1)"]
        failed, slow = opened.texts(".trouble")
        assert "node6" in failed and "no answer from 1001" in failed and "next: fab up" in failed
        assert "node5" in slow and "its rate is 40 Mbit/s" in slow
        assert "\u2717 failed" in opened.figure("The hosts' time")
        assert opened.page.get_by_label("host", exact=True).input_value() == "4"  # the slowest is drawn at first
        assert opened.troubles == []


def test_a_thousand_simulated_hosts_stay_readable(browser: Browser, tmp_path: Path) -> None:
    report = write_report(grown_run(tmp_path, slow=700, killed=300))
    assert report.stat().st_size < 5_000_000
    with Opened(browser, report) as opened:
        assert opened.too_wide <= 0 and opened.troubles == []
        failed, slow = opened.texts(".trouble")
        assert "node300 (peer 1301): killed by signal 9" in failed
        assert "node700" in slow and "its link: the rate or cap in the inventory is 4 Mbit/s" in slow
        opened.page.get_by_label("filter copies").fill("node300")
        assert opened.texts("section:first-of-type tbody td:nth-child(2)") == ["node300"]
        drawn = opened.figure("The hosts' time")
        assert "40 of 1,000 peers" in drawn.replace("1000", "1,000") and "node300" in drawn and "node700" in drawn
        assert "rack07" in opened.figure("Who got how much from whom")
        assert opened.page.locator("svg *").count() < 15_000
        opened.page.set_viewport_size({"width": NARROW, "height": 900})
        assert opened.too_wide <= 0


def test_two_hosts_are_a_full_page(simulated: Callable[..., Opened]) -> None:
    with simulated(Wish(2), NARROW) as opened:
        assert opened.texts("h2") == ALL[:-1]
        assert opened.too_wide <= 0 and opened.troubles == []


EVIL = ("seed", '"><img src=x onerror=alert(1)>', "\u202efdp\u200f", "it's `${alert(2)}` & <b>")
WORDS = "<" + "/script><script>alert(3)<" + '/script> "quoted" \u202egnp.exe'


def test_what_hosts_say_is_text(simulated: Callable[..., Opened]) -> None:
    with simulated(Wish(4, 40, failed=3, names=EVIL, words=WORDS)) as opened:
        assert opened.troubles == []
        assert opened.page.locator("img, b, script").count() == 1 + len(page_parts().scripts)  # and the data
        body = opened.page.locator("main").inner_text()
        for words in (EVIL[1], EVIL[3], "\\u202efdp\\u200f", "alert(3)", "\\u202egnp.exe"):
            assert words in body
        assert not set(body) & set("\u202e\u200f")


@pytest.fixture
def audited(browser: Browser, tmp_path: Path) -> Iterator[Opened]:
    """The page of an audit: a sound swarm, of which one log has a hostile line."""
    folder = written(swarm(ClassicWish(4, 1, 20, 2, 3, 3, PIECE * 8.0), 3), tmp_path / "swarm")
    with (folder / "log_peer_1002.log").open("a") as log:
        log.write(f"2023-11-14 23:00:00: {EVIL[1]}{EVIL[2]}{WORDS}\n")
    assert audit.main([str(folder), "--html", str(tmp_path / "audit.html")]) == 1
    with Opened(browser, tmp_path / "audit.html", color_scheme="dark") as opened:
        yield opened


def test_the_page_of_an_audit_is_one_of_ours(audited: Opened) -> None:
    assert audited.texts(".verdict")[0].startswith("\u2717 ") and audited.texts("h2")[:3] == ["Rules", "Peers", "texts"]
    audited.page.get_by_role("button", name="verdict").click()
    assert "broken" in audited.texts("section:first-of-type tbody tr")[0]
    said = audited.page.locator("main").inner_text()
    assert all(words in said for words in (EVIL[1], "\\u202efdp\\u200f", "alert(3)", "log_peer_1002.log:"))
    assert not set(said) & set("\u202e\u200f") and audited.page.locator("img, b").count() == 0
    assert audited.troubles == [] and audited.too_wide <= 0
    assert [url for url in audited.asked if not url.startswith("file:")] == []
    audited.page.get_by_role("button", name="light").click()
    assert audited.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_light_and_dark_and_paper(simulated: Callable[..., Opened]) -> None:
    def back() -> str:
        return str(opened.page.evaluate("getComputedStyle(document.body).backgroundColor"))

    with simulated(Wish(3), color_scheme="dark") as opened:
        dark = back()
        opened.page.get_by_role("button", name="light").click()
        assert dark != back() == "rgb(255, 255, 255)"
        opened.page.emulate_media(media="print")
        assert not opened.page.get_by_role("button", name="dark").is_visible()
