"""One pass over all tables of a person inside a snapshot; every writer gets each row once, so formats agree."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from app.engine.coverage import count_deleted, cover, write_coverage
from app.engine.datapackage import Described, describe_tables
from app.engine.graph import Graph
from app.engine.media import Media, OpenFile
from app.engine.names import file_name
from app.engine.plan import PlannedTable, plan_tables
from app.engine.progress import READING, Progress
from app.engine.report import Report
from app.engine.rows import Pseudonyms, read_rows
from app.engine.shape import Coverage, Edition, Gap
from app.engine.writers.to_csv import csv_writer
from app.engine.writers.to_json import json_writer


class TornReadError(Exception):
    """A table gave another number of rows than it counted; the snapshot does not hold."""


@dataclass(frozen=True)
class Read:
    """What was read, and what could not be."""

    coverage: list[Coverage]
    gaps: list[Gap]
    tables: list[Described]


class Reading:
    """Writes the folder that becomes the archive: `data/`, the report, the coverage statement."""

    def __init__(self, folder: Path, edition: Edition, open_file: OpenFile, progress: Progress) -> None:
        self._data = folder / "data"
        for name in ("json", "csv", "media"):
            (self._data / name).mkdir(parents=True)
        self._edition = edition
        self._progress = progress
        self._report = Report(folder, edition)
        self._media = Media(self._data / "media", open_file)
        self._pseudonyms = Pseudonyms({edition.subject.id})

    def run(self, connection: Connection, graph: Graph) -> Read:
        plan = plan_tables(graph, self._edition.subject.id)
        counts = [connection.execute(planned.count).scalar_one() for planned in plan]
        self._progress.begin(READING, "reading", sum(counts))
        for planned, count in zip(plan, counts, strict=True):
            if count:
                self._read(connection, planned, count)
            else:
                self._report.table(planned.shape).finish()  # the coverage page tells what such a table is for
        deleted = count_deleted(connection, plan, counts)
        coverage, gaps = cover(graph, plan, counts, deleted), self._media.gaps
        self._report.finish(coverage, gaps)
        write_coverage(self._data / "coverage.json", graph, self._edition, coverage, gaps)
        return Read(coverage, gaps, describe_tables(graph, plan, counts))

    def _read(self, connection: Connection, planned: PlannedTable, expected: int) -> None:
        self._progress.name(planned.shape.declaration.title or planned.shape.name)
        self._media.begin(planned.shape.name)
        shape, name = planned.shape, file_name(planned.shape.name)
        table = self._report.table(shape)
        found = 0
        with (
            json_writer(self._data / "json" / f"{name}.json", shape) as to_json,
            csv_writer(self._data / "csv" / f"{name}.csv", shape) as to_csv,
        ):
            for batch in read_rows(connection, planned, self._pseudonyms, self._media.take):
                for write in (to_json, to_csv, table.write):
                    write(batch)
                found += len(batch)
                self._progress.advance(len(batch))
        table.finish()
        if found != expected:
            raise TornReadError(f"{planned.shape.name}: {expected} rows counted, {found} read")
