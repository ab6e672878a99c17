"""The program: what it reads, prints and writes, its exit codes, and the marks."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Tuple

import pytest

from tests.audit.simulated import PIECE, Made, Wish, swarm, written
from tools import audit
from tools.auditing.judging import RULES

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def made() -> Made:
    return swarm(Wish(5, 1, 130, 2, 3, 3, PIECE * 8.0), 3)


@pytest.fixture
def folder(made: Made, tmp_path: Path) -> Path:
    """The swarm as its peers leave it."""
    return written(made, tmp_path / "swarm")


def run(capsys: pytest.CaptureFixture, *arguments: object) -> Tuple[int, str, str]:
    try:
        code = audit.main([str(argument) for argument in arguments])
    except SystemExit as stop:
        code = int(str(stop.code))
    said = capsys.readouterr()
    return code, said.out, said.err


def states(out: str) -> "dict[str, str]":
    return {one["rule"]: one["state"] for one in map(json.loads, out.splitlines()) if one["event"] == "rule"}


def test_a_sound_swarm(folder: Path, capsys) -> None:
    code, out, err = run(capsys, folder)
    assert (code, err) == (0, "")
    assert f"{len(RULES)} rules kept, 0 broken, 0 not to be seen" in out
    assert all(rule.name in out and rule.text[:60] in out for rule in RULES)


def test_a_breach_is_told_with_its_line(folder: Path, capsys) -> None:
    log = folder / "log_peer_1002.log"
    log.write_text(log.read_text().replace("'have'", '"have"'))
    code, out, _ = run(capsys, folder)
    assert code == 1 and "1 broken" in out and "other quotation marks" in out
    line = next(number for number, text in enumerate(log.read_text().splitlines(), 1) if '"have"' in text)
    assert f"log_peer_1002.log:{line}\n" in out and "more (--every shows all)" in out
    assert out.count("log_peer_1002.log:") == 3
    assert run(capsys, folder, "--every")[1].count("log_peer_1002.log:") > 100


def test_unlike_breaches_of_a_rule_are_shown_first(folder: Path, capsys) -> None:
    log = folder / "log_peer_1002.log"
    log.write_text(log.read_text().replace("'have'", '"have"').replace("complete file", "whole file"))
    out = run(capsys, folder)[1]
    assert "other quotation marks: " in out and "another wording: " in out and "more (--every" in out


def test_json_is_one_object_a_line(folder: Path, capsys) -> None:
    code, out, _ = run(capsys, folder, "--json")
    assert code == 0 and states(out) == {rule.name: "kept" for rule in RULES}
    assert json.loads(out.splitlines()[-1])["ok"] is True


def test_a_fetched_run_is_read_where_its_hosts_folders_are(folder: Path, capsys, tmp_path: Path) -> None:
    """Without the copies, which stay on the hosts."""
    for number in range(1001, 1006):
        host = tmp_path / "run" / f"host{number}"
        host.mkdir(parents=True)
        for name in ("Common.cfg", "PeerInfo.cfg", f"log_peer_{number}.log"):
            shutil.copy(folder / name, host)
    code, out, _ = run(capsys, tmp_path / "run", "--json")
    assert code == 0
    assert {name for name, state in states(out).items() if state != "kept"} == {"files"}
    (tmp_path / "run" / "host1003" / "Common.cfg").write_text((folder / "Common.cfg").read_text() + "\nFileSize 1\n")
    assert states(run(capsys, tmp_path / "run", "--json")[1])["configuration"] == "broken"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda path: path.write_bytes(bytes(5)), "5 bytes"),
        (lambda path: path.write_bytes(b"x" * path.stat().st_size), "SHA-256"),
        (lambda path: path.unlink(), "there is no such file"),
    ],
)
def test_an_unequal_file_is_told(folder: Path, capsys, made: Made, change, words: str) -> None:
    change(folder / "peer_1003" / made.common.file_name)
    code, out, _ = run(capsys, folder, "--json")
    found = next(one for one in map(json.loads, out.splitlines()) if one.get("rule") == "files")["findings"]
    assert code == 1 and [name for name, state in states(out).items() if state == "broken"] == ["files"]
    assert words in found[0]["found"] and found[0]["file"].startswith("peer_1003")


def test_the_copy_next_to_the_log_counts(folder: Path, capsys, made: Made) -> None:
    """Machines that share a set-up have the empty folders of the others."""
    for name in ("aaa", "zzz"):
        (folder / name / "peer_1003").mkdir(parents=True)
    assert run(capsys, folder)[0] == 0
    (folder / "log_peer_1003.log").rename(folder / "zzz" / "log_peer_1003.log")
    assert run(capsys, folder)[0] == 1
    (folder / "peer_1003" / made.common.file_name).rename(folder / "zzz" / "peer_1003" / made.common.file_name)
    assert run(capsys, folder)[0] == 0


def test_a_log_of_windows(folder: Path, capsys) -> None:
    log = folder / "log_peer_1002.log"
    log.write_bytes(log.read_text().replace("\n", "\r\n").encode("utf-16"))
    assert run(capsys, folder)[0] == 0


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (lambda path: shutil.rmtree(path), "no such folder"),
        (lambda path: (path / "Common.cfg").unlink(), "there is no Common.cfg"),
        (lambda path: (path / "PeerInfo.cfg").write_text("1001 here\n"), "PeerInfo.cfg:1: 2 words where 4 belong"),
        (lambda path: [log.unlink() for log in path.glob("log_*")], "no log_peer_<ID>.log"),
    ],
)
def test_a_folder_without_a_swarm_is_one_line(folder: Path, capsys, prepare, words: str) -> None:
    prepare(folder)
    code, out, err = run(capsys, folder)
    assert (code, out) == (2, "") and words in err and err.count("\n") == 1


def test_a_mark(folder: Path, capsys, tmp_path: Path) -> None:
    weights = tmp_path / "weights.yaml"
    weights.write_text("texts: 10\ncounted: 5\nrandom: 2.5\n")
    log = folder / "log_peer_1002.log"
    assert "mark: 17.5 of 17.5 points\n" in run(capsys, folder, "--grade", weights)[1]
    log.write_text(log.read_text().replace("'have'", "have"))
    code, out, _ = run(capsys, folder, "--grade", weights)
    assert code == 1 and "mark: 7.5 of 17.5 points; texts -10" in out
    last = json.loads(run(capsys, folder, "--grade", weights, "--json")[1].splitlines()[-1])
    assert last["mark"] == {"points": 7.5, "most": 17.5, "left_out": []}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("text: 5", "did you mean 'texts'?"),
        ("xyzzy: 5", "the rules are configuration, "),
        ("texts: many", "weights.yaml:1: texts has 'many'"),
        ("texts: -1", "a number of at least 0"),
        ("- texts", "write a line 'rule: points'"),
        ("texts: [", "weights.yaml"),
        ("", "write a line 'rule: points'"),
    ],
)
def test_wrong_weights_are_one_line(folder: Path, capsys, tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "weights.yaml").write_text(text)
    code, out, err = run(capsys, folder, "--grade", tmp_path / "weights.yaml")
    assert (code, out) == (2, "") and words in err and err.count("\n") == 1


def test_the_weights_that_are_shipped_know_every_rule(folder: Path, capsys) -> None:
    code, out, _ = run(capsys, folder, "--grade", ROOT / "examples" / "weights.yaml")
    assert code == 0 and "mark: 100 of 100 points" in out
    text = (ROOT / "examples" / "weights.yaml").read_text()
    assert all(f"\n{rule.name}: " in text for rule in RULES)


def test_the_page_holds_all(folder: Path, capsys, tmp_path: Path) -> None:
    log = folder / "log_peer_1002.log"
    evil = '<script>alert("x")</script>\'"&'
    log.write_text(log.read_text() + f"2023-11-14 23:00:00: {evil}\n")
    code, _, _ = run(capsys, folder, "--html", tmp_path / "audit.html", "--grade", ROOT / "examples" / "weights.yaml")
    page = (tmp_path / "audit.html").read_text()
    (block,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page)
    told = json.loads(block)
    assert code == 1 and evil not in page and told["title"] == "Audit of swarm" and "mark: " in told["mark"]["words"]
    assert [one["name"] for one in told["rules"]] == [rule.name for rule in RULES]
    ((where, found, _),) = (one for rule in told["rules"] for one in rule["findings"])
    assert where.startswith("log_peer_1002.log:") and evil in found
    assert "connect-src 'none'" in page and "default-src 'none'" in page and len(page) < 60_000


def test_it_runs_without_rich(folder: Path, capsys, monkeypatch) -> None:
    """As where only Python is installed."""
    monkeypatch.setitem(sys.modules, "tools.audittable", None)
    monkeypatch.delattr("tools.audittable", raising=False)
    code, out, _ = run(capsys, folder)
    assert code == 0 and "0 broken" in out and out.count("kept") > len(RULES)


def test_the_page_for_classes_lists_every_rule() -> None:
    text = (ROOT / "docs" / "classroom.md").read_text(encoding="utf-8")
    table = "".join(f"| {rule.name} | {rule.text} |\n" for rule in RULES)
    assert f"| --- | --- |\n{table}" in text, f"its table should be:\n{table}"
