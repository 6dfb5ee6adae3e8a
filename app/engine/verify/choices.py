"""What the person chose to leave out, as the coverage statement says it; nothing may be missing for another reason.

What is missing is held to the choices, table by table. How many rows there were, only the maker of the archive knew.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.engine.verify.problems import raise_all

STATUSES = {"included", "empty", "left_out", "excluded"}


@dataclass(frozen=True)
class Chosen:
    without: frozenset[str]
    since: date | None
    until: date | None
    files: bool


@dataclass(frozen=True)
class Line:
    """What the statement says of one table."""

    table: str
    status: str
    rows: int
    rows_left_out: int
    files_left_out: int
    is_dated: bool
    depends_on: frozenset[str] | None
    """The tables that its rows are here by; None: in an older archive, which does not say."""


def tell_left_out(coverage: dict[str, Any]) -> Iterator[str]:
    """In words. Raises VerificationError; LookupError, TypeError, AttributeError or ValueError for other shapes."""
    chosen = _read_choices(coverage.get("choices", {}))  # older ones do not say: they are of everything
    lines = {line.table: line for line in map(_read_line, coverage["tables"])}
    if len(lines) != len(coverage["tables"]):
        raise ValueError("a table is told of twice")
    subject = str(coverage["subject"]["table"])
    raise_all(_find_wrong_choices(chosen, lines, subject))
    touched = _find_touched(chosen, lines, subject)
    raise_all(
        fault for line in lines.values() for fault in _find_faults(line, chosen, is_touched=line.table in touched)
    )
    rows = [line.rows_left_out for line in lines.values() if line.rows_left_out]
    files = sum(line.files_left_out for line in lines.values())
    if rows:
        yield f"Left out by the person's choice: {sum(rows):,} rows of {len(rows)} tables."
    if files:
        yield f"Left out by the person's choice: {files:,} files, whose rows are here."


def _read_choices(said: Mapping[str, Any]) -> Chosen:
    without = frozenset(map(str, said.get("without", [])))
    return Chosen(without, _read_day(said, "since"), _read_day(said, "until"), said.get("files", True) is not False)


def _read_day(said: Mapping[str, Any], name: str) -> date | None:
    return None if said.get(name) is None else date.fromisoformat(said[name])


def _read_line(said: Mapping[str, Any]) -> Line:
    return Line(
        table=str(said["table"]),
        status=str(said["status"]),
        rows=int(said["rows"]),
        rows_left_out=int(said.get("rows_left_out", 0)),
        files_left_out=int(said.get("files_left_out", 0)),
        is_dated=said.get("dated") is not None,
        depends_on=frozenset(map(str, said["depends_on"])) if "depends_on" in said else None,
    )


def _find_wrong_choices(chosen: Chosen, lines: Mapping[str, Line], subject: str) -> Iterator[str]:
    for name in sorted(chosen.without):
        if name not in lines or name == subject or lines[name].status == "excluded":
            yield f"{name} is said to be left out by choice, and nobody can choose that"
        elif lines[name].rows:
            yield f"{name} has rows here, although it was left out by choice"
    if chosen.since and chosen.until and chosen.since > chosen.until:
        yield f"the chosen days end on {chosen.until}, before they begin on {chosen.since}"


def _find_touched(chosen: Chosen, lines: Mapping[str, Line], subject: str) -> set[str]:
    """Tables whose rows the choices may keep out: themselves, by their date, or with those that they depend on."""
    has_days = chosen.since is not None or chosen.until is not None
    open_to = {name for name, line in lines.items() if name != subject and line.status != "excluded"}
    touched = {name for name in open_to if name in chosen.without or (has_days and lines[name].is_dated)}
    if (chosen.without or has_days) and all(line.depends_on is None for line in lines.values()):
        return open_to
    depending = defaultdict(list)
    for name in open_to:
        for other in lines[name].depends_on or ():
            depending[other].append(name)
    new = list(touched)
    while new:  # each table once, however many there are said to be
        new = [name for other in new for name in depending.pop(other, ()) if name not in touched]
        touched.update(new)
    return touched


def _find_faults(line: Line, chosen: Chosen, *, is_touched: bool) -> Iterator[str]:
    missing, files = line.rows_left_out, line.files_left_out
    if line.status not in STATUSES or min(missing, files) < 0:
        yield f"{line.table}: {line.status}, without {missing} rows and {files} files: there is no such thing"
    if missing and not is_touched:
        yield f"{line.table}: {missing} rows are left out, and by no choice of the person's"
    if files and (chosen.files or line.status != "included"):
        yield f"{line.table}: {files} files are left out, and by no choice of the person's"
    if line.status != "included" and line.rows:
        yield f"{line.table} has rows here, and is said to be {line.status}"
    if (line.status == "left_out") != (missing > 0 and not line.rows):
        yield f"{line.table} is said to be {line.status}, with {line.rows} rows here and {missing} left out"
