"""One pass over all tables of a person inside a snapshot; every writer gets each row once, so formats agree."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection

from app.engine.census import Amount, add_up, count_tables
from app.engine.choices import Choices
from app.engine.coverage import count_left_out, cover
from app.engine.datapackage import TableDescription, describe_tables
from app.engine.graph import Graph
from app.engine.media import Media, OpenFile
from app.engine.names import data_path
from app.engine.package import Package, PieceFile
from app.engine.pieces import Piece, Sharing, narrow, share_tables
from app.engine.plan import PlannedTable, plan_tables
from app.engine.progress import READING, Progress
from app.engine.report import Report, TableReport
from app.engine.report.tables import TableFacts
from app.engine.rows import Pseudonyms, read_rows
from app.engine.shape import REPORT, Coverage, Edition, Gap, Row
from app.engine.writers import Writer
from app.engine.writers.choose import choose_writers

Weigh = Callable[[Amount], None]
"""Told how much there is before any row is read; what it raises ends the archive."""


class TornReadError(Exception):
    """A table gave another number of rows than it counted; the snapshot does not hold."""


@dataclass(frozen=True)
class Read:
    """What was read, and what could not be."""

    graph: Graph
    edition: Edition
    coverage: list[Coverage]
    gaps: list[Gap]
    tables: list[TableDescription]
    report: Report
    media_size: int
    """Bytes of the files that rows name."""


class Reading:
    """Fills `package` with the tables, the report's chunks and the media."""

    def __init__(
        self,
        package: Package,
        edition: Edition,
        choices: Choices,
        open_file: OpenFile,
        progress: Progress,
        *,
        sharing: Sharing,
    ) -> None:
        self._package = package
        self._edition = edition
        self._choices = choices
        self._formats = choices.written
        self._progress = progress
        self._sharing = sharing
        self._report = Report(edition, package.add)
        self._media = Media(package, open_file if choices.files else None, lambda _: progress.advance(0))
        self._pseudonyms = Pseudonyms({edition.subject.id})

    def run(self, connection: Connection, graph: Graph, weigh: Weigh) -> Read:
        """Raises TornReadError, and what `weigh` raises as soon as the rows are counted."""
        subject = self._edition.subject
        whose = (graph, subject.id, self._choices, subject.time_zone)
        plan, amounts = plan_tables(*whose), count_tables(connection, *whose)
        weigh(add_up(amounts))
        counts = [amount.rows for amount in amounts]
        pieces = share_tables(connection, plan, counts, self._sharing)
        self._progress.begin(READING, "reading", sum(counts))
        for planned, count in zip(plan, counts, strict=True):
            shown = self._report.table(planned.shape)  # the coverage page tells what one without rows is for
            if count:
                self._read(connection, planned, count, shown, pieces.get(planned.shape.name, ()))
        left_out = count_left_out(connection, plan, counts, self._media.left_out)
        coverage = cover(graph, plan, counts, left_out)
        tables = describe_tables(graph, plan, counts, self._edition, in_csv="csv" in self._formats)
        return Read(graph, self._edition, coverage, self._media.gaps, tables, self._report, self._media.size)

    def _read(
        self,
        connection: Connection,
        planned: PlannedTable,
        expected: int,
        shown: TableReport,
        pieces: Sequence[Piece],
    ) -> None:
        self._progress.name(planned.shape.declaration.title or planned.shape.name)
        self._media.begin(planned.shape.name)
        table = _Table(self._package, self._report, shown, self._formats)
        if pieces:
            found = sum(self._fill(connection, planned, piece, table) for piece in pieces)
        else:
            found = self._write(connection, planned, table, expected)
        table.finish()
        if found != expected:
            raise TornReadError(f"{planned.shape.name}: {expected} rows counted, {found} read")

    def _fill(self, connection: Connection, planned: PlannedTable, piece: Piece, table: "_Table") -> int:
        """How many rows it has, whoever has read them."""
        made = self._sharing.take(piece)
        if made is None:
            rows = self._write(connection, narrow(planned, piece), table)
        else:
            rows = table.join(made)
            self._progress.advance(rows)
        table.end_piece()
        return rows

    def _write(
        self, connection: Connection, planned: PlannedTable, table: "_Table", expected: int | None = None
    ) -> int:
        found = 0
        for batch in read_rows(connection, planned, self._pseudonyms, expected):
            if planned.files:
                self._write_with_files(batch, [file.column for file in planned.files], table)
            else:
                table.write(batch)
            found += len(batch)
            self._progress.advance(len(batch))
        return found

    def _write_with_files(self, batch: list[Row], positions: Sequence[int], table: "_Table") -> None:
        """A row at a time where each may be the last in its part; room is asked for once, before its files."""
        if not self._package.is_divided:
            table.write([self._take(row, positions) for row in batch])
            return
        for row in batch:
            wanted = [row[position] for position in positions if row[position] is not None]
            table.make_room(_without(row, positions), sum(map(self._media.measure, wanted)))
            table.put([self._take(row, positions)])

    def _take(self, row: Row, positions: Sequence[int]) -> Row:
        cells = list(row)
        for position in positions:
            if cells[position] is not None:
                cells[position] = self._media.take(cells[position])
        return tuple(cells)


