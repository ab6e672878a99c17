"""The table of neighbours is enlarged for a large lab, and given back; with files in place of the kernel's."""

from __future__ import annotations

import pytest

from netlab import neighbours


@pytest.fixture
def limits(tmp_path, monkeypatch):
    """The kernel's two limits, by what they hold."""
    monkeypatch.setattr(neighbours, "_HARD", tmp_path / "hard")
    monkeypatch.setattr(neighbours, "_SOFT", tmp_path / "soft")
    neighbours.set_limit(1024)
    return lambda: tuple(int((tmp_path / name).read_text()) for name in ("hard", "soft"))


def test_a_large_lab_enlarges_the_table_until_it_is_down(limits):
    before = neighbours.make_room(120)
    assert (before, limits()) == (1024, (7680, 3840))
    neighbours.give_back(before)
    assert limits() == (1024, 512)


def test_a_small_lab_changes_nothing(limits):
    neighbours.give_back(neighbours.make_room(16))
    assert limits() == (1024, 512)


@pytest.mark.usefixtures("limits")
def test_in_a_container_the_table_stays_as_it_is(tmp_path):
    (tmp_path / "hard").unlink()
    assert neighbours.make_room(120) == 0
