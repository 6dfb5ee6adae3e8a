"""A person cancels or deletes, a file is lost, or its time is over."""

import logging
from functools import partial
from typing import Any

from sqlalchemy import Update, and_, delete, exists, select, update
from sqlalchemy.exc import IntegrityError

from app import audit
from app.archives.ledger.care import tell_failed
from app.archives.ledger.conditions import is_active
from app.archives.ledger.writing import change, ending
from app.audit import SYSTEM, Event
from app.extensions import db
from app.models import Archive, ArchivePart, Cause, State, What
from app.models.columns import database_time

log = logging.getLogger(__name__)


def cancel(user_id: str, archive_id: str) -> bool:
    """Whether it was still waiting or being made. A worker that has it finds its lease gone."""
    return _end(user_id, archive_id, is_active(), State.CANCELLED, What.ARCHIVE_CANCELLED)


def delete_ready(user_id: str, archive_id: str) -> bool:
    """Whether there was something to delete. The files are the caller's to remove."""
    return _end(user_id, archive_id, Archive.state == State.READY, State.DELETED, What.ARCHIVE_DELETED)


def _end(user_id: str, archive_id: str, condition: Any, state: State, what: What) -> bool:
    ended = ending(user_id, archive_id, condition, state)
    return change(ended, tell=partial(audit.record_all, [Event(what, user_id, archive_id)])) == 1


def make_again(archive: Archive) -> None:
    """The files of a ready archive are lost: back to the queue with all its attempts, in its old place.

    `archive`: as it was when its files were looked for; somebody else may have noticed too, and it be ready anew. If
    the person waits for another one already, this one has failed.
    """
    is_same = and_(Archive.state == State.READY, Archive.finished_at == archive.finished_at)
    ready = update(Archive).where(Archive.id == archive.id, is_same)
    ready = ready.execution_options(synchronize_session=False).values(error=Cause.DAMAGED)
    db.session.commit()
    try:
        db.session.execute(ready.values(state=State.QUEUED, **_AS_NEW))
        lost = exists().where(Archive.id == archive.id, Archive.state == State.QUEUED)
        db.session.execute(delete(ArchivePart).where(ArchivePart.archive_id == archive.id, lost))
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        _fail(archive, ready)


def _fail(archive: Archive, ready: Update) -> None:
    failed = ready.values(state=State.FAILED, finished_at=database_time())
    if change(failed, tell=partial(tell_failed, [archive], Cause.DAMAGED)):
        log.error("archive %s: has failed, its file is lost and another one waits", archive.reference)


_AS_NEW: dict[str, Any] = {
    "attempt": 0,
    "not_before": None,
    "dispatched_at": None,
    "finished_at": None,
    "expires_at": None,
    "step": None,
    "done": 0,
    "part_count": 0,
}


def expire() -> None:
    """What is past its date can no longer be downloaded."""
    while _expire_some() == EXPIRED_AT_ONCE:
        pass


EXPIRED_AT_ONCE = 500
"""Nobody else appends to the audit meanwhile."""


def _expire_some() -> int:
    """How many."""
    past = and_(Archive.state == State.READY, Archive.expires_at <= database_time())
    some = select(Archive.id).where(past).limit(EXPIRED_AT_ONCE)
    expired = update(Archive).where(past, Archive.id.in_(some)).values(state=State.EXPIRED)
    db.session.commit()
    rows = db.session.execute(
        expired.returning(Archive.user_id, Archive.id).execution_options(synchronize_session=False)
    ).all()
    audit.record_all([Event(What.ARCHIVE_EXPIRED, user_id, archive_id, by=SYSTEM) for user_id, archive_id in rows])
    db.session.commit()
    return len(rows)
