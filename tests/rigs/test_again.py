"""`bench.py again`: what each change makes of a payload, and the table that comes of the figures."""

from __future__ import annotations

import pytest

from rigs.benchmark import againtable, records
from rigs.benchmark.records import AgainRun, Kept
from rigs.benchmark.scenarios import MIB
from rigs.benchmark.versions import VERSIONS, bytes_below

RUN = AgainRun("in front", "weft", 7, 64 * MIB, 1, fresh=1024, seconds=9.0, sent=2048)
OTHER = RUN._replace(tool="rsync", seconds=3.0, sent=4096)


def contents(path):
    files = [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]
    return {str(one.relative_to(path)): one.read_bytes() for one in files}


@pytest.mark.parametrize("kind", VERSIONS)
def test_a_change_is_as_large_as_it_says(tmp_path, kind):
    """By comparing both versions in steps of a page."""
    path = tmp_path / "payload"
    VERSIONS[kind].make(path, 4 * MIB)
    before = contents(path)
    fresh = VERSIONS[kind].change(path)
    after = contents(path)
    assert 0 < fresh <= bytes_below(path) and before != after
    if kind == "tree":
        known = set(before.values())
        assert sum(len(data) for data in after.values() if data not in known) == fresh
        assert len(after) == len(before) + 1 and len(before.keys() - after.keys()) == 1
    if kind in ("in place", "image", "sparse", "back"):
        (old,), (new,) = before.values(), after.values()
        assert len(old) == len(new)
        steps = [at for at in range(0, len(new), 4096) if old[at : at + 4096] != new[at : at + 4096]]
        assert len(steps) * 4096 == fresh


def test_the_table_compares_with_rsync():
    failed = RUN._replace(kind="tree", problem="no way")
    (ours, theirs, third) = againtable.rows([RUN, OTHER, failed])
    cells = dict(zip(againtable.HEADER, ours))
    assert (cells["x what is new"], cells["x rsync"], cells["time x rsync"]) == ("2.00", "0.50", "3.00")
    assert theirs[6] == "" and third[3] == "failed"
    assert len(ours) == len(theirs) == len(third) == len(againtable.HEADER)
    assert againtable.line(failed).endswith("FAILED: no way")


def test_what_was_measured_is_read_again(tmp_path):
    records.write(tmp_path / "again.json", Kept({"what": "again"}, [RUN]))
    kept = records.read(tmp_path / "again.json")
    assert kept is not None and kept.runs == [RUN]
