"""What a run broke: each promise of the README, held against what was seen from outside. One line for each breach."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tests.chaos import mailed
from tests.chaos.browser import Page
from tests.chaos.record import Fault, Record, Row


@dataclass(frozen=True)
class Limits:
    """What is promised, in seconds."""

    page: float = 6.0
    """Within so long a page answers, whatever else is broken."""
    archive: float = 30.0
    """So long without a new fault, and every request is served."""


BUSY = Limits(page=45, archive=90)
"""On a machine with much else to do: what is lost, doubled, mixed or torn counts there as anywhere."""
LAG = 2.0
"""Seconds for which the end of a fault may still be felt: connections that it broke are met one after the other."""


def not_served(record: Record) -> list[str]:
    """Requests that were committed and did not end as one archive: lost, stuck, failed, or never downloaded whole.

    When the run was stopped, what was under way is not judged.
    """
    known = {row.id for row in record.rows}
    fetched = {download.archive_id for download in record.downloads if "not served" not in download.faults}
    lost = [f"{click}: promised by a page, and not in the database" for click in record.clicks if click not in known]
    ended = [row for row in record.rows if row.ended is not None] if record.is_stopped else record.rows
    stuck = [f"{row.id}: {row.state} after {row.attempt} attempts" for row in ended if row.state != "ready"]
    unread = [row for row in ended if row.state == "ready" and row.id not in fetched and not record.is_stopped]
    return lost + stuck + [f"{row.id}: ready, and could not be downloaded" for row in unread]


def doubled(record: Record) -> list[str]:
    """Archives that became ready twice, and people with two active archives at a time."""
    twice = [f"{row.id}: became ready {len(row.ready)} times" for row in record.rows if len(row.ready) > 1]
    overlap = [f"{later.id}: began while {earlier.id} was active" for earlier, later in _neighbours(record.rows)]
    return twice + overlap


def late(record: Record, limit: float = Limits.archive) -> list[str]:
    """Archives that took too long after they were asked for, and after the last fault that came in between."""
    quiet = {row.id: row.ready[0] - _last_trouble(row, record.faults) for row in record.rows if row.ready}
    return [
        f"{each}: ready after {seconds:.1f} s without a fault" for each, seconds in quiet.items() if seconds > limit
    ]


def _last_trouble(row: Row, faults: list[Fault]) -> float:
    return max([row.created, *(fault.ended for fault in faults if fault.ended < row.ready[0])])


def _neighbours(rows: list[Row]) -> Iterator[tuple[Row, Row]]:
    """Two requests of one person, of which the later was made before the earlier had ended."""
    for person in {row.user_id for row in rows}:
        for earlier, later in pairwise(row for row in rows if row.user_id == person):
            if earlier.ended is None or later.created < earlier.ended:
                yield earlier, later


def damaged(record: Record) -> list[str]:
    """Downloads that are torn, incomplete or hold something foreign; gaps; files that nothing vouches for."""
    files = [
        f"{each.archive_id}: {fault}" for each in record.downloads for fault in each.faults if fault != "not served"
    ]
    gaps = [f"{row.id}: {row.gaps} gaps" for row in record.rows if row.gaps]
    return files + gaps + record.files


def bad_pages(record: Record, slowest: float = Limits.page) -> list[str]:
    """Pages that took longer than this, or answered with something that no fault excuses."""
    bad = (page for page in record.pages if not _is_excused(page, record.faults, slowest))
    return [_describe(page, record.faults) for page in bad]


def _describe(page: Page, faults: list[Fault]) -> str:
    meanwhile = [
        f"{fault.kind.name} ({fault.began - page.began:+.1f} to {fault.ended - page.began:+.1f} s)"
        for fault in faults
        if _touch(page, fault)
    ]
    said = f"{page.method} {page.path}: {page.status or 'unanswered'} after {page.ended - page.began:.1f} s"
    return f"{said}; {', '.join(meanwhile) or 'no fault'}"


def _is_excused(page: Page, faults: list[Fault], slowest: float) -> bool:
    """A page may be cut off or late when its server is killed, late when it is reloaded, and say 503 when the database
    is away; nothing else."""
    excuses = {excuse for fault in faults if _touch(page, fault) for excuse in fault.kind.excuses}
    is_expected = page.status in {200, 302, 303} or (page.status == 503 and "503" in excuses)
    is_in_time = page.status != 0 and (page.ended - page.began <= slowest or "late" in excuses)
    return (is_expected and is_in_time) or ("unanswered" in excuses and (is_expected or page.status == 0))


def _touch(page: Page, fault: Fault) -> bool:
    return page.began <= fault.ended + LAG and page.ended >= fault.began


def slowest_page(record: Record) -> float:
    """Seconds; pages that waited for a web server to start do not count."""
    away = [fault for fault in record.faults if fault.kind.excuses & {"unanswered", "late"}]
    counted = [page for page in record.pages if not any(_touch(page, fault) for fault in away)]
    return max((page.ended - page.began for page in counted), default=0.0)


def waits_after(fault: Fault, rows: Sequence[Row]) -> list[float]:
    """Seconds from the end of a fault to each archive that was asked for before it and became ready after it.

    Faults follow each other faster than that; what a later one costs is part of the wait.
    """
    served = ((row.created, row.ready[0]) for row in rows if row.ready)
    return [ready - fault.ended for created, ready in served if created < fault.ended < ready]


def recovery(fault: Fault, rows: Sequence[Row]) -> float | None:
    """Seconds from the end of a fault until the site served an archive again. None: nobody wanted one any more."""
    later = [row.ready[0] for row in rows if row.ready and row.ready[0] > fault.ended]
    return min(later) - fault.ended if later else None


def count_attempts(record: Record) -> int:
    """Attempts that faults have cost."""
    return sum(max(0, row.attempt - 1) for row in record.rows)


def count_given_back(record: Record) -> int:
    """How often an archive went back to the queue, and the attempt did not count."""
    return sum(max(0, row.returns - max(0, row.attempt - 1)) for row in record.rows)


def rate(record: Record) -> float:
    """Archives a second, from the first request until the last was ready."""
    ended = [moment for row in record.rows for moment in row.ready]
    return len(ended) / (max(ended) - min(row.created for row in record.rows)) if ended else 0.0


def wasted(record: Record) -> list[str]:
    """Attempts that were lost, although each fault of the run should have given the archive back."""
    if any(fault.kind.costs_attempts for fault in record.faults):
        return []
    return [f"{row.id}: took {row.attempt} attempts" for row in record.rows if row.attempt > 1]


def breaches(record: Record, limits: Limits | None = None) -> list[str]:
    """Everything that is wrong; empty when every promise was kept."""
    limits = limits or Limits()
    errors = [f"the harness itself: {error!r}" for error in record.errors]
    return [
        *errors,
        *not_served(record),
        *doubled(record),
        *late(record, limits.archive),
        *wasted(record),
        *damaged(record),
        *bad_pages(record, limits.page),
        *mailed.breaches(record),
    ]
