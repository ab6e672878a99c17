"""What appears where: results on stdout, progress on stderr, JSON alone on stdout, pictures of a fake swarm."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from deploy.core.progress import Progress
from deploy.edge.screen.screen import Screen
from deploy.edge.screen.terminal import panel
from deploy.edge.screen.transcript import Transcript
from tests.deploy_core.test_progress import inventory, line, status


def some_progress(count: int = 3) -> Progress:
    progress = Progress(inventory(count), "r1")
    progress.see(status(1001, state="seeding", pieces=10, rate_up=2e6))
    progress.see(status(1002, pieces=4, rate_down=1e6, rate_up=2e6, reason="[red]not markup[/red] :smile:"))
    return progress


def test_results_and_progress_are_apart(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(Transcript())
    screen.note("pushing [to] :smile: hosts")
    screen.table(("peer", "verdict"), [["1001", "ok"], ["1002", "[/etc/hosts] \x1b[2J"]], [True, False])
    screen.say("done")
    screen.record({"never": "seen"})
    out, err = capsys.readouterr()
    assert err == "pushing [to] :smile: hosts\n"
    assert out == "peer  verdict\n1001  ok\n1002  [/etc/hosts] \\x1b[2J\ndone\n"


def test_json_has_stdout_for_itself(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(Transcript(), as_json=True)
    screen.table(("peer",), [["1001"]])
    screen.say("done")
    screen.print("text")
    screen.record({"peer": 1001})
    with screen.watching(lines_are_the_result=True):
        screen.tick(some_progress(), some_progress().see(line("Peer 1001 is unchoked by 1002.")))
    out, err = capsys.readouterr()
    assert [json.loads(row) for row in out.splitlines()] == [{"peer": 1001}]
    assert "is unchoked by 1002." in err


def test_long_lines_are_not_wrapped(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(Transcript())
    screen.note("x" * 500)
    screen.table(("sha256", "verdict"), [["a" * 300, "b" * 300]])
    out, err = capsys.readouterr()
    assert err == "x" * 500 + "\n"
    assert len(out.splitlines()) == 2


def test_without_a_terminal_event_lines_are_plain(capsys: pytest.CaptureFixture[str]) -> None:
    screen, progress = Screen(Transcript()), some_progress()
    with screen.watching(lines_are_the_result=True):
        screen.tick(progress, progress.see(line("Peer 1001 is unchoked by 1002.")))
        screen.tick(progress, ())
    assert capsys.readouterr().out == "n1/1001 | 2026-01-02 03:04:05: Peer 1001 is unchoked by 1002.\n"


def test_progress_is_a_line_with_percent_rate_and_time_left(capsys: pytest.CaptureFixture[str]) -> None:
    screen, progress = Screen(Transcript()), some_progress()
    progress.see(status(1002, pieces=4, size=100_000_000, rate_down=1e6))
    screen.progress(progress)
    screen.progress(progress, "no progress for 9 s: the peers give up in 111 s")
    first, second = capsys.readouterr().err.splitlines()
    assert first == "0 of 3 complete; 20%, 977 KiB/s, 60 s left"
    assert second == f"{first}; no progress for 9 s: the peers give up in 111 s"


def test_the_live_panel_of_a_fake_swarm() -> None:
    console = Console(width=200, file=io.StringIO(), markup=False, emoji=False)
    with console.capture() as captured:
        console.print(panel(some_progress(50).views, 10, 200))
    text = captured.get()
    assert "4/10" in text and "977 KiB/s" in text and "1.91 MiB/s" in text
    assert "[red]not markup[/red] :smile:" in text
    assert "+41 more" in text
    assert "0 of 50 complete" in text


@pytest.mark.parametrize("width", [80, 120])
def test_the_reason_is_told_whole_on_narrow_terminals(width: int) -> None:
    progress = some_progress(3)
    why = "no answer from 1001, 1002, 1003, 1004 and 12 others since they were asked for 16 pieces"
    progress.see(status(1003, pieces=4, total=320, rate_down=1.5e6, reason=why))
    console = Console(width=width, file=io.StringIO(), markup=False, emoji=False)
    with console.capture() as captured:
        console.print(panel(progress.views, 16, width))
    text = captured.get()
    assert why in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= width
    for words in ("n3", "4/320", "1.43 MiB/s", "downloading", "0 of 3 complete"):
        assert words in text


@pytest.mark.parametrize(
    ("width", "host", "shown", "without"),
    [
        (80, "node003", "node003", []),
        (80, "gpu-rack12-003", "gpu-rack12-003", ["up"]),
        (80, "gpu-rack12-node-003.site-b.example.org", "gpu-rack12-nod\u2026-b.example.org", ["up"]),
        (140, "gpu-rack12-node-003.site-b.example.org", "gpu-rack12-node-003.site-b.example.org", []),
    ],
)
def test_what_matters_of_a_peer_is_told_at_any_width(width: int, host: str, shown: str, without: list[str]) -> None:
    progress = some_progress(3)
    progress.see(status(1003, pieces=29457, total=40960, rate_down=7e8, rate_up=7e8))
    progress._views[1003].host = host
    console = Console(width=width, file=io.StringIO(), markup=False, emoji=False)
    with console.capture() as captured:
        console.print(panel(progress.views, 16, width))
    text = captured.get()
    assert max(map(len, text.splitlines())) <= width
    for words in ("1003", "29457/40960", "668 MiB/s", "downloading", shown):
        assert words in text, text
    assert [one for one in ("up",) if one not in text.split()] == without


def test_the_picture_shows_the_kept_moment_and_the_results(tmp_path: Path) -> None:
    screen, progress = Screen(Transcript()), some_progress()
    screen.tick(progress, progress.see(line("Peer 1001 is unchoked by 1002.")))
    screen.keep_frame(progress)
    screen.table(("peer", "verdict"), [["1001", "whole"]], [True])
    screen.picture(str(tmp_path / "p.svg"), "fab up")
    svg = (tmp_path / "p.svg").read_text()
    for word in ("fab&#160;up", "unchoked", "4/10", "whole"):
        assert word in svg or word.replace("&#160;", " ") in svg
    assert "font-face" not in svg


def test_the_transcript_keeps_what_was_told_before_its_folder_was_known(tmp_path: Path) -> None:
    transcript = Transcript()
    screen = Screen(transcript)
    screen.note("first")
    transcript.open(tmp_path / "runs" / "r1")
    screen.say("second")
    kept = (tmp_path / "runs/r1/transcript.txt").read_text().splitlines()
    assert [row.split(" ", 2)[2] for row in kept] == ["first", "second"]


def test_a_full_disk_ends_the_transcript_and_not_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(Transcript())
    screen.transcript.open(tmp_path / "r1")
    (tmp_path / "r1/transcript.txt").symlink_to("/dev/full")
    screen.say("first")
    screen.say("second")
    said = capsys.readouterr()
    assert said.out == "first\nsecond\n"
    assert "no space left on device" in said.err and "r1/transcript.txt" in said.err and "make room" in said.err
    assert said.err.count("\n") == 1
