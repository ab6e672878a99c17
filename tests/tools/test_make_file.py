"""Test files: the same bytes for the same size and seed, no two pages alike, nothing destroyed."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from peer.edge import generate
from peer.edge.generate import CHUNK, PAGE, chunks, write_file
from tools import make_file

ROOT = Path(__file__).resolve().parents[2]


def made(size: int, seed: generate.Seed = 0) -> bytes:
    return b"".join(bytes(chunk) for chunk in chunks(size, seed))


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# These hold for every Python on every machine: hosts make the file that the manifest was made from elsewhere.
KNOWN = [
    (0, 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    (1, 0, "d16bd22f7196c0a70f4b12aa0b290c4c4acecd5d6ba350ecc8447fbdf4c3819b"),
    (10_000_232, 0, "b224937b6aa07e4e23ede41dc56c8cfef224e641cfd34e8091d8d8dcbb8ae79d"),
    (10_000_232, 7, "4bafb91403c31c316b8cd718792ff1d5cb3e755b950fbe01bcab08466b85d6fd"),
    (3 * CHUNK, "a word", "e5d4678f7c1594d675ae974566d8e04f9935c7f37c284d8989a4d50453b7c5da"),
]


@pytest.mark.parametrize(("size", "seed", "digest"), KNOWN)
def test_a_size_and_a_seed_always_give_the_same_bytes(size, seed, digest):
    data = made(size, seed)
    assert len(data) == size
    assert sha256(data) == digest


def test_a_seed_that_is_a_number_and_one_that_is_its_text_are_one():
    assert made(5000, 7) == made(5000, "7")


def test_another_seed_gives_other_bytes_on_every_page():
    one, other = made(CHUNK, 1), made(CHUNK, 2)
    assert all(one[at : at + PAGE] != other[at : at + PAGE] for at in range(0, CHUNK, PAGE))


def test_a_smaller_file_is_the_beginning_of_a_larger_one():
    assert made(2 * CHUNK + 17) == made(3 * CHUNK)[: 2 * CHUNK + 17]


@pytest.mark.parametrize("piece", [PAGE, 16384, 65536])
def test_no_two_pieces_are_alike(piece):
    data = made(8 * CHUNK)
    pieces = {data[at : at + piece] for at in range(0, len(data), piece)}
    assert len(pieces) == len(data) // piece


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(generate.os, "write", full)
    with pytest.raises(OSError, match="No space left"):
        write_file(path, 5000, 0)
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["file"]


def test_short_writes_lose_nothing(tmp_path, monkeypatch):
    write = os.write
    monkeypatch.setattr(generate.os, "write", lambda descriptor, data: write(descriptor, data[:99_999]))
    write_file(tmp_path / "file", CHUNK + 5, 3)
    assert (tmp_path / "file").read_bytes() == made(CHUNK + 5, 3)


def test_a_file_larger_than_the_disk_is_refused_before_it_is_begun(tmp_path):
    with pytest.raises(OSError, match="free on this disk"):
        write_file(tmp_path / "file", 1 << 60)
    assert os.listdir(tmp_path) == []


def run(capsys, *arguments: object) -> "tuple[int, str]":
    try:
        code = make_file.main([str(argument) for argument in arguments])
    except SystemExit as stop:
        code = stop.code
    said = capsys.readouterr()
    return code, said.out + said.err


def test_the_program_makes_a_file_and_says_so(tmp_path, capsys):
    code, said = run(capsys, tmp_path / "file", "1.5MiB", "--seed", "word")
    assert (code, said) == (0, f"made {tmp_path}/file: 1.5 MiB (1572864 bytes), seed word\n")
    assert (tmp_path / "file").read_bytes() == made(3 << 19, "word")


def test_a_file_that_is_there_is_replaced_only_by_force(tmp_path, capsys):
    (tmp_path / "file").write_text("mine")
    code, said = run(capsys, tmp_path / "file", 10)
    assert (code, said) == (1, f"make_file: {tmp_path}/file is there already: --force replaces it\n")
    assert (tmp_path / "file").read_text() == "mine"
    assert run(capsys, tmp_path / "file", 10, "--force")[0] == 0
    assert (tmp_path / "file").read_bytes() == made(10)


@pytest.mark.parametrize(
    ("path", "size", "code", "complaint"),
    [
        ("", "10", 1, "no plain file"),
        ("none/file", "10", 1, "No such file or directory"),
        ("file", "1PB", 1, "free on this disk"),
        ("file", "ten", 2, "'ten' is not a size"),
        ("file", "-5", 2, "-5"),
    ],
)
def test_errors_are_one_line(tmp_path, capsys, path, size, code, complaint):
    result, said = run(capsys, tmp_path / path, size, "--force")
    assert result == code
    assert complaint in said and said.count("\n") == 1
    assert os.listdir(tmp_path) == []


def test_it_runs_as_a_script_from_everywhere(tmp_path):
    argv = [sys.executable, ROOT / "tools/make_file.py", "file", "10"]
    subprocess.run(argv, cwd=tmp_path, check=True, timeout=60, stdout=subprocess.DEVNULL)
    assert (tmp_path / "file").read_bytes() == made(10)


def test_memory_does_not_grow_with_the_size(tmp_path):
    code = (
        "import resource, sys; sys.path.insert(0, sys.argv[1])\n"
        "from peer.edge.generate import write_file\n"
        "write_file('file', 1 << 20)\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "write_file('file', 100 << 20)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    argv = [sys.executable, "-c", code, str(ROOT)]
    grown = subprocess.run(argv, cwd=tmp_path, check=True, timeout=100, capture_output=True, text=True).stdout
    assert int(grown) < 4096, "KiB"
