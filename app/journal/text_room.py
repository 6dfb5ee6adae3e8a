"""How much one person may write: texts are searched, counted and archived, and lie on the database's disk."""

from flask import current_app
from sqlalchemy import func, select

from app.extensions import db
from app.models import Comment, Entry


def find_room(author_id: str, entry_id: str | None = None) -> int | None:
    """So many bytes one more text may have, or that of this entry; None: any number.

    The text of an entry may always stay as long as it is. Those who save at the same moment may pass the quota by
    what they save.
    """
    quota: int | None = current_app.config["TEXT_QUOTA_BYTES"]
    if quota is None:
        return None
    entries = select(func.sum(func.octet_length(Entry.body))).where(Entry.author_id == author_id)
    comments = select(func.sum(func.octet_length(Comment.body))).where(Comment.author_id == author_id)
    taken = sum(int(db.session.scalar(sizes) or 0) for sizes in (entries, comments))
    former = int(db.session.scalar(entries.where(Entry.id == entry_id)) or 0) if entry_id else 0
    return max(quota - taken, 0) + former
