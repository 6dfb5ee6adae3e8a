"""The figures to reach: for each a section with what was measured, and by how much it is missed."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks import reasons
from benchmarks.catalogue import OURS_ALL, OURS_JSON, OURS_WORKER, PSQL_ZIP, SQLITE_ZIP, TUTORIAL, ZIP_0
from benchmarks.measured import Measurement, Record, quantile
from benchmarks.profile import CHECKING, WHOLE
from benchmarks.tables import DATABASES, MB, growth, ratios, tell_ratio

MILLION = 1_000_000
SMALL_ROWS = 10_000
STATUS, ORDINARY = "the status route", "ordinary pages"
"""What is asked for while 1,000 people watch."""
Records = Sequence[Record]


@dataclass(frozen=True)
class Finding:
    """One line below a figure."""

    what: str
    goal: str
    measured: str
    reached: str

    @property
    def is_missed(self) -> bool:
        return self.reached.startswith("missed")


@dataclass(frozen=True)
class Figure:
    title: str
    find: Callable[[Records], Iterator[Finding]]
    why: str
    """What is left, if it is missed: the reason, and which table below shows it."""
    command: str = "make bench"
    """That measures it."""


def tell(found: float, wanted: float) -> str:
    """Of figures that should be large."""
    return "reached" if found >= wanted else f"missed: {found / wanted:.0%} of the goal"


def tell_limit(found: float, limit: float) -> str:
    """Of figures that should be small."""
    return "reached" if found <= limit else f"missed: {found / limit:.2f} times the goal"


def tell_near(found: float, wanted: float, within: float) -> str:
    """Of figures that should be neither smaller nor larger by more than `within`, a part of them."""
    return "reached" if abs(found / wanted - 1) <= within else f"missed: {found / wanted:.2f} times the goal"


def _millions(records: Records) -> Iterator[Record]:
    """Fewer rows than a million prove nothing."""
    yield from (each for each in records if each.case == "events" and not each.only and each.rows >= MILLION)


def _faster(ours: str, peer: str, times: float) -> Callable[[Records], Iterator[Finding]]:
    def find(records: Records) -> Iterator[Finding]:
        for record in _millions(records):
            one, other = record.find(ours), record.find(peer)
            if one and other:
                verdict = tell(ratios(other, one)[0], times)
                yield Finding(_name(record), f"≥ {times:g}× faster", tell_ratio(other, one), verdict)

    return find


def _name(record: Record) -> str:
    return f"{DATABASES[record.database]}, {record.rows:,} rows"


def _smaller(records: Records) -> Iterator[Finding]:
    for record in _millions(records):
        one, other = record.find(OURS_JSON), record.find(TUTORIAL)
        if one and other:
            times = other.peak / one.peak
            measured = f"1/{times:.1f} ({one.peak / MB:.0f} of {other.peak / MB:.0f} MB)"
            yield Finding(_name(record), "≤ 1/50 of its memory", measured, tell(times, 50))


def _against_tutorial(records: Records) -> Iterator[Finding]:
    yield from _faster(OURS_JSON, TUTORIAL, 12)(records)
    yield from _smaller(records)


def _memory(records: Records) -> Iterator[Finding]:
    for database, name in DATABASES.items():
        found = {rows: each for kind, way, rows, each, _ in growth(records) if (kind, way) == (database, OURS_WORKER)}
        least, most = min(found, default=0), max(found, default=0)
        if SMALL_ROWS <= least < most:
            grown, peak = found[most].peak / found[least].peak, found[most].peak / MB
            what = f"{name}, {least:,} → {most:,} rows"
            measured = f"{found[least].peak / MB:.0f} → {peak:.0f} MB (×{grown:.2f})"
            yield Finding(what, "flat (± 10 %)", measured, tell_near(grown, 1, 0.1))
            yield Finding(what, "≤ 120 MB", measured, tell_limit(peak, 120))


def _growth(records: Records) -> Iterator[Finding]:
    for database, way, rows, found, before in growth(records):
        if before and rows >= MILLION:
            times = found.median / before.median
            what = f"{DATABASES[database]}, {way}, {rows // 10:,} → {rows:,} rows"
            yield Finding(what, "×10 (± 15 %)", f"×{times:.2f}", tell_near(times, 10, 0.15))


def _files(records: Records) -> Iterator[Finding]:
    for record in records:
        one, other = record.find(OURS_ALL), record.find(ZIP_0)
        if one and other:
            yield Finding(record.case, "≤ 1.3×", tell_ratio(one, other), tell_limit(ratios(one, other)[0], 1.3))


def _small(records: Records) -> Iterator[Finding]:
    for record in _of("small", records):
        for each in record.measurements[-1:]:
            yield _rate("The engine alone", each)
    for record in _of("crowd", records):
        for each in record.measurements:
            yield _rate(f"The whole way, {DATABASES[record.database]}", each)


def _rate(what: str, each: Measurement) -> Finding:
    rate = 1 / each.median
    return Finding(f"{what}, {each.way}", "≥ 30 a second", f"{rate:.1f} a second", tell(rate, 30))


def _click(records: Records) -> Iterator[Finding]:
    for record in _of("click", records):
        seconds = record.measurements[0].seconds
        middle, most = (1000 * quantile(seconds, part) for part in (0.5, 0.95))
        measured = f"{middle:.0f} ms, and 95 of 100 within {most:.0f} ms ({len(seconds)} clicks)"
        yield Finding(f"{DATABASES[record.database]}, median", "< 150 ms", measured, tell_limit(middle, 150))


def _watching(records: Records) -> Iterator[Finding]:
    for record in _of("watching", records):
        for each in record.measurements:
            found = 1000 * quantile(each.seconds, 0.95)
            goal, verdict = ("< 50 ms", tell_limit(found, 50)) if each.way == ORDINARY else ("", "")
            yield Finding(f"95 of 100 requests of {each.way}", goal, f"{found:.0f} ms", verdict)


def _pieces(records: Records) -> Iterator[Finding]:
    for record in _of("pieces", records):
        one, two = record.find("one worker"), record.find("two workers")
        if one and two:
            yield Finding(_name(record), "≥ 1.6× faster", tell_ratio(one, two), tell(ratios(one, two)[0], 1.6))


def _checking(records: Records) -> Iterator[Finding]:
    for record in _of("profile", records):
        checking, whole = record.find(CHECKING), record.find(WHOLE)
        if checking and whole:
            middle, least, most = ratios(checking, whole)
            verdict = tell_limit(middle, 0.25)
            yield Finding(_name(record), "< 25 %", f"{middle:.0%} ({least:.0%}–{most:.0%})", verdict)


def _of(case: str, records: Records) -> Iterator[Record]:
    yield from (record for record in records if record.case == case)


FIGURES = (
    Figure("A million rows, JSON only, against the tutorial", _against_tutorial, reasons.ROWS),
    Figure(
        "A million rows, JSON, CSV, report, checksums and verification, against the tutorial's JSON",
        _faster(OURS_ALL, TUTORIAL, 5),
        f"{reasons.ROWS} {reasons.CHECK}",
    ),
    Figure(
        "A million rows, JSON only, against `sqlite3 -json` piped to `zip`",
        _faster(OURS_JSON, SQLITE_ZIP, 2),
        reasons.ROWS,
    ),
    Figure(
        "A million rows, JSON only, against `psql \\copy` piped to `zip`",
        _faster(OURS_JSON, PSQL_ZIP, 1.5),
        f"{reasons.SERVER} {reasons.ROWS}",
    ),
    Figure("Peak memory of a worker, 10 thousand to 10 million rows", _memory, reasons.MEMORY),
    Figure("Two workers for one person's archive on PostgreSQL, against one", _pieces, reasons.PIECES),
    Figure("The check of the finished archive, as a share of the whole", _checking, reasons.SHARE),
    Figure("Small accounts: 100 rows, 3 formats, verified", _small, reasons.SMALL),
    Figure("From click to ready", _click, reasons.CLICK),
    Figure("A 5 GB picture and 100,000 pictures, against `zip -0`", _files, reasons.FILES),
    Figure("1,000 people watching", _watching, reasons.WATCHING, "make bench-watching"),
    Figure("Growth: rows ×10", _growth, reasons.GROWTH),
)