def _without(row: Row, positions: Sequence[int]) -> Row:
    """The row with paths as long as those that its files will have."""
    return tuple("media/000000.0123456789" if at in positions else value for at, value in enumerate(row))


class _Table:
    """One table on its way into the members of one part, and of the next when that is full."""

    def __init__(self, package: Package, report: Report, shown: TableReport, formats: Sequence[str]) -> None:
        self._package = package
        self._report = report
        self._shown = shown
        self._writers = choose_writers(shown.shape, formats)
        self._is_shown = REPORT in formats
        self._here = 0

    def write(self, rows: Sequence[Row]) -> None:
        """What does not fit is divided, and goes on in the next part."""
        contents = self._encode(rows)
        if self._package.has_room(self._measure(contents)) or (len(rows) == 1 and not self._package.part.rows):
            self._put(rows, contents)
        elif len(rows) > 1:
            self.write(rows[: len(rows) // 2])
            self.write(rows[len(rows) // 2 :])
        else:
            self._begin_part()
            self._put(rows, contents)

    def make_room(self, row: Row, size: int) -> None:
        """For a row and as many bytes of files, in this part or in the next."""
        if not self._package.has_room(self._measure(self._encode([row])) + size) and self._package.part.rows:
            self._begin_part()

    def put(self, rows: Sequence[Row]) -> None:
        """In this part, whatever its size."""
        self._put(rows, self._encode(rows))

    def join(self, made: PieceFile) -> int:
        """The next rows, which another worker has read and packed; how many."""
        with self._package.reading(made):
            for writer in self._writers:
                for stretch in made.stretches[writer.ending]:
                    self._package.join(self._name(writer), stretch)
            if self._is_shown:
                chunks = self._shown.join(msgspec.json.decode(made.facts, type=TableFacts))
                for (name, opening), stretch in zip(chunks, made.stretches[REPORT], strict=True):
                    self._package.add_joined(name, opening, stretch)
        self._count(made.rows)
        return made.rows

    def end_piece(self) -> None:
        """So do the report's chunks: the members are the same whoever has made the piece."""
        self._shown.flush()

    def finish(self) -> None:
        """What this part has of the table is whole."""
        self._shown.flush()
        if self._here:
            for writer in self._writers:
                self._package.write(self._name(writer), writer.closing)
                self._package.finish(self._name(writer))
        self._here = 0

    def _begin_part(self) -> None:
        self.finish()
        self._package.begin_part()
        self._report.part = self._package.part.number

    def _encode(self, rows: Sequence[Row]) -> list[bytes]:
        return [writer.encode(rows) for writer in self._writers]

    def _put(self, rows: Sequence[Row], contents: Sequence[bytes]) -> None:
        for writer, content in zip(self._writers, contents, strict=True):
            before = writer.separator if self._here else writer.opening
            self._package.write(self._name(writer), before + content)
        if self._is_shown:
            self._shown.write(rows)
        self._count(len(rows))

    def _count(self, rows: int) -> None:
        self._here += rows
        self._package.part.rows[self._shown.name] = self._here

    def _measure(self, contents: Sequence[bytes]) -> int:
        """More than the rows can come to: the report has them in fewer bytes than JSON."""
        return sum(map(len, contents)) + (2 * len(contents[0]) if self._is_shown else 0) + 64 * 1024

    def _name(self, writer: Writer) -> str:
        return f"data/{data_path(self._shown.name, writer.ending)}"
