"""How large an archive will be and how long it will take, told from those that were made before.

Rows and files are counted as they are now. What a row takes is told by the person's own last archive, and otherwise by
those that this site made last. The space check before each attempt asks here too.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from sqlalchemy import select

from app.archives import room
from app.archives.sources import graph
from app.engine.census import Amount, count_amount
from app.engine.choices import Choices
from app.extensions import db
from app.models import Archive, State, User

LATEST = 50
"""So many of the archives that were made last are looked at."""
NEAREST = 9
"""So many of them, those that are nearest in size, tell how long one takes."""
BARE_SIZE = 100_000
"""Bytes of an archive without rows: the report's pages, scripts and styles."""
ROW_SIZE = 250
"""Bytes of a row, before any archive was made here."""
BARE_ROWS = 500
"""So many rows take as long as everything else about an archive."""
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
    """There is room for it now."""


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
        known = max(0, self.size - self.media_size - BARE_SIZE)
        return (known + BARE_ROWS * ROW_SIZE) / (self.rows + BARE_ROWS)

    @property
    def work(self) -> float:
        return _weigh(self.rows, self.media_size)


def estimate(user_id: str, choices: Choices) -> Estimate:
    """Of an archive that would be made now. Raises LookupError when the person is gone."""
    person = db.session.get(User, user_id)
    if person is None:
        raise LookupError(user_id)
    amount, runs = _count(person, choices), _list_runs(choices)
    size = _size(amount, person.id, runs)
    return Estimate(amount.rows, size, _seconds(amount, runs), room.fits(size))


def estimate_size(person: User, choices: Choices) -> int:
    """Bytes of the finished archive."""
    return _size(_count(person, choices), person.id, _list_runs(choices))


def _count(person: User, choices: Choices) -> Amount:
    return count_amount(db.session.connection(), graph(), person.id, choices, person.time_zone)


def _size(amount: Amount, user_id: str, runs: Sequence[Run]) -> int:
    own = [run for run in runs if run.user_id == user_id][:1]
    row_size = median(run.row_size for run in own or runs) if runs else ROW_SIZE
    return BARE_SIZE + round(amount.rows * row_size) + amount.file_bytes


def _seconds(amount: Amount, runs: Sequence[Run]) -> float | None:
    if not runs:
        return None
    work = _weigh(amount.rows, amount.file_bytes)
    nearest = sorted(runs, key=lambda run: abs(math.log(run.work / work)))[:NEAREST]
    return work * median(run.seconds / run.work for run in nearest)


def _weigh(rows: int, media_size: int) -> float:
    """The work of an archive, in rows."""
    return BARE_ROWS + rows + media_size / ROW_BYTES


def _list_runs(choices: Choices) -> list[Run]:
    """The latest first; those in the same formats, if there are any."""
    made = (Archive.state.in_((State.READY, State.EXPIRED)), Archive.row_count.is_not(None))
    latest = select(Archive).where(*made).order_by(Archive.finished_at.desc()).limit(LATEST)
    runs = [_read(archive) for archive in db.session.scalars(latest)]
    return [run for run in runs if run.formats == choices.written] or runs


def _read(archive: Archive) -> Run:
    begun, ended = archive.started_at or archive.created_at, archive.finished_at or archive.created_at
    return Run(
        archive.user_id,
        archive.row_count or 0,
        archive.size or 0,
        archive.media_size or 0,
        max(0.0, (ended - begun).total_seconds()),
        archive.choices.written,
    )
