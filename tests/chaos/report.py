"""The table that a run ends with."""

from collections.abc import Iterator, Sequence

from tests.chaos import judge, mailed
from tests.chaos.record import Fault, Record

_SHOWN = 30


def render(record: Record, limits: judge.Limits | None = None) -> str:
    limits = limits or judge.Limits()
    faults = _faults(record) if record.faults else []
    return "\n".join([*faults, *_figures(record, limits), "", *_verdict(record, limits)])


def _faults(record: Record) -> Iterator[str]:
    names = sorted({fault.kind.name for fault in record.faults})
    yield f"{'':<40}{'faults':>6}{'served: p50, p99, max':>30}{'recovered: p50, p99, max':>30}"
    for name in names:
        yield _line(name, [fault for fault in record.faults if fault.kind.name == name], record)
    yield _line(f"all {len(names)} kinds", record.faults, record)
    yield ""


def _line(name: str, faults: Sequence[Fault], record: Record) -> str:
    waits = [wait for fault in faults for wait in judge.waits_after(fault, record.rows)]
    recovered = [seconds for fault in faults if (seconds := judge.recovery(fault, record.rows)) is not None]
    return f"{name:<40}{len(faults):>6}{_spread(waits):>30}{_spread(recovered):>30}"


def _figures(record: Record, limits: judge.Limits) -> Iterator[str]:
    downloads = [fault for download in record.downloads for fault in download.faults]
    figures = {
        "requests": len(record.rows),
        "archives": sum(len(row.ready) for row in record.rows),
        "attempts that faults cost": judge.count_attempts(record),
        "given back, at no attempt's cost": judge.count_given_back(record),
        "not served": len(judge.not_served(record)),
        "doubled": len(judge.doubled(record)),
        "late": len(judge.late(record, limits.archive)),
        "foreign": downloads.count("foreign"),
        "torn, incomplete or left behind": len(judge.damaged(record)) - downloads.count("foreign"),
        "pages": len(record.pages),
        "bad pages": len(judge.bad_pages(record, limits.page)),
        **(_mails(record) if record.mails is not None else {}),
    }
    for name, count in figures.items():
        yield f"{name:<40}{count:>6}"
    if not record.faults:
        yield f"{'archives a second':<40}{judge.rate(record):>6.1f}"
    yield f"{'slowest page':<40}{judge.slowest_page(record):>6.1f} s"
    yield f"{'the whole run':<40}{record.seconds:>6.0f} s"


def _mails(record: Record) -> dict[str, int]:
    return {
        "mails written": len(record.mails or ()),
        "not written, or not sent": len(mailed.unwritten(record)) + len(mailed.unsent(record)),
        "sent again, beside a fault": len(record.taken) - len({each.mail_id for each in record.taken}),
        "sent again without one, or to others": len(mailed.repeated(record)) + len(mailed.foreign(record)),
    }


def _spread(times: list[float]) -> str:
    if not times:
        return "-"
    ordered = sorted(times)
    p50, p99 = ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]
    return f"{p50:.1f} s, {p99:.1f} s, {ordered[-1]:.1f} s"


def _verdict(record: Record, limits: judge.Limits) -> Iterator[str]:
    found = judge.breaches(record, limits)
    settings = "the tutorial's settings" if record.control else "Satchel's settings"
    if record.is_stopped:
        yield f"stopped after {len(record.faults)} faults; what was under way is not judged"
    yield f"{settings}, seed {record.seed}: {f'{len(found)} breaches' if found else 'every promise was kept'}"
    yield from found[:_SHOWN]
    if len(found) > _SHOWN:
        yield f"… and {len(found) - _SHOWN} more"
