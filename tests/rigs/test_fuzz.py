"""Fuzzing: every kept input and some thousands of new ones break no reader, and what would break one is found."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from random import Random

import pytest

from rigs import fuzz
from rigs.fuzzing import blind, corpus, guided
from rigs.fuzzing.mutate import Mutator
from rigs.fuzzing.targets import TARGETS, Target

INPUTS = 3000  # new ones a target
INVENTORY_INPUTS = 100  # reading YAML takes milliseconds

every_target = pytest.mark.parametrize("name", TARGETS)


@every_target
def test_kept_inputs_and_new_ones_break_nothing(name: str) -> None:
    kept = corpus.load(name)
    assert len(kept) >= 2, "a corpus to begin with"
    wanted = len(kept) + (INVENTORY_INPUTS if name == "inventory" else INPUTS)
    ran = blind.run(name, TARGETS[name], wanted, float("inf"), seed=1)
    assert (ran.findings, ran.inputs) == ((), wanted)


@every_target
def test_some_kept_inputs_are_read_without_an_error(name: str) -> None:
    """Else nothing behind the first check would be tried: each target asserts something of what it could read."""
    assert any(reaches_the_end(TARGETS[name], data) for data in corpus.load(name))


def reaches_the_end(target: Target, data: bytes) -> bool:
    """Whether the target's last line is run for this input."""
    code = target.run.__code__
    last = max(line for _, _, line in code.co_lines() if line)
    seen = []

    def trace(frame: object, event: str, _: object) -> object:
        if getattr(frame, "f_code", None) is code and event == "line":
            seen.append(frame.f_lineno)  # type: ignore[attr-defined]
        return trace

    before = sys.gettrace()
    sys.settrace(trace)  # type: ignore[arg-type]
    try:
        target.run(data)
    finally:
        sys.settrace(before)
    return last in seen


# ---- the tool itself


def fragile(data: bytes) -> None:
    if data[:2] == b"ab" and len(data) > 4:
        raise LookupError("a reader's fault")


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A reader with a fault in the place of all others, and a corpus of its own."""
    monkeypatch.setattr(fuzz, "TARGETS", {"fragile": Target(fragile, 1, 20, (b"b",))})
    monkeypatch.setattr(corpus, "ROOT", tmp_path)
    monkeypatch.setattr(blind.run, "__defaults__", (tmp_path,))
    corpus.save("fragile", b"a", tmp_path)
    return tmp_path


def test_a_fault_is_found_kept_and_replayed(planted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fuzz.main(["--blind", "--runs", "50000"]) == 1
    said = capsys.readouterr()
    assert said.err.startswith("fuzz: fragile: LookupError: a reader's fault (")
    [path] = (planted / "fragile").glob("finding-*")
    with pytest.raises(LookupError):
        fragile(path.read_bytes())
    assert fuzz.main(["--blind", "--runs", "2"]) == 1, "it is among the first that are tried"


@pytest.mark.usefixtures("planted")
def test_nothing_found_is_a_zero_and_counted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fuzz, "TARGETS", {"sound": Target(lambda _: None, 1, 20)})
    assert fuzz.main(["--blind", "--runs", "70"]) == 0
    told = [line.split()[:2] for line in capsys.readouterr().out.splitlines()]
    assert told[1:] == [["sound", "70"], ["together", "70"]]


@pytest.mark.parametrize("words", [["--runs", "0"], ["--target", "nothing"], ["--seconds", "x"], ["surplus"]])
def test_wrong_arguments(words: "list[str]", capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        fuzz.main(words)
    assert caught.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_an_input_that_hangs_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blind, "HANG_SECONDS", 1)
    ran = blind.run("hanging", Target(hang, 1, 20), 5, float("inf"), 0, tmp_path)
    assert [words for _, words in ran.findings] == ["TimeoutError: no end after 1 seconds"]


def hang(_: bytes) -> None:
    while True:
        pass


@every_target
def test_the_same_seed_gives_the_same_inputs_and_another_gives_others(name: str) -> None:
    def made(seed: int) -> "list[bytes]":
        mutator = Mutator(TARGETS[name], corpus.load(name), Random(seed))
        return [mutator.next() for _ in range(200)]

    assert made(1) == made(1)
    assert made(1) != made(2)
    assert len(set(made(1))) > 100
    assert max(map(len, made(1))) <= TARGETS[name].most


@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris isn't installed")
def test_atheris_follows_the_readers_code(tmp_path: Path) -> None:
    """From an empty corpus it finds its way into the configuration's checks."""
    ran = guided.run("peerinfo", 3000, 60.0, 1, keep=True, root=tmp_path)
    assert (ran.findings, ran.inputs) == ((), 3000)
    assert len(corpus.load("peerinfo", tmp_path)) >= 3
