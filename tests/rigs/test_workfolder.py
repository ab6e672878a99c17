"""Where a benchmark works: room is asked for first, and nothing is left."""

from __future__ import annotations

import pytest

from rigs import workfolder
from rigs.errors import RigError


@pytest.fixture(autouse=True)
def own_lock(tmp_path, monkeypatch):
    """Not to wait for a benchmark that somebody runs on this machine."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def test_a_fresh_folder_that_goes_again(tmp_path):
    (tmp_path / workfolder.FOLDER).mkdir()
    (tmp_path / workfolder.FOLDER / "old").write_text("left by a crash")
    with workfolder.work_folder(tmp_path, 1000) as folder:
        assert folder.parent == tmp_path and not list(folder.iterdir())
        (folder / "new").mkdir()
    assert not folder.exists()


def test_it_goes_also_when_something_breaks(tmp_path):
    with pytest.raises(KeyboardInterrupt), workfolder.work_folder(tmp_path, 1000) as folder:
        raise KeyboardInterrupt
    assert not folder.exists()


def test_too_little_room_is_one_line(tmp_path):
    words = r"1 PiB wanted, .* free: name another folder with --work"
    with pytest.raises(RigError, match=words), workfolder.work_folder(tmp_path, 2**50):
        pass


def test_two_at_a_time_would_measure_one_another(monkeypatch, capsys):
    monkeypatch.setattr(workfolder, "WAIT_SECONDS", 0.1)
    with workfolder.alone(), pytest.raises(RigError, match="another benchmark has been running"), workfolder.alone():
        pass
    assert "waiting for its end" in capsys.readouterr().out
    with workfolder.alone():
        pass
