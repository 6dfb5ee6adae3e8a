"""How many archives a person may ask for in a day, and when the next one.

Counted are those that were made, are being made or wait. One that failed costs the person nothing, nor one that was
cancelled before a worker had begun it. One that was cancelled later counts, and so does one that was made and deleted:
otherwise asking and cancelling, or deleting, would lift the limit.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import ColumnElement, and_, or_, select

from app.extensions import db
from app.models import Archive, State
from app.models.columns import database_time

DAY = timedelta(days=1)


class NotYetError(Exception):
    """So many were asked for already; `next_at` is when another may be."""

    def __init__(self, next_at: datetime) -> None:
        super().__init__(f"the next archive may be asked for at {next_at.isoformat()}")
        self.next_at = next_at


@dataclass(frozen=True)
class Allowance:
    is_allowed: bool
    next_at: datetime | None
    """When another may be asked for; None: now."""
    most: int | None
    """Archives in each `per`; None: any number."""
    per: timedelta = DAY


def find_allowance(user_id: str) -> Allowance:
    """As it is now, whether or not an archive is being made."""
    most: int | None = current_app.config["ARCHIVES_PER_DAY"]
    if not most:
        return Allowance(is_allowed=True, next_at=None, most=None)
    counted = (
        Archive.user_id == user_id,
        Archive.created_at.between(database_time(-DAY.total_seconds()), database_time()),
        is_counted(),
        Archive.again_of.is_(None),
    )
    asked = db.session.scalars(select(Archive.created_at).where(*counted).order_by(Archive.created_at)).all()
    if len(asked) < most:
        return Allowance(is_allowed=True, next_at=None, most=most)
    return Allowance(is_allowed=False, next_at=asked[len(asked) - most] + DAY, most=most)


def is_counted() -> ColumnElement[bool]:
    """It was made, is being made or waits; or was cancelled when a worker had begun it.

    Its attempts do not tell: one that was set aside as large, or waits for space, has none.
    """
    was_begun = and_(Archive.state == State.CANCELLED, Archive.started_at.is_not(None))
    return or_(Archive.state.not_in((State.FAILED, State.CANCELLED)), was_begun)


def check_allowance(user_id: str) -> None:
    """Raises NotYetError."""
    allowance = find_allowance(user_id)
    if allowance.next_at is not None:
        raise NotYetError(allowance.next_at)
