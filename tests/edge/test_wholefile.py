"""The SHA-256 of a complete file, made beside and noted."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from peer.edge import hashing
from peer.edge.hashing import check_payload, make_manifest
from peer.edge.wholefile import read_note, sha256_of

AUTOGROUP = "/proc/self/autogroup"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 300_000)
    return path


def noted(path: Path) -> bytes:
    """What a process of its own writes: it must not make this one nice."""
    return subprocess.run([sys.executable, "-m", "peer", "sha256", path], check=True, stdout=subprocess.PIPE).stdout


def test_a_note_says_what_sha256sum_says(file: Path) -> None:
    expected = hashlib.sha256(file.read_bytes()).hexdigest()
    assert sha256_of(str(file)) == expected
    assert read_note(noted(file), str(file)) == expected


def test_a_note_counts_for_the_file_as_it_was_only(file: Path) -> None:
    note = noted(file)
    os.utime(file, (1, 1))
    assert read_note(note, str(file)) == ""
    file.unlink()
    assert read_note(note, str(file)) == ""


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"{}", b'{"file": [1, 2, 3, 4]}'])
def test_no_note_and_half_a_note_say_nothing(file: Path, text: bytes) -> None:
    assert read_note(text, str(file)) == ""


def test_nobody_waits_for_a_large_files(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = make_manifest(str(file))
    assert check_payload(str(file), manifest).sha256 == sha256_of(str(file))
    monkeypatch.setattr(hashing, "AT_ONCE", 100_000)
    check = check_payload(str(file), manifest)
    assert (check.sha256, check.problem) == ("", "") and check.proof


@pytest.mark.skipif(not os.path.exists(AUTOGROUP), reason="no system that weighs sessions")
@pytest.mark.parametrize("alone", [True, False])
def test_a_session_yields_only_if_nobody_else_is_in_it(file: Path, alone: bool) -> None:
    before = Path(AUTOGROUP).read_text()
    code = f"import peer.edge.wholefile as w; w.write_note({str(file)!r}); print(open({AUTOGROUP!r}).read())"
    after = subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.PIPE, start_new_session=alone)
    assert after.stdout.decode().strip().endswith("nice 19") is alone
    assert Path(AUTOGROUP).read_text() == before
