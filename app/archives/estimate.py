"""How large an archive will be and how long it will take, told from those that were made before.

Rows and files are counted as they are now. What a row takes is told by the person's own last archive, and otherwise by
those that this site made last. The space check before each attempt asks here too.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, bindparam, select, union_all

from app.archives import room
from app.engine.census import Amount, count_amount
from app.engine.choices import Choices, from_document
from app.engine.shape import REPORT
from app.extensions import db
from app.models import Archive, State, User
from app.sources import graph

LATEST = 50
"""So many of the archives that were made last, by the site and for the person, are looked at."""
NEAREST = 9
"""So many of them, those that are nearest in size, tell how long one takes."""
BARE_SIZE = 10_000
"""Bytes of an archive of hardly any rows, as measured: what describes it, and its checksums."""
REPORT_SIZE = 57_000
"""And of the report's pages, scripts and styles: 56,000 were measured in English, 59,500 in Vietnamese."""
ROW_SIZE = 250
"""Bytes of a row, before any archive was made here."""
BARE_ROWS = 500
"""So many rows take as long as everything else about an archive: 35 ms were measured, and 70 µs for a row."""
ROW_BYTES = 10_000
"""So many bytes of files take as long as a row."""


@dataclass(frozen=True)
class Estimate:
    rows: int
    size: int
    """Bytes of the finished archive, all its files together."""
    seconds: float | None
    """From its beginning, without the wait in the queue; None: no archive has been made here yet."""
    fits: bool
    """There is room for it now, as far as this machine can see."""


@dataclass(frozen=True)
class Run:
    """An archive that became ready."""

    user_id: str
    rows: int
    size: int
    media_size: int
    seconds: float
    formats: tuple[str, ...]

    @property
    def row_size(self) -> float:
        """Few rows say little of what others will take: they are moved towards what is usual."""
        known = max(0, self.size - self.media_size - _bare_size(self.formats))
        return (known + BARE_ROWS * ROW_SIZE) / (self.rows + BARE_ROWS)

    @property
    def work(self) -> float:
        return _weigh(self.rows, self.media_size)


def estimate(user_id: str, choices: Choices, whole: Amount | None = None) -> Estimate:
    """Of an archive that would be made now. Raises LookupError when the person is gone.

    `whole`: what an archive of everything would hold, from whoever has just counted it.
    """
    person = db.session.get(User, user_id)
    if person is None:
        raise LookupError(user_id)
    if whole is None or choices.limits_rows:
        amount = count_amount(db.session.connection(), graph(), person.id, choices, person.time_zone)
    else:
        amount = whole if choices.files else replace(whole, file_bytes=0)
    runs = _list_runs(person.id, choices)
    size = _size(amount, person.id, choices, runs)
    return Estimate(amount.rows, size, _seconds(amount, runs), room.fits(size))


def expect_size(user_id: str, choices: Choices) -> Callable[[Amount], int]:
    """Tells the bytes of the finished archive, once somebody has counted what goes into it."""
    runs = _list_runs(user_id, choices)
    return lambda amount: _size(amount, user_id, choices, runs)


def _size(amount: Amount, user_id: str, choices: Choices, runs: Sequence[Run]) -> int:
    own = [run.row_size for run in runs if run.user_id == user_id][:1]
    # Two that are as usual count along: one odd archive, of the first person who asked, must not speak for all.
    row_size = median(own or [ROW_SIZE, ROW_SIZE, *(run.row_size for run in runs)])
    return _bare_size(choices.written) + round(amount.rows * row_size) + amount.file_bytes


def _bare_size(formats: Sequence[str]) -> int:
    return BARE_SIZE + REPORT_SIZE * (REPORT in formats)


def _seconds(amount: Amount, runs: Sequence[Run]) -> float | None:
    if not runs:
        return None
    work = _weigh(amount.rows, amount.file_bytes)
    nearest = sorted(runs, key=lambda run: abs(math.log(run.work / work)))[:NEAREST]
    return work * median(run.seconds / run.work for run in nearest)


def _weigh(rows: int, media_size: int) -> float:
    """The work of an archive, in rows."""
    return BARE_ROWS + rows + media_size / ROW_BYTES


def _list_runs(user_id: str, choices: Choices) -> list[Run]:
    """The latest first; those in the same formats, if there are any."""
    found = {row.id: row for row in db.session.execute(_LATEST_RUNS, {"person": user_id})}
    runs = [_read(row) for row in sorted(found.values(), key=lambda row: row.created_at, reverse=True)]
    return [run for run in runs if run.formats == choices.written] or runs


def _ask_runs(whose: ColumnElement[bool]) -> Select[Any]:
    """What earlier versions made is passed over: nobody knows how much of it are files."""
    columns = (
        Archive.id,
        Archive.user_id,
        Archive.created_at,
        Archive.started_at,
        Archive.finished_at,
        Archive.row_count,
        Archive.size,
        Archive.media_size,
        Archive.chosen,
    )
    made = (Archive.state.in_((State.READY, State.EXPIRED)), Archive.media_size.is_not(None))
    latest = select(*columns).where(whose, *made).order_by(Archive.created_at.desc()).limit(LATEST)
    return select(latest.subquery())


# Each way to look goes along an index. Asked at each attempt, so it is put together once, and no objects are made.
_LATEST_RUNS = union_all(
    _ask_runs(Archive.state == State.READY),
    _ask_runs(Archive.state == State.EXPIRED),
    _ask_runs(Archive.user_id == bindparam("person")),
)


def _read(row: Row[Any]) -> Run:
    begun, ended = row.started_at or row.created_at, row.finished_at or row.created_at
    return Run(
        row.user_id,
        row.row_count or 0,
        row.size or 0,
        row.media_size,
        max(0.0, (ended - begun).total_seconds()),
        from_document(row.chosen, None).written,
    )
