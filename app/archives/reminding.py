"""Reminds people of archives that they have asked for, never fetched, and can only fetch for one more day."""

from flask import current_app
from sqlalchemy import exists, select

from app import outbox
from app.extensions import begin_write, db
from app.models import Archive, ArchiveDownload, Mail, MailKind, State
from app.models.columns import in_days


def remind() -> None:
    """Where archives are kept for less than two days, the mail that says they are ready is enough."""
    if current_app.config["ARCHIVE_KEEP_DAYS"] < 2:  # noqa: PLR2004
        return
    fetched = exists().where(ArchiveDownload.archive_id == Archive.id)
    reminded = exists().where(Mail.archive_id == Archive.id, Mail.kind == MailKind.REMINDER)
    soon = (Archive.state == State.READY, Archive.expires_at <= in_days(1), ~fetched, ~reminded)
    begin_write()
    for archive_id, user_id in db.session.execute(select(Archive.id, Archive.user_id).where(*soon)).all():
        outbox.put(MailKind.REMINDER, user_id, archive_id, archive_id=archive_id)
    db.session.commit()
