"""Appends to the audit, in the transaction of the deed: both are there, or neither is."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from flask import current_app, g, has_request_context
from sqlalchemy import func, insert, update

from app.audit.chain import Row, seal
from app.extensions import db
from app.models import AuditHead, AuditRow, What
from app.models.columns import database_time

IDLE_SECONDS = 10
"""PostgreSQL: so long a transaction may stand still with the audit's end. Its machine may be gone without a word, and
everybody else who does something waits for that one row."""


@dataclass(frozen=True)
class Acting:
    """At whose wish something is done."""

    actor: str
    """A person's id, or a word of `ACTORS`."""
    sign_in_id: str | None = None


OPERATOR = Acting("operator")
SYSTEM = Acting("system")
NOBODY = Acting("nobody")
"""Somebody at a page who is not signed in."""


@dataclass(frozen=True)
class Event:
    what: What
    subject_id: str | None
    """The person it is done to; None: nobody we know."""
    object_id: str | None = None
    result: str | None = None
    by: Acting | None = None
    """None: whoever acts in this request or command."""


def act_as(who: Acting) -> None:
    """Said once by a door, for what follows in this request or command."""
    g.acting = who


def acting() -> Acting:
    who: Acting = g.get("acting", NOBODY if has_request_context() else SYSTEM)
    return who


def record(
    what: What,
    subject_id: str | None,
    *,
    object_id: str | None = None,
    result: str | None = None,
    by: Acting | None = None,
) -> None:
    """Add one event to the session's transaction. See `Event`, and `record_all`."""
    record_all([Event(what, subject_id, object_id, result, by)])


def record_all(events: Sequence[Event]) -> None:
    """Joins the session's transaction and does not commit; call it last, since others who append wait from here on
    until the commit. What the session has not written yet is written first.
    """
    if not events:
        return
    db.session.flush()
    end = update(AuditHead).execution_options(synchronize_session=False)
    # The row's lock makes a queue of those who append, on both databases.
    taken = end.values(number=AuditHead.number + len(events))
    number, mac, at, *_ = db.session.execute(
        taken.returning(AuditHead.number, AuditHead.mac, database_time(), *_limit_silence())
    ).one()
    first, before, rows = number - len(events) + 1, mac, []
    for place, event in enumerate(events, start=first):
        rows.append(seal(_key(), _describe(event, place, at), before))
        before = rows[-1].mac
    db.session.execute(insert(AuditRow), [asdict(row) for row in rows])
    db.session.execute(end.values(mac=before))


def _limit_silence() -> list[Any]:
    """For this transaction; with the statement that takes the row, since each deed has one."""
    if db.engine.dialect.name != "postgresql":
        return []
    return [func.set_config("idle_in_transaction_session_timeout", f"{1000 * IDLE_SECONDS:.0f}", True)]


def _describe(event: Event, number: int, at: datetime) -> Row:
    by = event.by or acting()
    return Row(number, at, by.actor, event.subject_id, event.what.value, event.object_id, by.sign_in_id, event.result)


def _key() -> bytes:
    return bytes.fromhex(current_app.config["AUDIT_KEY"])
