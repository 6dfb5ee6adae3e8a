"""Somebody with a little of everything, whose archive has two parts."""

import hashlib
import secrets
from pathlib import Path

from app.extensions import begin_write, db
from app.models import Attachment, Comment, Entry, Tag, User

PART_SIZE = 230_000
"""Bytes."""
PICTURE = 60_000


def make_person(uploads: Path) -> str:
    uploads.mkdir(mode=0o700, exist_ok=True)
    begin_write()
    person = User(name="Ann", email="ann@example.org")
    db.session.add(person)
    db.session.flush()
    for number in range(2):
        entry = Entry(author_id=person.id, title=f"Day {number}", body="Waves", tags=[Tag(name=f"sea {number}")])
        entry.attachments = [_store_picture(uploads, number)]
        entry.comments = [Comment(author_id=person.id, body="Nice")]
        db.session.add(entry)
    db.session.commit()
    return person.id


def _store_picture(uploads: Path, number: int) -> Attachment:
    content = secrets.token_bytes(PICTURE)
    name = secrets.token_hex(16)
    (uploads / name).write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    facts = {"media_type": "image/jpeg", "size": PICTURE, "sha256": digest, "stored_name": name}
    return Attachment(name=f"{number}.jpg", **facts)
