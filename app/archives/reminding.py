"""Reminds people of archives that they have asked for, never fetched, and can only fetch for one more day."""

from flask import current_app
from sqlalchemy import exists, select

from app import outbox
from app.extensions import begin_write, db
from app.models import Archive, ArchiveDownload, Mail, MailKind, State
from app.models.columns import in_days

REMINDED_AT_ONCE = 500
"""Nobody else writes meanwhile, where the database is SQLite."""


def remind() -> None:
    """Where archives are kept for less than two days, the mail that says they are ready is enough."""
    if current_app.config["ARCHIVE_KEEP_DAYS"] < 2:  # noqa: PLR2004
        return
    last = ""
    while found := _remind_some(last):
        last = found[-1]


def _remind_some(last: str) -> list[str]:
    """Of the archives whose ids come after `last`; their ids. So each is looked at once, also where no mail is put."""
    fetched = exists().where(ArchiveDownload.archive_id == Archive.id)
    reminded = exists().where(Mail.archive_id == Archive.id, Mail.kind == MailKind.REMINDER)
    soon = (Archive.state == State.READY, Archive.expires_at <= in_days(1), ~fetched, ~reminded)
    some = select(Archive.id, Archive.user_id).where(*soon, Archive.id > last)
    begin_write()
    found = db.session.execute(some.order_by(Archive.id).limit(REMINDED_AT_ONCE)).all()
    for archive_id, user_id in found:
        outbox.put(MailKind.REMINDER, user_id, archive_id, archive_id=archive_id)
    db.session.commit()
    return [archive_id for archive_id, _ in found]
