"""Ways that are run in rounds, each checked, and a lying one found."""

import json
import sys
from functools import partial
from pathlib import Path

import pytest

from benchmarks.catalogue import Target, Way
from benchmarks.compare import compare
from benchmarks.content import Expected, make_rows
from benchmarks.databases import Database
from benchmarks.measured import Measurement
from benchmarks.readback import LostRowsError, check_rows
from benchmarks.shapes import CASES, PERSON

NAMES = ("id", "person_id", "created_at", "kind", "place", "body", "amount", "meta")
# Its memory is looked at every 20 ms, so it waits until that has been done.
COPY = """import gzip, sys, time
time.sleep(0.1)
rows = open('rows').readlines()
gzip.open(sys.argv[1], 'wt').writelines(rows{cut})"""


@pytest.fixture
def expected(tmp_path: Path) -> Expected:
    expected = Expected()
    made = [row for row in make_rows(CASES["events"], 0, 200, expected) if row[1] == PERSON]
    lines = [json.dumps(dict(zip(NAMES, map(str, row), strict=True))) + "\n" for row in made]
    (tmp_path / "rows").write_text("".join(lines))
    return expected


@pytest.fixture
def target(tmp_path: Path) -> Target:
    return Target(Database("sqlite", "sqlite://"), "events", tmp_path / "out")


def way(name: str, rows: Path, cut: str = "", **more: object) -> Way:
    script = COPY.format(cut=cut).replace("'rows'", repr(str(rows)))

    def command(target: Target) -> list[str]:
        with (rows.parent / "order").open("a") as order:
            order.write(name)
        return [sys.executable, "-c", script, str(target.folder / "rows.gz")]

    return Way(name, command, **more)  # type: ignore[arg-type]


def test_ways_take_turns(target: Target, expected: Expected, tmp_path: Path) -> None:
    rows = tmp_path / "rows"
    found = compare([way("a", rows), way("b", rows)], target, partial(check_rows, expected=expected), runs=3)
    assert (tmp_path / "order").read_text() == "ababab"
    assert [len(each.seconds) for each in found] == [3, 3]
    assert all(each.size == found[0].size > 0 and each.peak > 1_000_000 for each in found)


def test_a_way_that_loses_rows_ends_the_run(target: Target, expected: Expected, tmp_path: Path) -> None:
    with pytest.raises(LostRowsError):
        compare([way("a", tmp_path / "rows", "[1:]")], target, partial(check_rows, expected=expected), runs=1)


def test_a_way_that_loses_rows_in_a_later_run_ends_it_too(target: Target, expected: Expected, tmp_path: Path) -> None:
    def check(folder: Path) -> None:
        check_rows(folder, expected)
        (tmp_path / "rows").write_text("")

    with pytest.raises(ValueError, match="the output that was checked"):
        compare([way("a", tmp_path / "rows")], target, check, runs=2)


def test_a_way_whose_program_is_not_there_is_skipped(target: Target, tmp_path: Path) -> None:
    [found] = compare([way("a", tmp_path / "rows", needs=("no-such-program",))], target, lambda _: None, runs=1)
    assert found == Measurement("a", skipped="no-such-program not installed")
