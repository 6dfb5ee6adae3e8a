"""The page of results, written from what was measured."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.goals import Goal, judge
from benchmarks.measured import Record
from benchmarks.shapes import CASES
from benchmarks.tables import make_growth_table, make_small_table, make_table

FILE = Path(__file__).with_name("RESULTS.md")
HEAD = """# What was measured

Written by `make bench`; [README.md](README.md) says how it measures. The machine has few cores and its speed varies:
read the ratios, not the seconds. Every output was read back and held the rows that were in the database."""
SMALL = """One person's archive of 100 rows with JSON, CSV and report: signed, verified, synced to the disk, renamed.
The rows of the ledger and the queue are not in it."""


def render(records: Sequence[Record]) -> str:
    return "\n\n".join([HEAD, *_goals(records), *_comparisons(records), *_growth(records)]) + "\n"


def _goals(records: Sequence[Record]) -> Iterator[str]:
    yield "## The figures to reach"
    lines = ["| figure | goal | measured | |", "|---|---|---|---|", *map(_goal, judge(records))]
    yield "\n".join(lines)


def _goal(goal: Goal) -> str:
    return (
        "| "
        + " | ".join(each.replace("|", "\\|") for each in (goal.figure, goal.wanted, goal.measured, goal.reached))
        + " |"
    )


def _comparisons(records: Sequence[Record]) -> Iterator[str]:
    for record in sorted(
        records, key=lambda each: (_place(each.case), each.database != "sqlite", -each.rows, each.only)
    ):
        yield f"## {_title(record)}"
        yield make_small_table(record) if record.case == "small" else make_table(record)
        about = SMALL if record.case == "small" else record.note
        yield f"{about} Measured {record.when} on {record.machine}; {record.versions}.".strip()


def _place(case: str) -> int:
    order = [*CASES, "large file", "pictures", "small"]
    return order.index(case)


def _title(record: Record) -> str:
    if record.case == "small":
        return "Small accounts"
    if record.case not in CASES:
        return record.case.capitalize()
    name = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[record.database]
    return f"{record.case.capitalize()}, {record.rows:,} rows, {name}: {CASES[record.case].about}"


def _growth(records: Sequence[Record]) -> Iterator[str]:
    table = make_growth_table(records)
    if table.count("\n") > 1:
        yield "## Growth and memory of our engine, `events`"
        yield table


def write(records: Sequence[Record], file: Path = FILE) -> None:
    file.write_text(render(records), encoding="utf-8")
