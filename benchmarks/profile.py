"""Where the time goes: what each step of the engine costs for one row, and each phase for one small archive.

The steps run one after the other in one thread, on the batches that the engine itself reads; in an archive the press
works beside the reader, so that the whole is less than the sum. `make bench CASE=profile`.
"""

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import sqlalchemy as sa

from app import disk
from app.engine.graph import Graph, build_graph
from app.engine.package.packing import Packing
from app.engine.package.zip_writer import DEFLATED
from app.engine.plan import PlannedTable, plan_tables
from app.engine.report import Report
from app.engine.rows import MOST_ROWS, Pseudonyms, read_rows
from app.engine.shape import Edition, Row
from app.engine.snapshot import open_snapshot
from app.engine.writers.to_csv import CsvWriter
from app.engine.writers.to_json import JsonWriter
from benchmarks.archives import REFERENCE, SITE, SUBJECT, build, connect
from benchmarks.databases import Database
from benchmarks.measured import Measurement
from benchmarks.shapes import CASES, PERSON, make_schema

FETCH, CONVERT = "fetch: database, driver, SQLAlchemy", "convert"
JSON, CSV, REPORT = "JSON", "CSV", "report: chunks, and what its pages tell"
PRESS = "press: SHA-256, CRC, deflate, write"
STEPS = (FETCH, CONVERT, JSON, CSV, REPORT, PRESS)
READING, PACKING, CHECKING = (
    "reading, and writing rows, in two threads",
    "packing: pages, manifests, signature",
    "verifying",
)
OPENING, SYNCING = "opening: snapshot, plan, counting", "syncing, renaming"
WHOLE = "the whole archive"
WARM = 3


def profile_rows(database: Database, folder: Path, rows: int, *, runs: int) -> list[Measurement]:
    """Seconds of one row of `events`, of every step and then of the phases of a whole archive."""
    with _prepared(database) as (engine, graph):
        taken = [{**take_steps(engine, graph, folder), **take_phases(engine, graph, folder)} for _ in range(runs)]
    return _collect(taken, rows)


def profile_small(database: Database, folder: Path, *, runs: int) -> list[Measurement]:
    """Seconds of the phases of one small archive in a warm process."""
    with _prepared(database) as (engine, graph):
        taken = [take_phases(engine, graph, folder) for _ in range(WARM + runs)]
    return _collect(taken[WARM:], 1)


@contextmanager
def _prepared(database: Database) -> Iterator[tuple[sa.Engine, Graph]]:
    engine = connect(database.url)
    try:
        yield engine, build_graph(make_schema(CASES["events"]))
    finally:
        engine.dispose()


def _collect(taken: Sequence[Mapping[str, float]], share: int) -> list[Measurement]:
    return [Measurement(name, [round(each[name] / share, 10) for each in taken]) for name in taken[0]]


class Stopwatch:
    """Adds up what each step takes."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(STEPS, 0.0)

    @contextmanager
    def time(self, step: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds[step] += time.perf_counter() - began


def take_steps(engine: sa.Engine, graph: Graph, folder: Path) -> dict[str, float]:
    """Seconds of each step for all rows."""
    watch = Stopwatch()
    with open_snapshot(engine) as (connection, moment), tempfile.TemporaryFile(dir=folder) as place:
        [planned] = [each for each in plan_tables(graph, str(PERSON)) if each.shape.name == "event"]
        with watch.time(FETCH):
            _fetch(connection, planned)
        output = _Output(planned, Edition(SITE, REFERENCE, moment, SUBJECT), place, watch)
        batches = read_rows(connection, planned, Pseudonyms())
        with watch.time(CONVERT):
            batch = next(batches, None)
        while batch:
            output.write(batch)
            with watch.time(CONVERT):
                batch = next(batches, None)
        output.close()
    watch.seconds[CONVERT] -= watch.seconds[FETCH]
    return watch.seconds


def _fetch(connection: sa.Connection, planned: PlannedTable) -> None:
    """As `read_rows` does, and nothing is done with the rows."""
    options = {"stream_results": True, "max_row_buffer": 1}
    with connection.execute(planned.select, planned.given, execution_options=options) as result:
        while result.fetchmany(MOST_ROWS):
            pass


class _Output:
    """What the engine does with a batch, one step after the other."""

    def __init__(self, planned: PlannedTable, edition: Edition, place: BinaryIO, watch: Stopwatch) -> None:
        self._place, self._watch = place, watch
        encoders = {JSON: JsonWriter(planned.shape).encode, CSV: CsvWriter(planned.shape).encode}
        self._tables = [(step, encode, Packing(place, DEFLATED)) for step, encode in encoders.items()]
        self._chunks: list[bytes] = []
        self._shown = Report(edition, lambda _name, chunk: self._chunks.append(chunk)).table(planned.shape)

    def write(self, rows: list[Row]) -> None:
        for step, encode, packing in self._tables:
            with self._watch.time(step):
                content = encode(rows)
            with self._watch.time(PRESS):
                packing.write(content)
        with self._watch.time(REPORT):
            self._shown.write(rows)
        self._pack_chunks()

    def close(self) -> None:
        with self._watch.time(REPORT):
            self._shown.flush()
        self._pack_chunks()
        with self._watch.time(PRESS):
            for _, _, packing in self._tables:
                packing.finish()

    def _pack_chunks(self) -> None:
        with self._watch.time(PRESS):
            for chunk in self._chunks:
                packing = Packing(self._place, DEFLATED)
                packing.write(chunk)
                packing.finish()
        self._chunks.clear()


def take_phases(engine: sa.Engine, graph: Graph, folder: Path) -> dict[str, float]:
    """Seconds of each phase of an archive with all formats, and of the whole."""
    phases = _Phases()
    with tempfile.TemporaryDirectory(dir=folder) as workspace:
        [file] = build(engine, graph, Path(workspace), tell=phases.tell)
        phases.begin(SYNCING)
        target = folder / "archive.zip"
        disk.sync(file)
        file.replace(target)
        disk.sync(folder)
        phases.end()
    target.unlink()
    return phases.seconds


class _Phases:
    """Told by the engine how far it is, notes how long each phase took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._phase, self._began = OPENING, time.perf_counter()
        self._start = self._began

    def tell(self, step: str, _done: int) -> None:
        self.begin({"packing": PACKING, "checking": CHECKING}.get(step, READING))

    def begin(self, phase: str) -> None:
        if phase != self._phase:
            self._close(phase)

    def end(self) -> None:
        self._close("")
        self.seconds[WHOLE] = self._began - self._start

    def _close(self, phase: str) -> None:
        now = time.perf_counter()
        self.seconds[self._phase] = now - self._began
        self._phase, self._began = phase, now
