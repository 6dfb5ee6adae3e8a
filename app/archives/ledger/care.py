"""Nobody waits for ever: whose worker has gone silent is queued again, and whose bell nobody heard is rung for."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, case, or_, update

from app import audit, outbox
from app.archives.ledger.conditions import is_of_head, is_silent_or_used_up, is_too_often, is_unheard
from app.archives.ledger.writing import FRESH, NO_LEASE
from app.audit import SYSTEM, Event
from app.extensions import db
from app.models import Archive, Cause, MailKind, State, What
from app.models.columns import database_time

HEAD_OF_LINE = 500
"""So many of those that wait are rung for; the rest has time. In Redis, an hour's unheard bells of 100,000 people
would take 12 GiB."""


def recover_silent(user_id: str | None) -> Sequence[Archive]:
    """Archives whose worker has gone silent go back to the queue, or have failed after too many attempts.

    Returns them.
    """
    too_often = is_too_often()
    db.session.commit()
    changed = db.session.scalars(
        update(Archive)
        .where(is_silent_or_used_up(), *([] if user_id is None else [Archive.user_id == user_id]))
        .values(
            state=case((too_often, State.FAILED), else_=State.QUEUED),
            finished_at=case((too_often, database_time())),
            error=case((too_often, Cause.INTERRUPTED), else_=Archive.error),
            dispatched_at=None,
            **NO_LEASE,
        )
        .returning(Archive),
        execution_options={**FRESH, "synchronize_session": False},
    ).all()
    tell_failed([archive for archive in changed if archive.state == State.FAILED])
    db.session.commit()
    return changed


def tell_failed(archives: Sequence[Archive], error: str | None = None) -> None:
    """`error`: what the row does not say."""
    for each in archives:
        outbox.put(MailKind.FAILED, each.user_id, each.id, archive_id=each.id)
    audit.record_all(
        [Event(What.ARCHIVE_FAILED, each.user_id, each.id, error or each.error, SYSTEM) for each in archives]
    )


def take_unheard(user_id: str | None, most: int = HEAD_OF_LINE) -> list[str]:
    """Ids of people whose queued archive nobody has begun, although its bell should have rung by now.

    `most`: of all that wait, only so many are looked at, the first in the line.

    They are marked as rung in the same statement, so that two reconcilers do not ring twice.
    """
    db.session.commit()
    rung = db.session.execute(
        update(Archive)
        .where(is_unheard(), is_of_head(most) if user_id is None else Archive.user_id == user_id)
        .values(dispatched_at=database_time())
        .returning(Archive.user_id)
        .execution_options(synchronize_session=False)
    ).scalars()
    people = list(rung)
    db.session.commit()
    return people


def needs_care() -> ColumnElement[bool]:
    """Would `recover_silent` or `take_unheard` change this row? A watched row is asked before anything is written."""
    return or_(is_silent_or_used_up(), is_unheard())
