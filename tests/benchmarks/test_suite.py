from pathlib import Path

import pytest

from benchmarks import suite
from benchmarks.catalogue import OURS_JSON, WAYS, Way
from benchmarks.settings import read_settings
from benchmarks.suite import Suite


@pytest.mark.parametrize(("only", "sizes"), [("", [10, 20]), (OURS_JSON, [20])], ids=["all", "some"])
def test_measuring_some_ways_leaves_the_other_sizes_as_they_are(
    only: str, sizes: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They were measured in more runs, and a record replaces the one of the same part."""
    monkeypatch.setattr(suite, "GROWTH", (10,))
    monkeypatch.setattr(suite, "WAYS", [way for way in WAYS if way.name == OURS_JSON])
    asked = {"ROWS": "20", "RUNS": "1", "CASE": "events", "DATABASE": "sqlite", "ONLY": only}
    records = list(Suite(read_settings(asked), tmp_path).run())
    assert [record.rows for record in records] == sizes
    assert all(len(each.seconds) == 1 for record in records for each in record.measurements)


@pytest.mark.parametrize(("only", "found"), [("", [2, 1]), ("unnamed", [1, 1])])
def test_peers_that_no_figure_names_are_spared_the_largest_table(
    only: str, found: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks for them by name gets them."""
    (ours,) = (way for way in WAYS if way.name == OURS_JSON)
    monkeypatch.setattr(suite, "ENOUGH", 10)
    monkeypatch.setattr(suite, "GROWTH", (10,))
    monkeypatch.setattr(suite, "WAYS", [ours, Way("unnamed", ours.command)])
    counts = []
    for rows in ("10", "20"):
        asked = {"ROWS": rows, "RUNS": "1", "CASE": "events", "DATABASE": "sqlite", "ONLY": only}
        *_, record = Suite(read_settings(asked), tmp_path).run()
        counts.append(len(record.measurements))
    assert counts == found
