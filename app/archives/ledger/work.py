"""A worker takes an archive, works under a lease, and says how it ended; who has lost the lease changes nothing."""

import logging
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import current_app
from sqlalchemy import ScalarSelect, and_, func, not_, select, update

from app import audit, outbox
from app.archives.ledger.conditions import is_free, is_too_often
from app.archives.ledger.writing import FRESH, NO_LEASE, change, new_lease, tell_nobody
from app.audit import SYSTEM, Event
from app.engine.build import Built
from app.engine.choices import Choices
from app.extensions import db
from app.models import Archive, ArchivePart, Cause, MailKind, State, User, What
from app.models.columns import database_time, in_days

log = logging.getLogger(__name__)


class LeaseLostError(Exception):
    """Another worker has this archive now, or nobody wants it any more; stop at once and leave nothing."""


@dataclass(frozen=True)
class Claim:
    """The right to work on an archive, as long as the lease is renewed."""

    archive_id: str
    reference: str
    fence: str
    attempt: int
    choices: Choices
    """What the person asked for."""
    locale: str | None
    """The language that they had then; None: an earlier version kept none."""
    time_zone: str | None
    """And the time zone, in which the chosen days begin."""
    waited: float
    """Seconds from the request to this attempt."""
    user_id: str


def new_fence() -> str:
    return secrets.token_hex(16)


def claim(user_id: str, *, fence: str | None = None, large: bool = False) -> Claim | None:
    """Take the person's archive if it waits, or if who had it has gone silent. None: there is nothing to do.

    `fence`: a new one, of a caller who must be able to give the archive back even if the answer never arrives.
    `large`: also one that was set aside for workers who have time.
    """
    fence = fence or new_fence()
    changed = change(
        update(Archive)
        .where(Archive.user_id == user_id, is_free(), not_(is_too_often()))
        .where(*([] if large else [Archive.large.is_(False)]))
        .values(
            state=State.RUNNING,
            fence=fence,
            lease_until=new_lease(),
            attempt=Archive.attempt + 1,
            started_at=database_time(),
            step=None,
            done=0,
            error=None,
            time_zone=func.coalesce(Archive.time_zone, _zone_of_person()),
        )
    )
    if changed != 1:
        return None
    mine = select(Archive).where(Archive.user_id == user_id, Archive.fence == fence)
    archive = db.session.scalars(mine, execution_options=FRESH).one_or_none()
    db.session.commit()
    if archive is None:  # cancelled in between
        return None
    waited = (archive.started_at - archive.created_at).total_seconds() if archive.started_at else 0
    asked = (archive.choices, archive.locale, archive.time_zone)
    return Claim(archive.id, archive.reference, fence, archive.attempt, *asked, waited, user_id)


def _zone_of_person() -> ScalarSelect[str]:
    return select(User.time_zone).where(User.id == Archive.user_id).scalar_subquery()


def is_set_aside(user_id: str) -> bool:
    """Does a large archive of this person wait, or has its worker gone silent?"""
    found = db.session.scalar(select(Archive.id).where(Archive.user_id == user_id, Archive.large, is_free()))
    db.session.commit()
    return found is not None


def renew(held: Claim, step: str, done: int) -> None:
    """Heartbeat and progress in one write. Raises LeaseLostError."""
    _change_mine(held, lease_until=new_lease(), step=step[:80], done=done)


def finish(held: Claim, names: Sequence[str], built: Built) -> None:
    """The parts are published, each under its name, and now exist for people too: all of them or none.

    Raises LeaseLostError.
    """
    parts = [
        ArchivePart(archive_id=held.archive_id, number=number, file_name=name, size=part.size, sha256=part.sha256)
        for number, (name, part) in enumerate(zip(names, built.parts, strict=True), start=1)
    ]
    _change_mine(
        held,
        parts,
        tell=partial(_tell, held, MailKind.READY, What.ARCHIVE_MADE),
        state=State.READY,
        finished_at=database_time(),
        expires_at=in_days(current_app.config["ARCHIVE_KEEP_DAYS"]),
        snapshot_at=built.snapshot_at,
        part_count=len(parts),
        size=built.size,
        media_size=built.media_size,
        row_count=built.rows,
        gap_count=built.gaps,
        error=None,
        **NO_LEASE,
    )


def fail(held: Claim, error: str) -> None:
    """Raises LeaseLostError."""
    tell = partial(_tell, held, MailKind.FAILED, What.ARCHIVE_FAILED, error)
    _change_mine(held, tell=tell, state=State.FAILED, finished_at=database_time(), error=error, **NO_LEASE)
    log.error("archive %s: has failed in attempt %s: %s", held.reference, held.attempt, error)


def _tell(held: Claim, kind: MailKind, what: What, result: str | None = None) -> None:
    """A lost file makes an archive ready a second time, and then the person is told again: the fence is another."""
    outbox.put(kind, held.user_id, held.fence, archive_id=held.archive_id)
    audit.record_all([Event(what, held.user_id, held.archive_id, result, SYSTEM)])


def retry_later(held: Claim, error: str) -> None:
    """Back to the queue after a pause that doubles with each attempt, or failed after the last."""
    config = current_app.config
    if held.attempt >= config["ARCHIVE_MAX_ATTEMPTS"]:
        fail(held, error)
        return
    pause = config["ARCHIVE_RETRY_SECONDS"] * 2 ** (held.attempt - 1)
    _change_mine(held, state=State.QUEUED, error=error, **_not_before(pause), **NO_LEASE)


def give_back(fence: str) -> None:
    """The worker is being stopped: back to the queue at once, and the attempt does not count.

    Nothing is done if no archive was claimed with this fence, or no longer is.
    """
    mine = and_(Archive.fence == fence, Archive.state == State.RUNNING)
    change(update(Archive).where(mine).values(state=State.QUEUED, attempt=Archive.attempt - 1, **NO_LEASE))


def wait_for_space(held: Claim, seconds: float) -> None:
    """Back to the queue until there may be room; the attempt does not count. Raises LeaseLostError."""
    _wait(held, Cause.DISK_FULL, seconds)


def wait_for_storage(held: Claim, seconds: float) -> None:
    """Back to the queue until its files can be reached; the attempt does not count. Raises LeaseLostError."""
    _wait(held, Cause.STORE_DOWN, seconds)


def _wait(held: Claim, error: Cause, seconds: float) -> None:
    uncounted = Archive.attempt - 1
    _change_mine(held, state=State.QUEUED, attempt=uncounted, error=error, **_not_before(seconds), **NO_LEASE)


def set_aside(held: Claim) -> None:
    """Back to the queue, marked as large; the attempt does not count. The caller rings. Raises LeaseLostError."""
    uncounted = Archive.attempt - 1
    _change_mine(held, state=State.QUEUED, attempt=uncounted, large=True, dispatched_at=database_time(), **NO_LEASE)


def _not_before(seconds: float) -> dict[str, Any]:
    """The reconciler rings as soon as the pause is over, however lately it has rung."""
    return {"not_before": database_time(seconds), "dispatched_at": None}


def _change_mine(
    held: Claim, parts: Sequence[ArchivePart] = (), tell: Callable[[], None] = tell_nobody, **values: Any
) -> None:
    mine = and_(Archive.id == held.archive_id, Archive.fence == held.fence, Archive.state == State.RUNNING)
    if change(update(Archive).where(mine).values(**values), parts, tell) != 1:
        raise LeaseLostError(held.archive_id)
