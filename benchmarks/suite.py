"""One run of the benchmark: which cases, in what order, on which database; hands on each comparison as it is made."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from benchmarks.catalogue import WAYS, Target
from benchmarks.compare import Check, compare
from benchmarks.databases import Database, filled_postgres, filled_sqlite, start_postgres
from benchmarks.machine import describe_commit, describe_machine, describe_versions
from benchmarks.measured import Measurement, Record
from benchmarks.media import PICTURE, check_files, make_files, name_files, name_media
from benchmarks.readback import check_rows
from benchmarks.settings import Settings
from benchmarks.shapes import CASES, Case, rows_of
from benchmarks.small import measure_small

GROWTH = (10_000, 100_000, 1_000_000)
"""Rows at which our own engine is measured too, as far as they are fewer than those asked for."""
OURS = "ours"


@dataclass
class Suite:
    settings: Settings
    folder: Path
    """Empty, and ours alone."""
    stack: ExitStack = field(default_factory=ExitStack)
    server: str = ""
    programs: Path | None = None

    def run(self) -> Iterator[Record]:
        """Raises FailedError or LostRowsError at the first way that fails or loses a row."""
        with self.stack:
            if "postgresql" in self.settings.databases:
                self.server, self.programs = self.stack.enter_context(start_postgres())
            for kind in self.settings.databases:
                yield from self._tables(kind)
            if "sqlite" in self.settings.databases:
                yield from self._files()
                yield from self._small()

    def _tables(self, kind: str) -> Iterator[Record]:
        if self.settings.wants("events"):
            for rows in GROWTH:
                if rows < self.settings.rows:
                    yield self._compare(kind, CASES["events"], rows, OURS)
        for case in CASES.values():
            if self.settings.wants(case.name):
                yield self._compare(kind, case, rows_of(case, self.settings.rows), self.settings.only)

    def _compare(self, kind: str, case: Case, rows: int, only: str) -> Record:
        filled = (
            filled_sqlite(case, rows, self.folder) if kind == "sqlite" else filled_postgres(case, rows, self.server)
        )
        with filled as (database, expected):
            check = partial(check_rows, expected=expected)
            return self._record(self._target(database, case.name), check, rows * len(case.tables), only)

    def _files(self) -> Iterator[Record]:
        for count, size in ((1, self.settings.large), (self.settings.pictures, PICTURE)):
            if self.settings.wants("media"):
                files = self.folder / f"files-{count}"
                expected = make_files(files, count, size)
                database = name_files(files.with_suffix(".sqlite"), count)
                check = partial(check_files, expected=expected)
                record = self._record(self._target(database, f"pictures:{files}"), check, count, self.settings.only)
                record.case = name_media(count, size)
                yield record
                shutil.rmtree(files)

    def _small(self) -> Iterator[Record]:
        if self.settings.wants("small"):
            with filled_sqlite(CASES["events"], 100, self.folder) as (database, _):
                found = measure_small(database, self.folder, self.settings)
                yield self._describe("small", database, 100, "", found)

    def _target(self, database: Database, case: str) -> Target:
        return Target(database, case, self.folder / "out", self.programs)

    def _record(self, target: Target, check: Check, rows: int, only: str) -> Record:
        ways = [way for way in WAYS if way.fits(target) and only in way.name]
        found = compare(ways, target, check, runs=self.settings.runs)
        return self._describe(target.name, target.database, rows, only, found)

    def _describe(self, case: str, database: Database, rows: int, only: str, found: list[Measurement]) -> Record:
        when = datetime.now(UTC).date().isoformat()
        where = describe_machine(), describe_versions(self.programs)
        return Record(case, database.kind, rows, only, when, describe_commit(), *where, found)
