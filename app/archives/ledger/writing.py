"""How a change is written, and what of it several deeds share."""

from collections.abc import Callable, Sequence
from typing import Any

from flask import current_app
from sqlalchemy import Delete, Update, and_, update

from app.extensions import count_changed, db
from app.models import Archive, ArchivePart, State
from app.models.columns import database_time

FRESH = {"populate_existing": True}
"""Read the row as it is now; the session may remember an older one."""
NO_LEASE: dict[str, Any] = {"fence": None, "lease_until": None}


def tell_nobody() -> None:
    pass


def change(
    statement: Update | Delete, more: Sequence[ArchivePart] = (), tell: Callable[[], None] = tell_nobody
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


def ending(user_id: str, archive_id: str, condition: Any, state: State) -> Update:
    """For whoever executes it with more in the same transaction; `change` alone commits."""
    mine = and_(Archive.id == archive_id, Archive.user_id == user_id, condition)
    ended = update(Archive).where(mine).values(state=state, finished_at=database_time(), **NO_LEASE)
    return ended.execution_options(synchronize_session=False)


def new_lease() -> database_time:
    return database_time(current_app.config["ARCHIVE_LEASE_SECONDS"])
