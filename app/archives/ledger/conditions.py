"""Which rows a change may touch."""

from typing import Any

from flask import current_app
from sqlalchemy import ColumnElement, and_, not_, or_, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from app.models import Archive, State
from app.models.columns import database_time

LONGEST_LEASE = 900
"""Seconds that a lease may have whatever the setting says: another process may have been started with a longer one."""


def is_active() -> Any:
    return Archive.state.in_((State.QUEUED, State.RUNNING))


def is_too_often() -> ColumnElement[bool]:
    most: int = current_app.config["ARCHIVE_MAX_ATTEMPTS"]
    return Archive.attempt >= most


def is_free() -> ColumnElement[bool]:
    """It waits, or who had it has gone silent."""
    return or_(and_(Archive.state == State.QUEUED, is_due()), is_silent())


def is_silent() -> ColumnElement[bool]:
    return and_(Archive.state == State.RUNNING, is_over(Archive.lease_until))


def is_over(lease: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    """One that ends far beyond its length was given before the clock was put back; it would last as long again."""
    farthest = max(2 * current_app.config["ARCHIVE_LEASE_SECONDS"] + 60, LONGEST_LEASE)
    return not_(lease.between(database_time(), database_time(farthest)))


def is_silent_or_used_up() -> ColumnElement[bool]:
    used_up = and_(Archive.state == State.QUEUED, is_too_often())  # after the operator has allowed fewer attempts
    return or_(is_silent(), used_up)


def is_of_head(count: int) -> ColumnElement[bool]:
    """One of the oldest that wait. Large ones stand in a line of their own, as they do before their workers."""
    line = aliased(Archive)
    waits = (line.state == State.QUEUED, is_due(line))
    lines = (select(line.id).where(*waits, line.large.is_(large)) for large in (False, True))
    return or_(*(Archive.id.in_(each.order_by(line.created_at).limit(count)) for each in lines))


def is_unheard() -> ColumnElement[bool]:
    unheard = or_(
        and_(Archive.dispatched_at.is_(None), is_past(Archive.created_at, 2)),
        is_past(Archive.dispatched_at, current_app.config["ARCHIVE_RING_SECONDS"]),
    )
    return and_(Archive.state == State.QUEUED, is_due(), unheard)


def is_past(moment: InstrumentedAttribute[Any], seconds: float) -> ColumnElement[bool]:
    """So long ago; or in the future, since the clock was put back, and nobody knows how long ago it was."""
    return or_(moment <= database_time(-seconds), moment > database_time())


def is_due(archive: type[Archive] = Archive) -> Any:
    return or_(archive.not_before.is_(None), archive.not_before <= database_time())
