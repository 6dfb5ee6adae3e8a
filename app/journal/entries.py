"""Write, change, delete and find entries. Every loader asks whose the row is; absent and not yours are both None."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date as date_

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.extensions import db
from app.journal import uploads
from app.journal.access import readable_by
from app.journal.attachments import Upload, check_number, stored
from app.journal.tags import drop_unused_tags, ensure_tags
from app.models import Entry, User, Visibility, entry_reader

TITLE_MAX = 200
_MOST_PAST_READERS = 20


class EntryGoneError(Exception):
    """The entry was deleted in the meantime."""


@dataclass(frozen=True)
class Draft:
    """An entry as its author wants it."""

    title: str
    body: str
    date: date_ | None = None
    tags: Sequence[str] = ()
    visibility: Visibility = Visibility.PRIVATE
    readers: Sequence[User] = ()


def find_own_entry(author_id: str, entry_id: str) -> Entry | None:
    return db.session.scalar(select(Entry).where(Entry.id == entry_id, Entry.author_id == author_id))


def _lock_own_entry(author_id: str, entry_id: str) -> Entry:
    """For changing it: on PostgreSQL two clicks at once take their turns. Raises EntryGoneError."""
    mine = select(Entry).where(Entry.id == entry_id, Entry.author_id == author_id).with_for_update()
    entry = db.session.scalar(mine, execution_options={"populate_existing": True})
    if entry is None:
        raise EntryGoneError
    return entry


def find_readable_entry(reader_id: str, entry_id: str) -> Entry | None:
    found = select(Entry).where(Entry.id == entry_id, readable_by(reader_id))
    return db.session.scalar(found.options(joinedload(Entry.author)))


def list_past_readers(author_id: str) -> Sequence[User]:
    """People with an account whom this author shares entries with, by name."""
    chosen = select(entry_reader.c.user_id).join(Entry, Entry.id == entry_reader.c.entry_id)
    known = User.id.in_(chosen.where(Entry.author_id == author_id))
    found = select(User).where(known, User.email.is_not(None)).order_by(User.name, User.id).limit(_MOST_PAST_READERS)
    return db.session.scalars(found).all()


def add_entry(author_id: str, draft: Draft, files: Sequence[Upload] = ()) -> Entry:
    """Raises UploadRefusedError, and then nothing is kept."""
    check_number([file.name for file in files])
    with stored(files, author_id) as attachments:
        entry = Entry(author_id=author_id, attachments=attachments)
        db.session.add(entry)
        _apply(entry, draft)
        db.session.commit()
    return entry


def change_entry(author_id: str, entry_id: str, draft: Draft, files: Sequence[Upload] = ()) -> Entry:
    """Raises UploadRefusedError or EntryGoneError, and then everything is as before."""
    names = [file.name for file in files]
    check_number(names, entry_id)  # before any byte is written, and again when nobody else can add one
    with stored(files, author_id) as attachments:
        entry = _lock_own_entry(author_id, entry_id)
        check_number(names, entry_id)
        former = list(entry.tags)
        _apply(entry, draft)
        entry.attachments.extend(attachments)
        drop_unused_tags(former)
        db.session.commit()
    return entry


def delete_entry(author_id: str, entry_id: str) -> None:
    """Raises EntryGoneError."""
    entry = _lock_own_entry(author_id, entry_id)
    names = [attachment.stored_name for attachment in entry.attachments]
    tags = list(entry.tags)
    db.session.delete(entry)
    drop_unused_tags(tags)
    db.session.commit()
    uploads.discard(names)


def _apply(entry: Entry, draft: Draft) -> None:
    entry.title = draft.title
    entry.body = draft.body
    entry.date = draft.date
    entry.visibility = draft.visibility
    entry.readers = list(draft.readers) if draft.visibility is Visibility.CHOSEN else []
    with db.session.no_autoflush:
        tags = ensure_tags(draft.tags)
    entry.tags = [tags[name] for name in draft.tags]
