"""The only code that changes an archive's state. Each change is one conditional UPDATE, and its row count decides.

Read, decide, write loses updates between two processes (2,325 commits left a counter at 740); a condition in the
UPDATE does not. Times are the database's, so that workers with wrong clocks agree.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from flask import current_app
from sqlalchemy import (
    ColumnElement,
    Delete,
    ScalarSelect,
    Update,
    and_,
    case,
    delete,
    exists,
    func,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute, aliased

from app import audit, outbox
from app.archives.allowance import NotYetError, check_allowance, is_counted
from app.audit import SYSTEM, Event
from app.browsers import name_address, name_browser
from app.engine.build import Built
from app.engine.choices import EVERYTHING, Choices, to_document
from app.extensions import begin_write, count_changed, db
from app.models import (
    Archive,
    ArchiveDownload,
    ArchivePart,
    ArchivePiece,
    Cause,
    MailKind,
    Pulse,
    State,
    User,
    What,
)
from app.models.columns import database_time, fit_origin, in_days

PULSE = "reconcile"
HEAD_OF_LINE = 500
"""So many of those that wait are rung for; the rest has time. In Redis, an hour's unheard bells of 100,000 people
would take 12 GiB."""
FRESH = {"populate_existing": True}
"""Read the row as it is now; the session may remember an older one."""


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


@dataclass(frozen=True)
class Wish:
    """How an archive is asked for."""

    choices: Choices = EVERYTHING
    earlier: Archive | None = None
    """Which archive it tries again."""
    instead_of: str | None = None
    """The id of an active archive that is cancelled for it."""
    is_limited: bool = True
    """Whether the person's allowance is asked; operators need not."""


PLAIN = Wish()


def insert(user_id: str, wish: Wish = PLAIN, /, **origin: str) -> tuple[str, bool]:
    """(id of the person's active archive, whether it is new). The database's index decides between two requests.

    An archive that is active already keeps what was chosen for it, and goes on where it may not be replaced.
    `origin`: `ip_address` and `user_agent`. Raises NotYetError.
    """
    for _ in range(_TRIES):
        try:
            return _insert(user_id, wish, origin), True
        except (IntegrityError, NotYetError) as error:
            db.session.rollback()
            refused = error
        found = db.session.scalar(select(Archive.id).where(Archive.user_id == user_id, _is_active()))
        db.session.commit()
        is_too_soon = isinstance(refused, NotYetError)
        if found and not (is_too_soon and found == wish.instead_of):
            return found, False
        if is_too_soon:
            break
    raise refused


_TRIES = 3
"""An active archive may end between our INSERT and our look for it; a person who is gone stays so."""


def _insert(user_id: str, wish: Wish, origin: Mapping[str, str]) -> str:
    begin_write()
    settings = _hold_person(user_id)
    ended = _cancel_for_another(user_id, wish.instead_of)
    again_of = _find_excuse(user_id, wish.earlier)
    if wish.is_limited and again_of is None:
        check_allowance(user_id)
    archive = Archive(
        user_id=user_id,
        part_size=wish.choices.part_size,
        chosen=to_document(wish.choices),
        **settings,
        again_of=again_of,
        created_at=database_time(),
    )
    db.session.add(archive)
    db.session.flush()
    outbox.put(MailKind.REQUESTED, user_id, archive.id, archive_id=archive.id, **origin)
    audit.record_all([*ended, Event(What.ARCHIVE_REQUESTED, user_id, archive.id)])
    db.session.commit()
    return archive.id


def _cancel_for_another(user_id: str, archive_id: str | None) -> list[Event]:
    """In the transaction of the INSERT: if that is refused, the earlier archive goes on. What the audit is told."""
    if archive_id is None or not count_changed(_ending(user_id, archive_id, _is_active(), State.CANCELLED)):
        return []
    return [Event(What.ARCHIVE_CANCELLED, user_id, archive_id)]


def _hold_person(user_id: str) -> dict[str, Any]:
    """How they read, as an archive's row keeps it. Whoever asks for the same person meanwhile waits: what we count
    stays true until our INSERT.
    """
    settings = select(User.language.label("locale"), User.time_zone).where(User.id == user_id)
    return dict(db.session.execute(settings.with_for_update(key_share=True)).mappings().one_or_none() or {})


