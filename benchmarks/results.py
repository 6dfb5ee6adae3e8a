"""The page of results, written from what was measured."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.goals import FIGURES, Figure
from benchmarks.measured import Record
from benchmarks.shapes import CASES
from benchmarks.tables import DATABASES, escape, make_growth_table, make_small_table, make_table

FILE = Path(__file__).with_name("RESULTS.md")
HEAD = """# What was measured

Written by `make bench`; [README.md](README.md) says how it measures. The machine has few cores and its speed varies:
read the ratios, not the seconds. Every output was read back and held the rows that were in the database."""
SMALL = """One person's archive of 100 rows with JSON, CSV and report: signed, verified, synced to the disk, renamed.
The rows of the ledger and the queue are not in it."""


def render(records: Sequence[Record]) -> str:
    environments = list(dict.fromkeys(map(_environment, records)))
    sections = [
        HEAD,
        *_figures(records),
        *_comparisons(records, environments),
        *_growth(records),
        *_where(environments),
    ]
    return "\n\n".join(sections) + "\n"


def _figures(records: Sequence[Record]) -> Iterator[str]:
    yield "## The figures to reach"
    for figure in FIGURES:
        yield f"### {figure.title}"
        yield _figure(figure, records)


def _figure(figure: Figure, records: Sequence[Record]) -> str:
    found = list(figure.find(records))
    if not found:
        return "Not measured by this command, or not yet."
    lines = [f"| {escape(each.what)} | {each.goal} | {each.measured} | {each.reached} |" for each in found]
    return "\n".join(["| | goal | measured | |", "|---|---|---|---|", *lines])


def _comparisons(records: Sequence[Record], environments: list[str]) -> Iterator[str]:
    for record in sorted(records, key=_place):
        yield f"## {_title(record)}"
        yield make_small_table(record) if record.case == "small" else make_table(record)
        about = SMALL if record.case == "small" else record.note
        where = environments.index(_environment(record)) + 1
        yield f"{about} Measured {record.when} at {record.commit}, environment {where}.".strip()


def _place(record: Record) -> tuple[int, bool, int, str]:
    order = [*CASES, record.case if record.case not in {*CASES, "small"} else "", "small"]
    return order.index(record.case), record.database != "sqlite", -record.rows, record.only


def _title(record: Record) -> str:
    if record.case == "small":
        return "Small accounts"
    if record.case not in CASES:
        return record.case.capitalize()
    what = f"{record.case.capitalize()}, {record.rows:,} rows, {DATABASES[record.database]}"
    return f"{what}: {CASES[record.case].about}"


def _growth(records: Sequence[Record]) -> Iterator[str]:
    table = make_growth_table(records)
    if table.count("\n") > 1:
        yield "## Growth and memory of our engine, `events`"
        yield table


def _environment(record: Record) -> str:
    return f"{record.machine}; {record.versions}"


def _where(environments: list[str]) -> Iterator[str]:
    yield "## Environments"
    yield "\n".join(f"{number}. {each}" for number, each in enumerate(environments, 1))


def write(records: Sequence[Record], file: Path = FILE) -> None:
    file.write_text(render(records), encoding="utf-8")
