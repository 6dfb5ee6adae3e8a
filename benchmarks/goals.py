"""The figures to reach: what was measured of each, and by how much it is missed."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.catalogue import OURS_ALL, OURS_JSON, OURS_WORKER, PSQL_ZIP, SQLITE_ZIP, TUTORIAL, ZIP_0
from benchmarks.measured import Measurement, Record
from benchmarks.tables import MB, growth, ratios

MILLION = 1_000_000
SMALL_ROWS = 10_000
NOT_MEASURED = "not measured by this command"
Compared = Callable[[Measurement, Measurement], float]


@dataclass(frozen=True)
class Goal:
    figure: str
    wanted: str
    measured: str
    reached: str
    """A sentence; empty when it was not measured."""


def judge(records: Sequence[Record]) -> list[Goal]:
    """Of the records that are there; a million rows count, fewer do not."""
    return [
        *_against_peers(records),
        *_memory(records),
        *_growth(records),
        *_files(records),
        *_small(records),
        *_elsewhere(),
    ]


def _find(records: Sequence[Record], case: str, database: str | None = None) -> Iterator[Record]:
    wanted = [record for record in records if record.case == case and not record.only]
    yield from (record for record in wanted if database in {None, record.database})


def _against_peers(records: Sequence[Record]) -> Iterator[Goal]:
    for database in ("sqlite", "postgresql"):
        tool, times = (SQLITE_ZIP, 2.0) if database == "sqlite" else (PSQL_ZIP, 1.5)
        for record in _find(records, "events", database):
            if record.rows >= MILLION:
                yield _faster(record, OURS_JSON, TUTORIAL, 12)
                yield _smaller(record)
                yield _faster(record, OURS_ALL, TUTORIAL, 5)
                yield _faster(record, OURS_JSON, tool, times)


def _faster(record: Record, ours: str, peer: str, times: float) -> Goal:
    figure = f"{record.rows:,} rows, {record.database}: {ours}, against {peer}"
    wanted = f"≥ {times:g}× faster"
    one, other = record.find(ours), record.find(peer)
    if not one or not other:
        return Goal(figure, wanted, NOT_MEASURED, "")
    middle, least, most = ratios(other, one)
    return Goal(figure, wanted, f"{middle:.2f}× ({least:.2f}–{most:.2f})", tell(middle, times))


def _smaller(record: Record) -> Goal:
    figure, wanted = f"{record.rows:,} rows, {record.database}: memory of {OURS_JSON}, against {TUTORIAL}", "≤ 1/50"
    one, other = record.find(OURS_JSON), record.find(TUTORIAL)
    if not one or not other:
        return Goal(figure, wanted, NOT_MEASURED, "")
    found = other.peak / one.peak
    return Goal(figure, wanted, f"1/{found:.1f} ({one.peak / MB:.0f} of {other.peak / MB:.0f} MB)", tell(found, 50))


def tell(found: float, wanted: float) -> str:
    """Of figures that should be large."""
    return "reached" if found >= wanted else f"missed: {found / wanted:.0%} of it"


def tell_limit(found: float, limit: float) -> str:
    """Of figures that should be small."""
    return "reached" if found <= limit else f"missed: {found / limit:.2f} times the limit"


def _memory(records: Sequence[Record]) -> Iterator[Goal]:
    for database in ("sqlite", "postgresql"):
        found = {rows: each for kind, way, rows, each, _ in growth(records) if (kind, way) == (database, OURS_WORKER)}
        least, most = min(found, default=0), max(found, default=0)
        if SMALL_ROWS <= least < most:
            grown = found[most].peak / found[least].peak
            figure = f"peak memory of a worker, {least:,} → {most:,} rows, {database}"
            measured = f"{found[least].peak / MB:.0f} → {found[most].peak / MB:.0f} MB (×{grown:.2f})"
            yield Goal(f"{figure}: flat", "± 10 %", measured, tell_limit(grown, 1.1))
            yield Goal(f"{figure}: most", "≤ 120 MB", measured, tell_limit(found[most].peak / MB, 120))


def _growth(records: Sequence[Record]) -> Iterator[Goal]:
    for database, way, rows, found, before in growth(records):
        if before and rows >= MILLION and way != OURS_WORKER:
            times = found.median / before.median
            figure = f"growth, {rows // 10:,} → {rows:,} rows, {database}, {way}"
            yield Goal(figure, "time ×10 (± 15 %)", f"×{times:.2f}", tell_limit(times, 11.5))


def _files(records: Sequence[Record]) -> Iterator[Goal]:
    for record in [*_find(records, "large file"), *_find(records, "pictures")]:
        one, other = record.find(OURS_ALL), record.find(ZIP_0)
        if one and other:
            middle, least, most = ratios(one, other)
            figure = f"{record.case}: {record.note} Against {ZIP_0}"
            yield Goal(figure, "≤ 1.3×", f"{middle:.2f}× ({least:.2f}–{most:.2f})", tell_limit(middle, 1.3))


def _small(records: Sequence[Record]) -> Iterator[Goal]:
    for record in _find(records, "small"):
        for each in record.measurements[-1:]:
            figure = f"archives of {record.rows} rows, 3 formats, verified, synced; {each.way}"
            yield Goal(figure, "≥ 30 a second", f"{1 / each.median:.1f}", tell(1 / each.median, 30))


def _elsewhere() -> Iterator[Goal]:
    yield Goal("from click to ready, idle", "< 150 ms", NOT_MEASURED, "")
    yield Goal("two workers, one person's archive on PostgreSQL", "≥ 1.6× one worker", NOT_MEASURED, "")
    yield Goal("1,000 people watching", "ordinary pages p95 < 50 ms", NOT_MEASURED, "")