def _find_excuse(user_id: str, earlier: Archive | None) -> str | None:
    """Of which archive this is another try that does not count: one that failed or has gaps, and was not made since.

    One such try succeeds; the next counts like any other, or a picture that is lost for good would lift the limit.
    """
    if earlier is None or not (earlier.state == State.FAILED or earlier.gap_count):
        return None
    root = earlier.again_of or earlier.id
    tried = select(Archive.id).where(Archive.user_id == user_id, Archive.again_of == root, is_counted())
    return None if db.session.scalar(tried.limit(1)) else root


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
        .where(Archive.user_id == user_id, _is_free(), not_(_is_too_often()))
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
    archive = db.session.scalars(mine, execution_options=FRESH).one()
    db.session.commit()
    waited = (archive.started_at - archive.created_at).total_seconds() if archive.started_at else 0
    asked = (archive.choices, archive.locale, archive.time_zone)
    return Claim(archive.id, archive.reference, fence, archive.attempt, *asked, waited, user_id)


def _zone_of_person() -> ScalarSelect[str]:
    return select(User.time_zone).where(User.id == Archive.user_id).scalar_subquery()


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
        **_NO_LEASE,
    )


def fail(held: Claim, error: str) -> None:
    """Raises LeaseLostError."""
    tell = partial(_tell, held, MailKind.FAILED, What.ARCHIVE_FAILED, error)
    _change_mine(held, tell=tell, state=State.FAILED, finished_at=database_time(), error=error, **_NO_LEASE)


def retry_later(held: Claim, error: str) -> None:
    """Back to the queue after a pause that doubles with each attempt, or failed after the last."""
    config = current_app.config
    if held.attempt >= config["ARCHIVE_MAX_ATTEMPTS"]:
        fail(held, error)
        return
    pause = config["ARCHIVE_RETRY_SECONDS"] * 2 ** (held.attempt - 1)
    _change_mine(held, state=State.QUEUED, error=error, **_not_before(pause), **_NO_LEASE)


def give_back(fence: str) -> None:
    """The worker is being stopped: back to the queue at once, and the attempt does not count.

    Nothing is done if no archive was claimed with this fence, or no longer is.
    """
    mine = and_(Archive.fence == fence, Archive.state == State.RUNNING)
    change(update(Archive).where(mine).values(state=State.QUEUED, attempt=Archive.attempt - 1, **_NO_LEASE))


def wait_for_space(held: Claim, seconds: float) -> None:
    """Back to the queue until there may be room; the attempt does not count. Raises LeaseLostError."""
    uncounted = Archive.attempt - 1
    _change_mine(
        held, state=State.QUEUED, attempt=uncounted, error=Cause.DISK_FULL, **_not_before(seconds), **_NO_LEASE
    )


def set_aside(held: Claim) -> None:
    """Back to the queue, marked as large; the attempt does not count. The caller rings. Raises LeaseLostError."""
    uncounted = Archive.attempt - 1
    _change_mine(held, state=State.QUEUED, attempt=uncounted, large=True, dispatched_at=database_time(), **_NO_LEASE)


def is_set_aside(user_id: str) -> bool:
    """Does a large archive of this person wait, or has its worker gone silent?"""
    found = db.session.scalar(select(Archive.id).where(Archive.user_id == user_id, Archive.large, _is_free()))
    db.session.commit()
    return found is not None


def cancel(user_id: str, archive_id: str) -> bool:
    """Whether it was still waiting or being made. A worker that has it finds its lease gone."""
    return _end(user_id, archive_id, _is_active(), State.CANCELLED, What.ARCHIVE_CANCELLED)


def delete_ready(user_id: str, archive_id: str) -> bool:
    """Whether there was something to delete. The files are the caller's to remove."""
    return _end(user_id, archive_id, Archive.state == State.READY, State.DELETED, What.ARCHIVE_DELETED)


def make_again(archive: Archive) -> None:
    """The files of a ready archive are lost: back to the queue with all its attempts, in its old place.

    If the person waits for another one already, this one has failed.
    """
    ready = update(Archive).where(Archive.id == archive.id, Archive.state == State.READY)
    ready = ready.execution_options(synchronize_session=False).values(error=Cause.DAMAGED)
    db.session.commit()
    try:
        db.session.execute(ready.values(state=State.QUEUED, **_AS_NEW))
        lost = exists().where(Archive.id == archive.id, Archive.state == State.QUEUED)
        db.session.execute(delete(ArchivePart).where(ArchivePart.archive_id == archive.id, lost))
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        failed = ready.values(state=State.FAILED, finished_at=database_time())
        change(failed, tell=partial(_tell_failed, [archive], Cause.DAMAGED))


