"""The page says of each figure whether it was reached, by the medians, and never by fewer than a million rows."""

from pathlib import Path

import pytest

from benchmarks.catalogue import OURS_ALL, OURS_JSON, SQLITE_ZIP, TUTORIAL
from benchmarks.measured import Measurement, Record, keep
from benchmarks.results import render


def record(rows: int, tutorial: list[float], *, only: str = "") -> Record:
    measurements = [
        Measurement(OURS_JSON, [1.0, 2.0, 4.0], [1.0, 1.0, 1.0], [50, 60, 50], 10),
        Measurement(OURS_ALL, [5.0], [5.0], [50], 10),
        Measurement(TUTORIAL, tutorial, tutorial, [3000], 10),
        Measurement(SQLITE_ZIP, skipped="zip not installed"),
    ]
    return Record("events", "sqlite", rows, only, "2026-01-02", "abc1234", "a machine", "Python 3", measurements)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        ([24.0, 20.0, 100.0], "| ≥ 12× faster | 24.00 (10.00–25.00) | reached |"),
        ([12.0, 12.0, 12.0], "| ≥ 12× faster | 6.00 (3.00–12.00) | missed: 50% of the goal |"),
        ([24.0], "| ≥ 12× faster | 24.00 (24.00–24.00) | reached |"),
    ],
)
def test_a_figure_is_judged_by_the_median_of_the_rounds(seconds: list[float], told: str) -> None:
    assert told in render([record(1_000_000, seconds)])


def test_few_rows_prove_nothing() -> None:
    assert "faster" not in render([record(2000, [24.0])])


def test_a_peer_that_is_not_there_is_named_with_the_reason() -> None:
    page = render([record(1_000_000, [24.0])])
    assert "| sqlite3 -json \\| zip | zip not installed |" in page


def test_measuring_anew_replaces_the_same_part_and_leaves_the_others(tmp_path: Path) -> None:
    file = tmp_path / "measured.json"
    keep([record(2000, [1.0]), record(3000, [1.0])], file)
    assert keep([record(2000, [2.0])], file) == [record(2000, [2.0]), record(3000, [1.0])]
    assert len(keep([record(2000, [3.0], only="ours")], file)) == 3
