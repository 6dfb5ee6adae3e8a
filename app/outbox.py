"""Mails that are to be sent: a row each, written in the transaction of what it tells of. `mails` sends them.

So there is a mail for whatever has happened, and for nothing else, whoever is killed in between. Rows change as an
archive's do: by one conditional UPDATE, whose row count decides, and by the database's clock.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import current_app
from sqlalchemy import ColumnElement, ScalarSelect, and_, delete, func, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.extensions import count_changed, db
from app.models import Mail, MailKind
from app.models.columns import database_time, fit_origin, new_id

LEASE_SECONDS = 120
"""So long a worker may take for a mail; nobody renews it, and Celery ends the task before."""
RING_SECONDS = 30
"""A mail whose bell may be lost is rung for again after this."""
LONGEST_PAUSE = 3600
MOST_AT_ONCE = 500
"""So many are rung for at a time; the rest has time."""
KEEP_DAYS = 30
FORGOTTEN_AT_ONCE = 500
"""A statement has seconds; all that have become old while no worker was there may take longer."""
MOST_AN_HOUR = 10
"""So many mails of a kind a person gets: who asks and cancels in turn, or signs in again and again, must not bury what
matters. Each deed stands in the audit all the same.
"""

_INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


@dataclass(frozen=True)
class Held:
    """The right to send a mail, for LEASE_SECONDS."""

    mail: Mail
    fence: str


def put(
    kind: MailKind,
    user_id: str,
    *occasion: str,
    archive_id: str | None = None,
    ip_address: str | None = None,
    user_agent: str | None = None,
) -> None:
    """Have this person written to. Does not commit: what the mail tells of does, and both are there or neither.

    `occasion`: what tells it from others of its kind; if there is one of the same already, that is enough. Without
    one it is always another. There is none, too, when there were MOST_AN_HOUR of this kind; as many as write at once
    may come on top.
    """
    told = " ".join((kind, *(occasion or (new_id(),))))
    row = {
        "user_id": user_id,
        "kind": kind,
        "occasion": hashlib.sha256(told.encode("utf-8", "replace")).hexdigest(),
        "archive_id": archive_id,
        **fit_origin(ip_address, user_agent),
        "at": database_time(),
        "due_at": database_time(),
    }
    types = {column.key: column.type for column in Mail.__table__.columns}
    values = [each if isinstance(each, ColumnElement) else literal(each, types[name]) for name, each in row.items()]
    allowed = select(*values).where(_count_lately(kind, user_id) < MOST_AN_HOUR)
    insert = _INSERTS[db.engine.dialect.name](Mail).from_select(list(row), allowed)
    db.session.execute(insert.on_conflict_do_nothing(index_elements=["occasion"]))


def _count_lately(kind: MailKind, user_id: str) -> ScalarSelect[int]:
    """A part of the statement that writes: SQLite refuses to write in a transaction that has begun to read."""
    mine = (Mail.user_id == user_id, Mail.kind == kind, _is_of_late())
    return select(func.count()).where(*mine).scalar_subquery()


def _is_of_late() -> ColumnElement[bool]:
    return Mail.at.between(database_time(-3600), database_time(3600))


def take_unheard(most: int = MOST_AT_ONCE) -> Sequence[str]:
    """Ids of mails to ring for; marked as rung in the same statement, so that two who ask do not ring twice."""
    db.session.commit()
    line = select(Mail.id).where(_is_free(), _is_unheard()).order_by(Mail.due_at).limit(most)
    rung = update(Mail).where(Mail.id.in_(line), _is_unheard()).values(rung_at=database_time()).returning(Mail.id)
    found = db.session.scalars(rung.execution_options(synchronize_session=False)).all()
    db.session.commit()
    return found


def claim(mail_id: str) -> Held | None:
    """None: it is sent, or another worker has it, or its pause is not over."""
    fence = secrets.token_hex(16)
    free = update(Mail).where(Mail.id == mail_id, _is_free(), Mail.attempt < _most_attempts())
    if not _change(free.values(fence=fence, attempt=Mail.attempt + 1, due_at=database_time(LEASE_SECONDS))):
        return None
    mine = select(Mail).where(Mail.id == mail_id, Mail.fence == fence)
    mail = db.session.scalars(mine, execution_options=_FRESH).one_or_none()
    db.session.commit()
    return Held(mail, fence) if mail is not None else None  # its person may have gone in between


def finish(held: Held) -> bool:
    """Whether it was still ours."""
    return _change(_mine(held).values(sent_at=database_time(), fence=None)) == 1


def give_back(held: Held) -> bool:
    """To be tried again after a pause that doubles with each attempt. False: that was the last, and it is given up."""
    if held.mail.attempt >= _most_attempts():
        give_up(held)
        return False
    pause = min(current_app.config["MAIL_RETRY_SECONDS"] * 2 ** (held.mail.attempt - 1), LONGEST_PAUSE)
    _change(_mine(held).values(due_at=database_time(pause), rung_at=None, fence=None))
    return True


def give_up(held: Held) -> None:
    _change(_mine(held).values(given_up_at=database_time(), fence=None))


def give_up_silent() -> Sequence[str]:
    """Those whose worker was killed in the last attempt. Returns their ids, for the log."""
    db.session.commit()
    silent = update(Mail).where(_is_free(), Mail.attempt >= _most_attempts())
    given_up = silent.values(given_up_at=database_time(), fence=None).returning(Mail.id)
    found = db.session.scalars(given_up.execution_options(synchronize_session=False)).all()
    db.session.commit()
    return found


def waits_for(user_id: Any) -> ColumnElement[bool]:
    """`user_id`: a column. Is there a mail to them that is still to be sent?"""
    return select(Mail.id).where(Mail.user_id == user_id, _waits()).exists()


def count_lately(kind: MailKind) -> int:
    """Mails of this kind within an hour, to everybody."""
    return int(db.session.scalar(select(func.count()).where(Mail.kind == kind, _is_of_late())) or 0)


def forget_old() -> None:
    """Sent or given up so long ago that nobody will ask."""
    while _forget_some() == FORGOTTEN_AT_ONCE:
        pass


def _forget_some() -> int:
    """How many."""
    moment = database_time(-KEEP_DAYS * 86400)
    old = or_(Mail.sent_at < moment, Mail.given_up_at < moment)
    return _change(delete(Mail).where(old, Mail.id.in_(select(Mail.id).where(old).limit(FORGOTTEN_AT_ONCE))))


_FRESH = {"populate_existing": True}


def _change(statement: Any) -> int:
    """Run in a transaction of its own; the number of rows it changed."""
    db.session.commit()
    changed = count_changed(statement.execution_options(synchronize_session=False))
    db.session.commit()
    return changed


def _mine(held: Held) -> Any:
    return update(Mail).where(Mail.id == held.mail.id, Mail.fence == held.fence, _waits())


def _most_attempts() -> int:
    return int(current_app.config["MAIL_MAX_ATTEMPTS"])


def _waits() -> ColumnElement[bool]:
    return and_(Mail.sent_at.is_(None), Mail.given_up_at.is_(None))


def _is_free() -> ColumnElement[bool]:
    """It is due; or due farther in the future than anything is put, since the clock was put back."""
    farthest = database_time(LONGEST_PAUSE + 60)
    return and_(_waits(), ~Mail.due_at.between(database_time(), farthest))


def _is_unheard() -> ColumnElement[bool]:
    rung = Mail.rung_at
    return or_(rung.is_(None), ~rung.between(database_time(-RING_SECONDS), database_time(1)))