def recover_silent(user_id: str | None) -> Sequence[Archive]:
    """Archives whose worker has gone silent go back to the queue, or have failed after too many attempts.

    Returns them.
    """
    too_often = _is_too_often()
    db.session.commit()
    changed = db.session.scalars(
        update(Archive)
        .where(_is_silent_or_used_up(), *_of(user_id))
        .values(
            state=case((too_often, State.FAILED), else_=State.QUEUED),
            finished_at=case((too_often, database_time())),
            error=case((too_often, Cause.INTERRUPTED), else_=Archive.error),
            dispatched_at=None,
            **_NO_LEASE,
        )
        .returning(Archive),
        execution_options={**FRESH, "synchronize_session": False},
    ).all()
    _tell_failed([archive for archive in changed if archive.state == State.FAILED])
    db.session.commit()
    return changed


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


def take_unheard(user_id: str | None, most: int = HEAD_OF_LINE) -> list[str]:
    """Ids of people whose queued archive nobody has begun, although its bell should have rung by now.

    `most`: of all that wait, only so many are looked at, the first in the line.

    They are marked as rung in the same statement, so that two reconcilers do not ring twice.
    """
    db.session.commit()
    rung = db.session.execute(
        update(Archive)
        .where(_is_unheard(), _is_of_head(most) if user_id is None else Archive.user_id == user_id)
        .values(dispatched_at=database_time())
        .returning(Archive.user_id)
        .execution_options(synchronize_session=False)
    ).scalars()
    people = list(rung)
    db.session.commit()
    return people


def needs_care() -> ColumnElement[bool]:
    """Would `recover_silent` or `take_unheard` change this row? A watched row is asked before anything is written."""
    return or_(_is_silent_or_used_up(), _is_unheard())


def beat_pulse() -> None:
    """Leave a sign of life that pages and operators can read."""
    if not change(update(Pulse).where(Pulse.name == PULSE).values(at=database_time())):
        _add_pulse(PULSE)


def take_turn(name: str, seconds: float) -> bool:
    """Whether this deed is ours to do now: nobody, on any machine, has taken it for so long."""
    free = and_(Pulse.name == name, _is_past(Pulse.at, seconds))
    if change(update(Pulse).where(free).values(at=database_time())):
        return True
    is_known = db.session.get(Pulse, name) is not None
    db.session.commit()  # SQLite refuses to turn an old read into a write
    return not is_known and _add_pulse(name)


def files_vouched_for() -> set[str]:
    """Names of the files that a ready archive needs."""
    needed = select(ArchivePart.file_name).join(Archive).where(Archive.state == State.READY)
    found = set(db.session.scalars(needed))
    db.session.commit()
    return found


def fences_at_work() -> set[str]:
    """Of archives, and of pieces of them that are made elsewhere."""
    pieces = select(ArchivePiece.fence).where(ArchivePiece.fence.is_not(None))
    found = set(db.session.scalars(select(Archive.fence).where(Archive.state == State.RUNNING).union(pieces)))
    db.session.commit()
    return cast("set[str]", found)


def record_download(archive: Archive, part_number: int, ip_address: str, user_agent: str) -> None:
    """The person is told, once for each browser and address that takes files of this archive."""
    db.session.commit()
    origin = fit_origin(ip_address, user_agent)
    db.session.add(ArchiveDownload(archive_id=archive.id, part_number=part_number, **origin))
    db.session.flush()
    occasion = (archive.id, name_address(ip_address), name_browser(user_agent))
    outbox.put(MailKind.DOWNLOADED, archive.user_id, *occasion, archive_id=archive.id, **origin)
    audit.record(What.ARCHIVE_DOWNLOADED, archive.user_id, object_id=archive.id, result=f"part {part_number}")
    db.session.commit()


def _tell_nobody() -> None:
    pass


def change(
    statement: Update | Delete, more: Sequence[ArchivePart] = (), tell: Callable[[], None] = _tell_nobody
) -> int:
    """Run in a transaction of its own; the number of rows it changed.

    Only if it changed one, `more` is added and `tell` writes mails and the audit, in the same transaction.

    The commit before it ends any read of ours: SQLite refuses to turn an old read into a write.
    """
    db.session.commit()
    changed = count_changed(statement.execution_options(synchronize_session=False))
    if changed:
        db.session.add_all(more)
        tell()
    db.session.commit()
    return changed


def new_lease() -> database_time:
    return database_time(current_app.config["ARCHIVE_LEASE_SECONDS"])


