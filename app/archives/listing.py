"""Lists of a person's archives, for the pages that show them: those that matter now, and earlier ones by the page."""

from collections.abc import Sequence

from sqlalchemy import Select, func, select

from app.archives import ledger
from app.extensions import db
from app.models import Archive, State
from app.pages import Page, turn_to

CURRENT = (State.QUEUED, State.RUNNING, State.READY)
PAGE_SIZE = 20


def list_current(user_id: str) -> Sequence[Archive]:
    """Those that wait, are being made or are ready; the newest first."""
    current = _newest_first(user_id).where(Archive.state.in_(CURRENT))
    return db.session.scalars(current, execution_options=ledger.FRESH).all()


def list_earlier(user_id: str, number: int) -> Page[Archive]:
    """Those that have ended otherwise, the newest first. A number beyond the last page gives the last page."""
    ended = (Archive.user_id == user_id, Archive.state.not_in(CURRENT))
    total = db.session.scalar(select(func.count()).select_from(Archive).where(*ended)) or 0
    number = turn_to(number, total, PAGE_SIZE)
    rows = _newest_first(user_id).where(*ended).limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE)
    items = db.session.scalars(rows, execution_options=ledger.FRESH).all() if total else []
    return Page(items, number, total, PAGE_SIZE)


def find_active(user_id: str) -> Archive | None:
    """The one that waits or is being made."""
    return next((archive for archive in list_current(user_id) if archive.is_active), None)


def find_newest(user_id: str) -> Archive | None:
    return db.session.scalar(_newest_first(user_id).limit(1), execution_options=ledger.FRESH)


def _newest_first(user_id: str) -> Select[Archive]:
    return select(Archive).where(Archive.user_id == user_id).order_by(Archive.created_at.desc(), Archive.id)
