"""Figures as text: lines, tables, and what stands in docs between the marks."""

from __future__ import annotations

import pytest

from rigs.benchmark import docs, plot, table
from rigs.benchmark.records import Kept, LocalRun, Run
from rigs.benchmark.scenarios import MIB, SCENARIOS
from rigs.errors import RigError

GOOD = Run("A", "weft", 1, seconds=6.0, first=5.5, copies=1.02, cpu=1.0, peak=22 * MIB, idle=0.5)
OTHER = Run("A", "libtorrent", 1, seconds=12.0, first=10.0, copies=1.8, cpu=4.0, peak=48 * MIB)
FACTS = {"what": "A", "begun": 0.0, "in_memory": True, "cores": 2, "kernel": "6.1", "python": "3.11.2"}


def test_a_run_tells_time_ratio_copies_cpu_memory_and_idleness():
    line = table.run_line(GOOD)
    for part in ("A weft", "run 1", "6.00 s", "1.12 T*", "first 5.50 s", "1.020 copies", "2.29 s/GiB", "22 MiB", "50%"):
        assert part in line
    assert "OTHERS" not in line


def test_noise_and_failures_are_shouted():
    assert table.run_line(GOOD._replace(others=0.49)).endswith("OTHERS 49%")
    assert table.run_line(GOOD._replace(others=0.49, disturbed=True)).endswith("OTHERS 49%, done again")
    assert table.run_line(GOOD._replace(problem="no way")).endswith("FAILED: no way")


def test_titles():
    assert table.title(SCENARIOS["A"]) == "A: 7 receivers, 100 Mbit/s, 64 MiB, T* 5.37 s"
    assert table.title(SCENARIOS["D"]) == "D: 1 receiver, unshaped, 2 GiB"
    assert table.title(SCENARIOS["D"]._replace(disk=True)) == "D: 1 receiver, unshaped, 2 GiB, on a disk"


def test_the_tables_of_scenarios_and_of_local_swarms():
    local = [LocalRun("scale", 10, number, seconds=number, cpu=20.0, peak=MIB, messages=6.5) for number in (1, 2, 3)]
    scenarios, swarms = table.tables({"A": Kept(FACTS, [GOOD, OTHER]), "scale": Kept({}, local)})
    assert [len(row) for row in scenarios] == [len(table.HEADER)] * 3
    assert scenarios[1][:8] == ("A", "weft", "6.00 s", "6.00", "6.00", "", "1.12", "0.50")
    assert swarms[1][:6] == ("scale", "10", "2.00 s", "1.00", "3.00", "2.00")


def test_what_crossed_between_zones_is_a_column_of_a_table_of_its_own():
    zoned = GOOD._replace(scenario="zones", seconds=12.0, crossed=1.0449)
    plain, zones = table.tables({"A": Kept(FACTS, [GOOD]), "zones": Kept(FACTS, [zoned])})
    assert "crossed" not in plain[0] and [row[0] for row in plain[1:]] == ["A"]
    assert (zones[0][-1], zones[1][0], zones[1][-1]) == ("crossed", "zones", "1.04")
    assert "crossed 1.045" in table.run_line(zoned) and "crossed" not in table.run_line(GOOD)
    assert table.title(SCENARIOS["zones"]).startswith("zones: 7 receivers, 200 Mbit/s in 2 zones, 50 Mbit/s between")


def test_on_a_disk_the_same_scenario_has_rows_of_its_own():
    disk = [run._replace(disk=True, seconds=9.0, durable=9.5) for run in (GOOD, OTHER)]
    (rows,) = table.tables({"A": Kept(FACTS, [GOOD, OTHER]), "A-disk": Kept(FACTS, disk)})
    column = table.HEADER.index("durable")
    assert [(row[0], row[1], row[column]) for row in rows[1:]] == [
        ("A", "weft", ""),
        ("A", "libtorrent", ""),
        ("A, disk", "weft", "9.50 s"),
        ("A, disk", "libtorrent", "9.50 s"),
    ]
    assert rows[3][table.HEADER.index(f"x {table.REFERENCE}")] == "1.00"  # of its own kind
    assert "durable 9.50 s" in table.run_line(disk[0])


def test_another_size_is_told_and_makes_another_limit():
    small = GOOD._replace(size=32 * MIB, seconds=3.0)
    assert small.place.label == "A, 32 MiB" and small.ratio == GOOD.ratio


def test_the_page_names_the_disk_and_its_rate():
    facts = {**FACTS, "in_memory": False, "disk_rate": 763e6}
    assert "copies on a disk that takes 763 MB/s;" in docs.figures({"A": Kept(facts, [GOOD])}, pictured=False)


def test_failed_tools_have_a_row_too():
    (rows,) = table.tables({"A": Kept(FACTS, [GOOD._replace(problem="x"), OTHER, OTHER._replace(problem="y")])})
    assert rows[1][:3] == ("A", "weft", "failed") and len(rows[1]) == len(table.HEADER)
    assert rows[2][2] == "12.00 s (1 failed)"


def test_columns_line_up():
    lines = table.text([("a", "tool", "x"), ("b", "longer", "12345")]).splitlines()
    assert lines == ["a  tool        x", "b  longer  12345"]


def test_the_generated_part_of_the_page():
    text = docs.figures({"A": Kept(FACTS, [GOOD, OTHER._replace(others=0.03)])}, pictured=True)
    assert "- A: 1970-01-01, 2 cores, Linux 6.1, Python 3.11.2, copies in memory; other programs took up to 3%" in text
    assert f"]({plot.NAME}.svg)" in text
    assert "| A | weft | 6.00 s |" in text and "| --- | --- | ---: |" in text


def test_marks_keep_the_words_around_them():
    page = f"# words\n{docs.BEGIN}\nold\n{docs.END}\nmore words\n"
    assert docs.between_marks(page, "new\n") == f"# words\n{docs.BEGIN}\nnew\n{docs.END}\nmore words\n"
    with pytest.raises(RigError, match="marks around the figures are gone"):
        docs.between_marks("# words\n", "new\n")


def test_the_page_has_its_marks():
    assert docs.BEGIN in docs.PAGE.read_text() and docs.END in docs.PAGE.read_text()


def test_the_plot_is_drawn_where_it_can_be(tmp_path):
    pytest.importorskip("matplotlib")
    runs = [GOOD, GOOD._replace(seconds=7.0), OTHER, GOOD._replace(scenario="C"), OTHER._replace(problem="x")]
    paths = plot.write(tmp_path, {"A": Kept(FACTS, runs)})
    assert [path.name for path in paths] == ["benchmarks.png", "benchmarks.svg"]
    picture = paths[1].read_text()
    assert "T* 5.37 s" in picture and "weft" in picture and "unshaped" in picture
    assert paths[0].read_bytes()[:4] == b"\x89PNG"


def test_no_scenario_no_plot(tmp_path):
    assert plot.write(tmp_path, {"scale": Kept({}, [LocalRun("scale", 10, 1)])}) == []
