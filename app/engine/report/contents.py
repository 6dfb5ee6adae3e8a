"""What the pages are made from, when all rows have gone by."""

from collections import Counter
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote

from app.engine.report.choices_told import tell_left_out
from app.engine.report.formats import Formats
from app.engine.report.tables import TableReport
from app.engine.shape import Coverage, Edition, Gap, TableShape


@dataclass(frozen=True)
class Contents:
    edition: Edition
    formats: Formats
    all_tables: tuple[TableReport, ...]
    coverage: tuple[Coverage, ...]
    gaps: tuple[Gap, ...]
    data_formats: tuple[str, ...]
    part: int
    """The part of the archive that the pages stand in, from 1."""
    folders: tuple[str, ...]
    """The top folders of all parts."""
    has_pages: bool
    """Whether the person wanted the report, or only the data."""
    left_out: tuple[str, ...]
    """What the person chose to leave out, a sentence each; none: this is everything."""

    @cached_property
    def tables(self) -> tuple[TableReport, ...]:
        """Those with a page: a table without rows is a line on the coverage page."""
        return tuple(table for table in self.all_tables if table.rows)

    @property
    def owner(self) -> str:
        return self.edition.subject.name or self.edition.subject.email or self.edition.subject.id

    @property
    def items(self) -> int:
        return sum(table.rows for table in self.tables)

    @property
    def files(self) -> int:
        return sum(table.files for table in self.tables)

    @cached_property
    def years(self) -> Counter[int]:
        years: Counter[int] = Counter()
        for table in self.tables:
            years.update(table.years)
        return years

    @cached_property
    def person_columns(self) -> set[tuple[str, str]]:
        """Table and name of each column that may hold the person's key: their row's own, and those that lead there."""
        shapes = [table.shape for table in self.all_tables]
        found = {(shape.name, name) for shape in shapes if shape.declaration.kind == "subject" for name in shape.key}
        while more := set(_lead_to(found, shapes)) - found:
            found |= more
        return found

    @property
    def empty(self) -> tuple[str, ...]:
        lines = [line for line in self.coverage if line.status == "empty"]
        return tuple(self.formats.translate(line.title) or line.table for line in lines)

    @property
    def excluded(self) -> tuple[Coverage, ...]:
        return tuple(line for line in self.coverage if line.status == "excluded")

    @property
    def kept_back(self) -> tuple[Coverage, ...]:
        """Tables of which some columns are not in the archive."""
        return tuple(line for line in self.coverage if line.left_out and line.status != "excluded")

    @property
    def is_divided(self) -> bool:
        return len(self.folders) > 1

    def is_here(self, table: TableReport) -> bool:
        """Whether this part holds rows of the table, and so its data files."""
        return table.part_rows[self.part] > 0

    def base_of(self, part: int) -> str:
        """Where a part lies, from the pages of this one, when they were unpacked side by side."""
        return "" if part == self.part else f"../{quote(self.folders[part - 1], safe='')}/"

    @property
    def moment(self) -> str:
        """The one that all rows were read at."""
        return self.formats.day_and_clock(self.edition.snapshot_at)

    def tell(self, line: Coverage) -> list[str]:
        return tell_line(line, self.formats)

    def find_table(self, name: str) -> TableReport | None:
        return next((table for table in self.all_tables if table.name == name), None)


def _lead_to(columns: Container[tuple[str, str]], shapes: Iterable[TableShape]) -> Iterator[tuple[str, str]]:
    for shape in shapes:
        for reference in shape.references:
            if (reference.table, reference.to) in columns:
                yield shape.name, reference.column


def tell_line(line: Coverage, formats: Formats) -> list[str]:
    """What became of a table's rows, in sentences, where they are not simply all there."""
    told = list(tell_left_out(line, formats))
    if line.deleted:
        told.append(
            formats.translate_count(
                "Without %(count)s row that is marked as deleted or that stood under something deleted.",
                "Without %(count)s rows that are marked as deleted or that stood under something deleted.",
                line.deleted,
            )
        )
    if line.reason:
        told.append(formats.translate(line.reason))
    return told
