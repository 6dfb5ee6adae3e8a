"""Comparisons as Markdown: seconds, how many times ours that is, the spread over the rounds, and memory."""

import statistics
from collections.abc import Iterator, Sequence

from benchmarks.catalogue import OURS_ALL, OURS_JSON
from benchmarks.measured import Measurement, Record, quantile

MB = 1_000_000
HEAD = "| way | seconds, median (least–most) | times ours (in a round) | CPU, s | memory, MB | output, MB | runs |"
DATABASES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def ratios(measurement: Measurement, base: Measurement) -> tuple[float, float, float]:
    """How many times as long as `base` within one round: the median, the least, the most."""
    rounds = [one / other for one, other in zip(measurement.seconds, base.seconds, strict=True)]
    return statistics.median(rounds), min(rounds), max(rounds)


def tell_ratio(measurement: Measurement, base: Measurement) -> str:
    middle, least, most = ratios(measurement, base)
    return f"{middle:.2f} ({least:.2f}–{most:.2f})"


def make_table(record: Record) -> str:
    """`Times ours` compares with the first of ours in the table."""
    base = record.find(OURS_JSON) or record.find(OURS_ALL)
    lines = [
        HEAD,
        "|---|---|---|---|---|---|---|",
        *(_line(each, base) for each in record.measurements),
    ]
    return "\n".join(lines)


def _line(each: Measurement, base: Measurement | None) -> str:
    if not each.seconds:
        return f"| {escape(each.way)} | {each.skipped} | | | | | 0 |"
    seconds = f"{each.median:.2f} ({min(each.seconds):.2f}–{max(each.seconds):.2f})"
    compared = tell_ratio(each, base) if base else ""
    cpu, peak, size = statistics.median(each.cpu), each.peak / MB, each.size / MB
    cells = (escape(each.way), seconds, compared, f"{cpu:.2f}", f"{peak:.0f}", f"{size:.1f}", str(len(each.seconds)))
    return f"| {' | '.join(cells)} |"


def escape(text: str) -> str:
    """For a cell."""
    return text.replace("|", "\\|")


def make_rate_table(record: Record) -> str:
    lines = ["| | archives a second, median (least–most) | memory of all, MB | runs |", "|---|---|---|---|"]
    for each in record.measurements:
        rate = f"{1 / each.median:.1f} ({1 / max(each.seconds):.1f}–{1 / min(each.seconds):.1f})"
        memory = f"{each.peak / MB:.0f}" if each.peaks else ""
        lines.append(f"| {each.way} | {rate} | {memory} | {len(each.seconds)} |")
    return "\n".join(lines)


def make_times_table(record: Record) -> str:
    lines = ["| | median | 95 of 100 within | longest |", "|---|---|---|---|"]
    for each in record.measurements:
        cells = (each.way, *(tell_time(quantile(each.seconds, part)) for part in (0.5, 0.95, 1)))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def make_step_table(record: Record) -> str:
    """What one row or one small archive costs, by step."""
    whole = record.measurements[-1].median
    lines = ["| | median (least–most) | of the whole |", "|---|---|---|"]
    for each in record.measurements:
        spread = f"{tell_time(each.median)} ({tell_time(min(each.seconds))}–{tell_time(max(each.seconds))})"
        lines.append(f"| {each.way} | {spread} | {each.median / whole:.0%} |")
    return "\n".join(lines)


def tell_time(seconds: float) -> str:
    """In the unit that needs no exponent."""
    for unit, factor in (("s", 1), ("ms", 1e3)):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"


def make_growth_table(records: Sequence[Record]) -> str:
    lines = [
        "| database | way | rows | seconds, median | time, for rows ×10 | memory, MB |",
        "|---|---|---|---|---|---|",
    ]
    return "\n".join([*lines, *_growth_lines(records)])


def _growth_lines(records: Sequence[Record]) -> Iterator[str]:
    for database, way, rows, found, before in growth(records):
        grown = f"×{found.median / before.median:.2f}" if before else ""
        yield f"| {DATABASES[database]} | {way} | {rows:,} | {found.median:.2f} | {grown} | {found.peak / MB:.0f} |"


def growth(records: Sequence[Record]) -> Iterator[tuple[str, str, int, Measurement, Measurement | None]]:
    """(database, way, rows, what was measured, what was measured with a tenth of the rows) of our ways."""
    events = [record for record in records if record.case == "events"]
    found = {
        (record.database, each.way, record.rows): each
        for record in sorted(events, key=lambda record: bool(record.only), reverse=True)
        for each in record.measurements
        if each.way.startswith("ours") and each.seconds
    }
    for (database, way, rows), each in sorted(found.items()):
        yield database, way, rows, each, found.get((database, way, rows // 10))
