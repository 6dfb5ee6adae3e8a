"""A person asks for an archive; the database's index decides between two requests."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app import audit, outbox
from app.archives.allowance import NotYetError, check_allowance, is_counted
from app.archives.ledger.conditions import is_active
from app.archives.ledger.writing import ending
from app.audit import Event
from app.engine.choices import EVERYTHING, Choices, to_document
from app.extensions import begin_write, count_changed, db
from app.models import Archive, MailKind, State, User, What
from app.models.columns import database_time


@dataclass(frozen=True)
class Request:
    """How an archive is asked for."""

    choices: Choices = EVERYTHING
    earlier: Archive | None = None
    """Which archive it tries again."""
    instead_of: str | None = None
    """The id of an active archive that is cancelled for it."""
    is_limited: bool = True
    """Whether the person's allowance is asked; operators need not."""


PLAIN = Request()


def insert(user_id: str, request: Request = PLAIN, /, **origin: str) -> tuple[str, bool]:
    """(id of the person's active archive, whether it is new). The database's index decides between two requests.

    An archive that is active already keeps what was chosen for it, and goes on where it may not be replaced.
    `origin`: `ip_address` and `user_agent`. Raises NotYetError.
    """
    for _ in range(_TRIES):
        try:
            return _insert(user_id, request, origin), True
        except (IntegrityError, NotYetError) as error:
            db.session.rollback()
            refused = error
        found = db.session.scalar(select(Archive.id).where(Archive.user_id == user_id, is_active()))
        db.session.commit()
        is_too_soon = isinstance(refused, NotYetError)
        if found and not (is_too_soon and found == request.instead_of):
            return found, False
        if is_too_soon:
            break
    raise refused


_TRIES = 3
"""An active archive may end between our INSERT and our look for it; a person who is gone stays so."""


def _insert(user_id: str, request: Request, origin: Mapping[str, str]) -> str:
    begin_write()
    settings = _hold_person(user_id)
    ended = _cancel_for_another(user_id, request.instead_of)
    again_of = _find_excuse(user_id, request.earlier)
    if request.is_limited and again_of is None:
        check_allowance(user_id)
    archive = Archive(
        user_id=user_id,
        part_size=request.choices.part_size,
        chosen=to_document(request.choices),
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
    if archive_id is None or not count_changed(ending(user_id, archive_id, is_active(), State.CANCELLED)):
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