def _add_pulse(name: str) -> bool:
    db.session.add(Pulse(name=name, at=database_time()))
    try:
        db.session.commit()
    except IntegrityError:
        db.session.rollback()  # another worker was first
        return False
    return True


_NO_LEASE: dict[str, Any] = {"fence": None, "lease_until": None}
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


def _not_before(seconds: float) -> dict[str, Any]:
    """The reconciler rings as soon as the pause is over, however lately it has rung."""
    return {"not_before": database_time(seconds), "dispatched_at": None}


def _end(user_id: str, archive_id: str, condition: Any, state: State, what: What) -> bool:
    ending = _ending(user_id, archive_id, condition, state)
    return change(ending, tell=partial(audit.record_all, [Event(what, user_id, archive_id)])) == 1


def _ending(user_id: str, archive_id: str, condition: Any, state: State) -> Update:
    mine = and_(Archive.id == archive_id, Archive.user_id == user_id, condition)
    ended = update(Archive).where(mine).values(state=state, finished_at=database_time(), **_NO_LEASE)
    return ended.execution_options(synchronize_session=False)


def _tell(held: Claim, kind: MailKind, what: What, result: str | None = None) -> None:
    """A lost file makes an archive ready a second time, and then the person is told again: the fence is another."""
    outbox.put(kind, held.user_id, held.fence, archive_id=held.archive_id)
    audit.record_all([Event(what, held.user_id, held.archive_id, result, SYSTEM)])


def _tell_failed(archives: Sequence[Archive], error: str | None = None) -> None:
    """`error`: what the row does not say."""
    for each in archives:
        outbox.put(MailKind.FAILED, each.user_id, each.id, archive_id=each.id)
    audit.record_all(
        [Event(What.ARCHIVE_FAILED, each.user_id, each.id, error or each.error, SYSTEM) for each in archives]
    )


def _change_mine(
    held: Claim, parts: Sequence[ArchivePart] = (), tell: Callable[[], None] = _tell_nobody, **values: Any
) -> None:
    mine = and_(Archive.id == held.archive_id, Archive.fence == held.fence, Archive.state == State.RUNNING)
    if change(update(Archive).where(mine).values(**values), parts, tell) != 1:
        raise LeaseLostError(held.archive_id)


def _is_active() -> Any:
    return Archive.state.in_((State.QUEUED, State.RUNNING))


def _is_too_often() -> ColumnElement[bool]:
    most: int = current_app.config["ARCHIVE_MAX_ATTEMPTS"]
    return Archive.attempt >= most


def _is_free() -> ColumnElement[bool]:
    """It waits, or who had it has gone silent."""
    return or_(and_(Archive.state == State.QUEUED, _is_due()), _is_silent())


def _is_silent() -> ColumnElement[bool]:
    return and_(Archive.state == State.RUNNING, is_over(Archive.lease_until))


def is_over(lease: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    """One that ends far beyond its length was given before the clock was put back; it would last as long again."""
    farthest = database_time(2 * current_app.config["ARCHIVE_LEASE_SECONDS"] + 60)
    return not_(lease.between(database_time(), farthest))


def _is_silent_or_used_up() -> ColumnElement[bool]:
    used_up = and_(Archive.state == State.QUEUED, _is_too_often())  # after the operator has allowed fewer attempts
    return or_(_is_silent(), used_up)


def _is_of_head(count: int) -> ColumnElement[bool]:
    line = aliased(Archive)
    waits = (line.state == State.QUEUED, _is_due(line))
    return Archive.id.in_(select(line.id).where(*waits).order_by(line.created_at).limit(count))


def _is_unheard() -> ColumnElement[bool]:
    unheard = or_(
        and_(Archive.dispatched_at.is_(None), _is_past(Archive.created_at, 2)),
        _is_past(Archive.dispatched_at, current_app.config["ARCHIVE_RING_SECONDS"]),
    )
    return and_(Archive.state == State.QUEUED, _is_due(), unheard)


def _is_past(moment: InstrumentedAttribute[Any], seconds: float) -> ColumnElement[bool]:
    """So long ago; or in the future, since the clock was put back, and nobody knows how long ago it was."""
    return or_(moment <= database_time(-seconds), moment > database_time())


def _is_due(archive: type[Archive] = Archive) -> Any:
    return or_(archive.not_before.is_(None), archive.not_before <= database_time())


def _of(user_id: str | None) -> tuple[Any, ...]:
    return () if user_id is None else (Archive.user_id == user_id,)
