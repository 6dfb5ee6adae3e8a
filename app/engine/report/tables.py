"""One table of the report while its rows go by: what its page shows, and the numbers that the overview needs.

Holds the first rows and some counters; the rows themselves go to `writers.to_viewer`.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from app.engine.names import file_name
from app.engine.report.formats import NEAR_NEW_YEAR, Formats
from app.engine.shape import Kind, Row, TableShape, Value
from app.engine.writers.to_viewer import PutChunk, ViewerWriter

SHOWN = 50
"""Rows that stand in the page itself and need no JavaScript."""
OPENERS: frozenset[Kind] = frozenset({"text", "moment", "date"})
TIMES: frozenset[Kind] = frozenset({"moment", "date"})
OPAQUE = re.compile(r"-?\d+|[0-9a-fA-F-]{16,}")
"""An id that tells people nothing: a number, a UUID, a checksum."""


@dataclass(frozen=True)
class TableFacts:
    """What a page must know of rows that went by elsewhere; JSON can carry it."""

    rows: int
    years: dict[int, int]
    first_rows: list[Row]
    readable: set[int]
    starts: list[int]
    """The number of each chunk's first row, among these rows."""


class TableReport:
    """Takes the rows of one table in batches, then is what the pages are made from."""

    def __init__(self, shape: TableShape, formats: Formats, put_chunk: PutChunk, part_now: Callable[[], int]) -> None:
        self.shape = shape
        self.name = shape.name
        self.title = formats.translate(shape.declaration.title) or shape.name
        self.file = file_name(shape.name)
        self.rows = 0
        self.files = 0
        self.years: Counter[int] = Counter()
        self.part_rows: Counter[int] = Counter()
        """How many rows each part of the archive holds."""
        self.chunk_parts: list[int] = []
        """The part that holds each chunk."""
        self.first_rows: list[Row] = []
        self.first_parts: list[int] = []
        """The part that holds each of the first rows, and its files."""
        self.readable: set[int] = set()
        """Positions of id fields that hold names for people, not only ids."""
        self._formats = formats
        self._put_chunk = put_chunk
        self._part_now = part_now
        self._writer = ViewerWriter(shape, self._put)
        kinds = [field.kind for field in shape.fields]
        self._ids = {position for position, kind in enumerate(kinds) if kind == "id"}
        self._file_fields = [position for position, kind in enumerate(kinds) if kind == "file"]
        self.year_field = next((position for position, kind in enumerate(kinds) if kind in TIMES), None)

    def write(self, rows: Sequence[Row]) -> None:
        self._writer.write(rows)
        if len(self.first_rows) < SHOWN:
            self._keep_first(self._writer.convert(rows[:SHOWN]))
        self._count(len(rows))
        columns = list(zip(*rows, strict=True))
        for position in self._file_fields:
            self.files += len(rows) - columns[position].count(None)
        self.readable |= {
            position for position in self._ids - self.readable if any(map(is_readable, _texts(columns[position])))
        }
        if self.year_field is not None:
            self._count_years(columns[self.year_field])

    def join(self, facts: TableFacts) -> list[tuple[str, bytes]]:
        """The next rows, of a table without files, went by elsewhere: the name and the first line of each chunk."""
        chunks = self._writer.append(facts.starts, facts.rows)
        self.chunk_parts += [self._part_now()] * len(chunks)
        self._keep_first(facts.first_rows)
        self._count(facts.rows)
        self.years.update(facts.years)
        self.readable |= facts.readable
        return chunks

    @property
    def facts(self) -> TableFacts:
        """When all rows are written and the last chunk is flushed."""
        return TableFacts(self.rows, dict(self.years), self.first_rows, self.readable, self.starts)

    def flush(self) -> None:
        """End the chunk: after the last row, and before a new part of the archive begins, for no chunk spans two."""
        self._writer.flush()

    def _put(self, name: str, content: bytes) -> None:
        self.chunk_parts.append(self._part_now())
        self._put_chunk(name, content)

    def _keep_first(self, rows: Sequence[Row]) -> None:
        kept = rows[: SHOWN - len(self.first_rows)]
        self.first_rows += kept
        self.first_parts += [self._part_now()] * len(kept)

    def _count(self, rows: int) -> None:
        self.rows += rows
        self.part_rows[self._part_now()] += rows

    def _count_years(self, column: Sequence[Value]) -> None:
        """A day at a time, but for those on which the year depends on the time zone."""
        texts = _texts(column)
        days = Counter([text[:10] for text in texts])
        for day, count in days.items():
            if day[5:] not in NEAR_NEW_YEAR and (year := self._formats.year(day)) is not None:
                self.years[year] += count
        near = [text for text in texts if text[5:10] in NEAR_NEW_YEAR]
        self.years.update(year for year in map(self._formats.year, near) if year is not None)

    @property
    def page(self) -> str:
        return f"{self.file}.html"

    @property
    def starts(self) -> list[int]:
        return self._writer.starts

    @cached_property
    def columns(self) -> list[int]:
        """The order of columns for people: first what names the row, last the ids, which are for machines.

        Known only when all rows have gone by.
        """
        order = sorted(range(len(self.shape.fields)), key=lambda position: position in self.hidden)
        opener = next((position for position in order if self._can_open(position)), order[0] if order else None)
        return order if opener is None else [opener, *(position for position in order if position != opener)]

    @cached_property
    def hidden(self) -> set[int]:
        """Columns of ids: the table shows them only where it has nothing else, a row's own view always."""
        return set() if self.has_only_ids else self._ids - self.readable

    @cached_property
    def has_only_ids(self) -> bool:
        return len(self._ids - self.readable) == len(self.shape.fields)

    def _can_open(self, position: int) -> bool:
        return self.shape.fields[position].kind in OPENERS and position not in self.hidden


def _texts(column: Sequence[Value]) -> list[str]:
    return [value for value in column if isinstance(value, str)]


def is_readable(text: str) -> bool:
    return not OPAQUE.fullmatch(text)
