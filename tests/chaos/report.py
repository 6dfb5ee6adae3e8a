"""The table that a run ends with."""

from collections import Counter
from collections.abc import Iterator

from tests.chaos import judge
from tests.chaos.run import Record

_SHOWN = 30


def render(record: Record) -> str:
    return "\n".join([*_faults(record), "", *_figures(record), "", *_verdict(record)])


def _faults(record: Record) -> Iterator[str]:
    for name, count in sorted(Counter(fault.kind.name for fault in record.faults).items()):
        yield f"{name:<40}{count:>6}"
    kinds = len({fault.kind.name for fault in record.faults})
    yield f"{f'faults of {kinds} kinds':<40}{len(record.faults):>6}"


def _figures(record: Record) -> Iterator[str]:
    downloads = [fault for download in record.downloads for fault in download.faults]
    figures = {
        "requests": len(record.rows),
        "archives": sum(len(row.ready) for row in record.rows),
        "attempts that faults cost": judge.count_attempts(record),
        "not served": len(judge.not_served(record)),
        "doubled": len(judge.doubled(record)),
        "foreign": downloads.count("foreign"),
        "torn or incomplete": len(judge.damaged(record)) - downloads.count("foreign"),
        "pages": len(record.pages),
        "bad pages": len(judge.bad_pages(record)),
    }
    for name, count in figures.items():
        yield f"{name:<40}{count:>6}"
    yield f"{'recovered: p50, p99, max':<40}{_recovery(record):>26}"
    yield f"{'slowest page':<40}{judge.slowest_page(record):>6.1f} s"
    yield f"{'the whole run':<40}{record.seconds:>6.0f} s"


def _recovery(record: Record) -> str:
    times = judge.recoveries(record)
    if not times:
        return "-"
    p50, p99 = times[len(times) // 2], times[min(len(times) - 1, len(times) * 99 // 100)]
    return f"{p50:.1f} s, {p99:.1f} s, {times[-1]:.1f} s"


def _verdict(record: Record) -> Iterator[str]:
    found = judge.breaches(record)
    settings = "the tutorial's settings" if record.control else "Satchel's settings"
    yield f"{settings}, seed {record.seed}: {f'{len(found)} breaches' if found else 'every promise was kept'}"
    yield from found[:_SHOWN]
    if len(found) > _SHOWN:
        yield f"… and {len(found) - _SHOWN} more"
