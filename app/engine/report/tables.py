"""One table of the report while its rows go by: what its page shows, and the numbers that the overview needs.

Holds the first rows and some counters; the rows themselves go to `writers.to_viewer`.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
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


class TableReport:
    """Takes the rows of one table in batches, then is what the pages are made from."""

    def __init__(self, shape: TableShape, formats: Formats, put_chunk: PutChunk, part_now: Callable[[], int]) -> None:
        self.shape = shape
        self.name = shape.name
        self.title = shape.declaration.title or shape.name
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
        self._keep_first(rows)
        self.rows += len(rows)
        self.part_rows[self._part_now()] += len(rows)
        columns = list(zip(*rows, strict=True))
        for position in self._file_fields:
            self.files += len(rows) - columns[position].count(None)
        self.readable |= {
            position for position in self._ids - self.readable if any(map(is_readable, _texts(columns[position])))
        }
        if self.year_field is not None:
            self._count_years(columns[self.year_field])

    def flush(self) -> None:
        """End the chunk: after the last row, and before a new part of the archive begins, for no chunk spans two."""
        self._writer.flush()

    def _put(self, name: str, content: bytes) -> None:
        self.chunk_parts.append(self._part_now())
        self._put_chunk(name, content)

    def _keep_first(self, rows: Sequence[Row]) -> None:
        missing = SHOWN - len(self.first_rows)
        if missing > 0:
            kept = self._writer.convert(rows[:missing])
            self.first_rows += kept
            self.first_parts += [self._part_now()] * len(kept)

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
