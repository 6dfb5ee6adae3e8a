"""Who may read an entry: said once, as SQL, so that a row that may not be read is never loaded."""

from sqlalchemy import ColumnElement, and_, exists, or_

from app.models import Entry, Visibility, entry_reader


def readable_by(reader_id: str) -> ColumnElement[bool]:
    return or_(Entry.author_id == reader_id, shared_with(reader_id))


def shared_with(reader_id: str) -> ColumnElement[bool]:
    chosen = exists().where(entry_reader.c.entry_id == Entry.id, entry_reader.c.user_id == reader_id)
    return or_(
        Entry.visibility == Visibility.MEMBERS,
        and_(Entry.visibility == Visibility.CHOSEN, chosen),
    )
