"""The page of results, written from what was measured."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.goals import FIGURES, Figure
from benchmarks.measured import Record
from benchmarks.shapes import CASES
from benchmarks.tables import (
    DATABASES,
    escape,
    make_growth_table,
    make_rate_table,
    make_step_table,
    make_table,
    make_times_table,
)

FILE = Path(__file__).with_name("RESULTS.md")
HEAD = """# What was measured

Written by `make bench` and `make bench-watching`; [README.md](README.md) says how they measure. The machine has few
cores and its speed varies: read the ratios, not the seconds. The first output of each way that reads tables or files
was read back and held the rows and bytes that were there; later outputs had its size."""


@dataclass(frozen=True)
class Section:
    """How the records of one case are shown."""

    title: str
    about: str
    table: Callable[[Record], str]


SECTIONS = {
    "small": Section(
        "Small accounts, the engine alone",
        "One person's archive of 100 rows with JSON, CSV and report: signed, verified, synced to the disk, renamed. "
        "The rows of the ledger and the queue are not in it.",
        make_rate_table,
    ),
    "crowd": Section(
        "Small accounts, the whole way",
        "Many people have asked for archives of 100 rows. From the first bell until the last archive is ready: "
        "ledger, snapshot, three formats, signature, verification, syncing and publishing are in it.",
        make_rate_table,
    ),
    "click": Section(
        "From click to ready",
        "One person after the other signs in at an idle site and asks for an archive of 100 rows. The status is asked "
        "for every 20 ms; the site's page asks a quarter of a second after it is shown, then when the server says.",
        make_times_table,
    ),
    "watching": Section("1,000 people watching", "", make_times_table),
    "pieces": Section(
        "One person's archive, made by several workers",
        "Celery's workers on PostgreSQL; JSON, CSV and report, from the claim until it is signed, verified, published "
        "and ready. The database works on the same cores.",
        make_times_table,
    ),
    "profile": Section(
        "Where the time goes, for one row",
        "Six steps, one after the other in one thread, each by itself; then the phases of a whole archive, in which "
        "the press works beside the reader.",
        make_step_table,
    ),
    "profile, small": Section(
        "Where the time goes, for one small archive",
        "100 rows, the engine alone, in a warm process.",
        make_step_table,
    ),
}


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
        return f"Not measured yet: `{figure.command}`."
    lines = [f"| {escape(each.what)} | {each.goal} | {each.measured} | {each.reached} |" for each in found]
    table = "\n".join(["| | goal | measured | |", "|---|---|---|---|", *lines])
    return f"{table}\n\n{figure.why}" if any(each.is_missed for each in found) else table


def _comparisons(records: Sequence[Record], environments: list[str]) -> Iterator[str]:
    for record in sorted(records, key=_place):
        section = SECTIONS.get(record.case) or Section(_title(record), "", make_table)
        where = environments.index(_environment(record)) + 1
        measured = f"Measured {record.when} at {record.commit}, environment {where}."
        yield f"## {section.title}{_on(record)}"
        yield section.table(record)
        yield " ".join(filter(None, (section.about, record.note, measured)))


def _place(record: Record) -> tuple[int, str, bool, int, str]:
    """Tables, then files, then the rest."""
    order = [*CASES, "", *SECTIONS]
    known = record.case if record.case in order else ""
    return order.index(known), record.case, record.database != "sqlite", -record.rows, record.only


def _title(record: Record) -> str:
    if record.case not in CASES:
        return record.case.capitalize()
    return f"{record.case.capitalize()}: {CASES[record.case].about}; {record.rows:,} rows"


def _on(record: Record) -> str:
    """Files lie on no database."""
    known = record.case in CASES or record.case in SECTIONS
    return f", {DATABASES[record.database]}" if known else ""


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
