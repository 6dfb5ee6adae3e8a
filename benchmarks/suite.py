"""One run of the benchmark: which cases, in what order, on which database; hands on each comparison as it is made."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks.catalogue import ENOUGH, WAYS, Target, Way
from benchmarks.clicks import ROWS, measure_clicks, measure_crowd
from benchmarks.compare import Check, compare
from benchmarks.content import Expected
from benchmarks.databases import Database, filled_postgres, filled_sqlite, start_postgres
from benchmarks.measured import Measurement, Record
from benchmarks.media import PICTURE, check_files, make_files, name_files, name_media
from benchmarks.pieces import measure_pieces
from benchmarks.profile import profile_rows, profile_small
from benchmarks.readback import check_rows
from benchmarks.records import make_record
from benchmarks.settings import Settings
from benchmarks.shapes import CASES, Case, rows_of
from benchmarks.small import measure_small

GROWTH = (10_000, 100_000, 1_000_000)
"""Rows of `events` that are measured too, as far as they are fewer than those asked for."""
SMALL = 100
"""Rows of a small account."""
PROFILED = 100_000
"""Rows that are enough to say what one of them costs."""


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
            for kind in self.settings.databases:
                yield from self._profile(kind)
                yield from self._site(kind)
            if "postgresql" in self.settings.databases:
                yield from self._pieces()

    def _tables(self, kind: str) -> Iterator[Record]:
        if self.settings.wants("events"):
            # Whoever asks for some ways only has the other sizes measured already, in more runs.
            for rows in () if self.settings.only else GROWTH:
                if rows < self.settings.rows:
                    yield self._compare(kind, CASES["events"], rows, "")
        for case in CASES.values():
            if self.settings.wants(case.name):
                yield self._compare(kind, case, rows_of(case, self.settings.rows), self.settings.only)

    def _compare(self, kind: str, case: Case, rows: int, only: str) -> Record:
        with self._filled(kind, case, rows) as (database, expected):
            check = partial(check_rows, expected=expected)
            return self._record(self._target(database, case.name), check, rows * len(case.tables), only)

    def _filled(self, kind: str, case: Case, rows: int) -> AbstractContextManager[tuple[Database, Expected]]:
        return filled_sqlite(case, rows, self.folder) if kind == "sqlite" else filled_postgres(case, rows, self.server)

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
            with self._filled("sqlite", CASES["events"], SMALL) as (database, _):
                yield self._make("small", "sqlite", SMALL, measure_small(database, self.folder, self.settings))

    def _profile(self, kind: str) -> Iterator[Record]:
        if self.settings.wants("profile"):
            runs, rows = self.settings.runs, min(self.settings.rows, PROFILED)
            with self._filled(kind, CASES["events"], rows) as (database, _):
                yield self._make("profile", kind, rows, profile_rows(database, self.folder, rows, runs=runs))
            with self._filled(kind, CASES["events"], SMALL) as (database, _):
                yield self._make("profile, small", kind, SMALL, profile_small(database, self.folder, runs=5 * runs))

    def _site(self, kind: str) -> Iterator[Record]:
        """The whole site, on a database of its own."""
        if self.settings.wants("click"):
            with tempfile.TemporaryDirectory(dir=self.folder) as folder:
                yield self._make("click", kind, ROWS, measure_clicks(kind, Path(folder), self.settings.clicks))
        if self.settings.wants("crowd"):
            with tempfile.TemporaryDirectory(dir=self.folder) as folder:
                found = measure_crowd(kind, Path(folder), self.settings.people, runs=self.settings.runs)
                yield self._make("crowd", kind, ROWS, found)

    def _pieces(self) -> Iterator[Record]:
        if self.settings.wants("pieces"):
            rows, runs = self.settings.rows, self.settings.runs
            yield self._make("pieces", "postgresql", rows, measure_pieces(rows, self.server, self.folder, runs=runs))

    def _target(self, database: Database, case: str) -> Target:
        return Target(database, case, self.folder / "out", self.programs)

    def _record(self, target: Target, check: Check, rows: int, only: str) -> Record:
        ways = [way for way in WAYS if way.fits(target) and _is_wanted(way, rows, only)]
        found = compare(ways, target, check, runs=self.settings.runs)
        return self._make(target.name, target.database.kind, rows, found, only)

    def _make(self, case: str, kind: str, rows: int, found: list[Measurement], only: str = "") -> Record:
        return make_record(case, kind, rows, found, programs=self.programs, only=only)


def _is_wanted(way: Way, rows: int, only: str) -> bool:
    return only in way.name if only else way.is_named or rows <= ENOUGH
