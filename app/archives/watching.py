"""What a page that is watched needs to know about an archive, in one SELECT: a thousand people may ask at once.

Nothing is written here. `needs_care` says when somebody should: then the door calls `reconciling.reconcile_person`.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from flask import current_app
from sqlalchemy import ColumnElement, Select, and_, bindparam, case, exists, func, literal, or_, select
from sqlalchemy.orm import aliased

from app.archives import ledger
from app.extensions import db
from app.models import Archive, Pulse, State
from app.models.columns import database_time

RINGS_WITH_AHEAD = 50
"""With so many ahead of it, those who watch an archive need not ring for it: its turn will not come for a while."""
MOST_AHEAD = 1000
"""Nobody counts further: the answer stays cheap however many wait."""


@dataclass(frozen=True)
class Watched:
    archive: Archive
    at: datetime
    """When: the database's time, as all of an archive's times are."""
    ahead: int
    """How many requests of its kind, large or small, wait longer; at most MOST_AHEAD + 1. 0 once it has begun."""
    is_anybody_working: bool
    needs_care: bool
    """Its bell was not heard, or its worker has gone silent."""


def find_watched(user_id: str, archive_id: str) -> Watched | None:
    """Ownership is part of the query, as in `service.find_archive`."""
    settings = tuple(current_app.config[name] for name in _SETTINGS)
    given = {"archive_id": archive_id, "user_id": user_id}
    found = db.session.execute(_question(settings, MOST_AHEAD), given, execution_options=ledger.FRESH).one_or_none()
    if found is None:
        return None
    archive, at, ahead, is_anybody_working, needs_care = found
    return Watched(archive, at, ahead, bool(is_anybody_working), bool(needs_care) and ahead < RINGS_WITH_AHEAD)


_SETTINGS = ("ARCHIVE_LEASE_SECONDS", "ARCHIVE_MAX_ATTEMPTS", "ARCHIVE_RING_SECONDS", "RECONCILE_SECONDS")
"""What the question depends on, besides who asks about what."""


@cache
def _question(_settings: tuple[Any, ...], most_ahead: int) -> Select[Any]:
    """Put together once: that takes longer than the answer."""
    facts = (database_time(), _ahead(most_ahead), anybody_works(), ledger.needs_care())
    mine = (Archive.id == bindparam("archive_id"), Archive.user_id == bindparam("user_id"))
    return select(Archive, *facts).where(*mine)


def silence() -> float:
    """Seconds without a reconciliation that mean something is wrong."""
    return 4 * float(current_app.config["RECONCILE_SECONDS"])


def anybody_works() -> ColumnElement[bool]:
    """Has a worker given a sign of life: reconciled of late, or renewed the lease of any archive?"""
    pulse = select(Pulse.name).where(Pulse.at > database_time(-silence()))
    any_archive = aliased(Archive)
    renewed = and_(any_archive.state == State.RUNNING, any_archive.lease_until > database_time())
    return or_(exists(pulse), exists(select(any_archive.id).where(renewed)))


def _ahead(most: int) -> Any:
    older = aliased(Archive)
    before = older.created_at < Archive.created_at
    some = (
        select(literal(1).label("one"))
        .where(older.state == State.QUEUED, older.large == Archive.large, before)
        .limit(most + 1)
        .correlate(Archive)
        .subquery()
    )
    count = select(func.count()).select_from(some).correlate(Archive).scalar_subquery()
    return case((Archive.state == State.QUEUED, count), else_=0)
