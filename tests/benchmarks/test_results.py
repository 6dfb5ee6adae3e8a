"""The page says of each figure whether it was reached, by the medians, and never by fewer than a million rows."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from benchmarks.catalogue import OURS_ALL, OURS_JSON, OURS_WORKER, SQLITE_ZIP, TUTORIAL
from benchmarks.goals import FIGURES, ORDINARY, STATUS
from benchmarks.measured import Measurement, Record, keep, percentiles, quantile, read_records
from benchmarks.profile import CHECKING, WHOLE
from benchmarks.results import render
from benchmarks.tables import tell_time


def record(rows: int, tutorial: list[float], *, only: str = "") -> Record:
    ours = [1.0, 2.0, 4.0]
    measurements = [
        Measurement(OURS_JSON, ours, ours, [50, 60, 50], 10),
        Measurement(OURS_ALL, [5.0] * 3, [5.0] * 3, [50], 10),
        Measurement(TUTORIAL, tutorial, tutorial, [3000], 10),
        Measurement(SQLITE_ZIP, skipped="zip not installed"),
    ]
    return Record("events", "sqlite", rows, only, "2026-01-02", "abc1234", "a machine", "Python 3", measurements)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        ([24.0, 20.0, 100.0], "| ≥ 12× faster | 24.00 (10.00–25.00) | reached |"),
        ([12.0, 12.0, 12.0], "| ≥ 12× faster | 6.00 (3.00–12.00) | missed: 50% of the goal |"),
        ([24.0, 48.0, 96.0], "| ≥ 12× faster | 24.00 (24.00–24.00) | reached |"),
    ],
)
def test_a_figure_is_judged_by_the_median_of_the_rounds(seconds: list[float], told: str) -> None:
    assert told in render([record(1_000_000, seconds)])


def test_few_rows_prove_nothing() -> None:
    assert "faster" not in render([record(2000, [24.0] * 3)])


def test_a_peer_that_is_not_there_is_named_with_the_reason() -> None:
    page = render([record(1_000_000, [24.0] * 3)])
    assert "| sqlite3 -json \\| zip | zip not installed |" in page


def test_measuring_anew_replaces_the_same_part_and_leaves_the_others(tmp_path: Path) -> None:
    file = tmp_path / "measured.json"
    keep([record(2000, [1.0]), record(3000, [1.0])], file)
    assert keep([record(2000, [2.0])], file) == [record(2000, [2.0]), record(3000, [1.0])]
    assert len(keep([record(2000, [3.0], only="ours")], file)) == 3


def of_case(case: str, **seconds: list[float]) -> Record:
    """Each measurement by its way, with `_` for spaces."""
    measurements = [Measurement(way.replace("_", " "), given) for way, given in seconds.items()]
    return Record(case, "postgresql", 100, "", "2026-01-02", "abc1234", "a machine", "Python 3", measurements)


@pytest.mark.parametrize(
    ("case", "seconds", "told"),
    [
        ("click", {"click": [0.1, 0.149, 0.9]}, "| 149 ms, and 95 of 100 within 900 ms (3 clicks) | reached |"),
        ("click", {"click": [0.1, 0.3, 0.9]}, "missed: 2.00 times the goal |"),
        ("crowd", {"2_worker_processes": [0.025]}, "| ≥ 30 a second | 40.0 a second | reached |"),
        ("crowd", {"2_worker_processes": [0.05]}, "| ≥ 30 a second | 20.0 a second | missed: 67% of the goal |"),
        ("pieces", {"one_worker": [8.0, 9.0], "two_workers": [4.0, 4.5]}, "| ≥ 1.6× faster | 2.00 (2.00–2.00) |"),
        ("pieces", {"one_worker": [8.0], "two_workers": [8.0]}, "| 1.00 (1.00–1.00) | missed: 62% of the goal |"),
        ("watching", {ORDINARY: [0.01] * 95 + [0.2]}, "| < 50 ms | 10 ms | reached |"),
        ("watching", {ORDINARY: [0.01, 0.1]}, "| < 50 ms | 100 ms | missed: 2.00 times the goal |"),
        ("watching", {STATUS: [0.01, 0.1]}, f"| 95 of 100 requests of {STATUS} |  | 100 ms |  |"),
    ],
    ids=["quick", "slow", "many", "few", "twice", "alike", "soon", "late", "no goal"],
)  # fmt: skip
def test_each_figure_is_judged_by_its_goal(case: str, seconds: dict[str, list[float]], told: str) -> None:
    assert told in render([of_case(case, **seconds)])


@pytest.mark.parametrize(("share", "is_missed"), [(0.025, False), (0.05, True)], ids=["many", "few"])
def test_below_a_missed_figure_stands_what_is_left(share: float, *, is_missed: bool) -> None:
    [why] = [figure.why for figure in FIGURES if figure.title.startswith("Small accounts")]
    assert (why in render([of_case("crowd", **{"2_worker_processes": [share]})])) is is_missed


@pytest.mark.parametrize(("checking", "told"), [(0.24, "24% (24%–24%) | reached"), (0.5, "missed: 2.00 times")])
def test_the_check_is_judged_by_its_share(checking: float, told: str) -> None:
    measured = [Measurement(CHECKING, [checking]), Measurement(WHOLE, [1.0])]
    assert told in render([Record("profile", "sqlite", 100_000, "", "2026-01-02", "abc1234", "", "", measured)])


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(10.0, "×10.00 | reached"), (11.6, "missed: 1.16 times"), (8.4, "missed: 0.84 times")],
    ids=["as the rows", "more", "less"],
)
def test_growth_is_judged_on_both_sides(seconds: float, told: str) -> None:
    def ours(rows: int, taken: float) -> Record:
        measured = [Measurement(OURS_JSON, [taken], [taken], [50]), Measurement(OURS_WORKER, [taken], [taken], [50])]
        return Record("events", "sqlite", rows, "", "2026-01-02", "abc1234", "a machine", "Python 3", measured)

    assert told in render([ours(100_000, 1.0), ours(1_000_000, seconds)])


def test_each_figure_says_how_it_is_measured() -> None:
    page = render([])
    assert page.count("Not measured yet") == len(FIGURES)
    assert "Not measured yet: `make bench-watching`." in page


def test_what_was_measured_before_is_still_read(tmp_path: Path) -> None:
    """Also a record without a note, as the first ones were."""
    file = tmp_path / "measured.json"
    old = asdict(record(2000, [1.0]))
    del old["note"]
    file.write_text(json.dumps([old]))
    assert read_records(file) == [record(2000, [1.0])]


def test_percentiles_stand_for_all_seconds() -> None:
    seconds = [number / 1000 for number in range(5000)]
    for part in (0, 0.5, 0.95, 1):
        assert quantile(percentiles(seconds), part) == pytest.approx(quantile(seconds, part), abs=0.001)
    assert quantile([3.0, 1.0, 2.0], 0.5) == 2.0


def test_times_are_told_in_their_unit() -> None:
    assert [tell_time(seconds) for seconds in (12.34, 0.0123, 0.00000456)] == ["12.3 s", "12.3 ms", "4.56 µs"]
