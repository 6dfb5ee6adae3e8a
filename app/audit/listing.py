"""What the audit says, the newest first: of one person with the browser of each deed, or of everybody."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, select

from app.extensions import db
from app.models import AuditRow, SignIn

PAGE = 50


@dataclass(frozen=True)
class Page:
    rows: Sequence[tuple[AuditRow, SignIn | None]]
    """Each with the sign-in that it was done in."""
    older: int | None
    """The next page holds rows before this number; None: there are none."""


def list_of_person(subject_id: str, before: int | None = None) -> Page:
    """`before`: a row's number; None: the newest."""
    hers = and_(SignIn.id == AuditRow.sign_in_id, SignIn.user_id == subject_id)  # an operator's browser is not hers
    asked: Any = select(AuditRow, SignIn).outerjoin(SignIn, hers).where(AuditRow.subject_id == subject_id)
    found = [(row, sign_in) for row, sign_in in db.session.execute(_newest(asked, before, PAGE + 1))]
    return Page(found[:PAGE], found[PAGE - 1][0].number if len(found) > PAGE else None)


def list_recent(subject_id: str | None = None, *, most: int) -> Sequence[AuditRow]:
    """For operators; also of a person who is gone."""
    asked: Any = select(AuditRow)
    if subject_id is not None:
        asked = asked.where(AuditRow.subject_id == subject_id)
    return db.session.scalars(_newest(asked, None, most)).all()


def _newest(asked: Any, before: int | None, most: int) -> Any:
    if before is not None:
        asked = asked.where(AuditRow.number < before)
    return asked.order_by(AuditRow.number.desc()).limit(most)
