"""One piece, made by a worker that does not hold its archive: it reads under the holder's snapshot, packs, and that is
all. What only the whole can tell, such as names, numbers and checksums of members, is left to the holder.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy import Engine

from app.engine.choices import Choices
from app.engine.collector import collecting_rarely
from app.engine.graph import Graph
from app.engine.package.piece import PieceWriter
from app.engine.pieces import Piece, narrow
from app.engine.plan import PlannedTable, plan_tables
from app.engine.report.formats import Formats
from app.engine.report.tables import TableReport
from app.engine.rows import Pseudonyms, read_rows
from app.engine.shape import FORMATS, REPORT, Row, Subject
from app.engine.snapshot import join_snapshot
from app.engine.writers.choose import choose_writers
from app.engine.writers.to_viewer import without_number


def make_piece(
    piece: Piece,
    *,
    engine: Engine,
    graph: Graph,
    snapshot: str,
    subject: Subject,
    choices: Choices,
    workspace: Path,
    go_on: Callable[[], object],
) -> Path:
    """The finished file, in `workspace`, an empty folder of our own. `snapshot`: the name of an exported one.

    `choices`: those of the archive; a piece is in every format, whichever are wanted.

    Raises what the database raises, when the snapshot is gone too; OSError; and whatever `go_on` raises.
    """
    planned = narrow(_find(piece.table, graph, subject, choices), piece)
    with collecting_rarely(), join_snapshot(engine, snapshot) as connection, PieceWriter(workspace) as place:
        table = _Table(planned, piece, subject, place)
        for batch in read_rows(connection, planned, Pseudonyms()):
            table.write(batch)
            go_on()
        path = workspace / "piece"
        table.finish(path)
    return path


def _find(table: str, graph: Graph, subject: Subject, choices: Choices) -> PlannedTable:
    plan = plan_tables(graph, subject.id, choices, subject.time_zone)
    return next(planned for planned in plan if planned.shape.name == table)


class _Table:
    """The rows of a piece on their way into its streams: one for each format, the report's cut after each chunk."""

    def __init__(self, planned: PlannedTable, piece: Piece, subject: Subject, place: PieceWriter) -> None:
        self._place = place
        self._writers = choose_writers(planned.shape, FORMATS)
        self._shown = TableReport(
            planned.shape, Formats(subject.locale, subject.time_zone), self._put_chunk, lambda: 1
        )
        self._is_first = piece.low is None
        self._rows = 0

    def write(self, rows: Sequence[Row]) -> None:
        for writer in self._writers:
            before = writer.opening if self._is_first and not self._rows else writer.separator
            self._place.write(writer.ending, before + writer.encode(rows))
        self._shown.write(rows)
        self._rows += len(rows)

    def finish(self, path: Path) -> None:
        self._shown.flush()
        for writer in self._writers:
            self._place.cut(writer.ending)
        self._place.finish(path, self._rows, self._shown.facts)

    def _put_chunk(self, _name: str, content: bytes) -> None:
        self._place.write(REPORT, without_number(content))
        self._place.cut(REPORT)
