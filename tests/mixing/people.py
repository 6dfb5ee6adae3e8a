"""People with a canary in every cell that holds text: the same in no other cell, and known whose it is.

Person `n` shares an entry with person `n - 1`, who comments on it. So both archives hold that comment, and the first
shows the second's name; nothing else of one person may be in another's archive.
"""

import hashlib
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from app import create_app
from app.extensions import Model, begin_write, db
from app.models import Archive, ArchiveDownload, ArchivePart, Attachment, Comment, Entry, SignIn, State, Tag, User
from app.models.columns import new_id, now
from app.models.journal import entry_reader, entry_tag
from tests.chaos.people import canary

Row = tuple[type[Model] | sa.Table, dict[str, Any]]


@dataclass
class Person:
    number: int
    id: str = field(default_factory=new_id)
    entry_id: str = field(default_factory=new_id)
    expected: set[str] = field(default_factory=set)
    """The canaries of their archive. Secrets and internal columns hold others, which must be in none."""
    name: str = ""


def make_people(settings: dict[str, Any], count: int) -> list[Person]:
    """Committed, each with a file in the upload folder."""
    app = create_app(settings)
    people = [Person(number) for number in range(count)]
    with app.app_context():
        uploads = Path(app.config["UPLOAD_DIR"])
        uploads.mkdir(mode=0o700, exist_ok=True)
        begin_write()
        for person in people:
            for model, row in _rows(person, people[person.number - 1], uploads):
                db.session.execute(sa.insert(model), row)
        db.session.commit()
        db.session.remove()
        db.engine.dispose()
    return people


def _rows(person: Person, friend: Person, uploads: Path) -> Iterator[Row]:
    numbers = itertools.count()

    def cell() -> str:
        found = canary(person.number, next(numbers))
        person.expected.add(found)
        return found

    def hidden() -> str:
        return canary(person.number, next(numbers))

    yield from _account(person, cell, hidden)
    yield from _journal(person, cell, hidden, uploads)
    yield from _earlier_archive(person, cell, hidden)
    yield from _shared(person, friend, cell)


def _account(person: Person, cell: Callable[[], str], hidden: Callable[[], str]) -> Iterator[Row]:
    person.name = cell()
    yield User, {"id": person.id, "name": person.name, "email": f"{cell()}@example.org", "password_hash": hidden()}
    yield SignIn, {"user_id": person.id, "ip_address": cell(), "user_agent": cell()}


def _journal(person: Person, cell: Callable[[], str], hidden: Callable[[], str], uploads: Path) -> Iterator[Row]:
    own = {"id": person.entry_id, "author_id": person.id}
    yield Entry, {**own, "title": cell(), "body": cell(), "import_key": hidden()}
    tag_id = new_id()
    yield Tag, {"id": tag_id, "name": cell()}
    yield entry_tag, {"entry_id": person.entry_id, "tag_id": tag_id}
    yield Comment, {"entry_id": person.entry_id, "author_id": person.id, "body": cell()}
    content = (cell() * 100).encode()
    stored_name = hidden()
    (uploads / stored_name).write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    facts = {"media_type": "text/plain", "size": len(content), "sha256": digest, "stored_name": stored_name}
    yield Attachment, {"entry_id": person.entry_id, "name": f"{cell()}.txt", **facts}


def _earlier_archive(person: Person, cell: Callable[[], str], hidden: Callable[[], str]) -> Iterator[Row]:
    archive_id = cell()
    past = {"state": State.EXPIRED, "finished_at": now(), "error": cell(), "part_count": 1}
    yield Archive, {"id": archive_id, "user_id": person.id, **past}
    yield ArchivePart, {"archive_id": archive_id, "number": 1, "file_name": hidden(), "size": 1, "sha256": cell()}
    seen = {"ip_address": cell(), "user_agent": cell()}
    yield ArchiveDownload, {"archive_id": archive_id, "part_number": 1, **seen}


def _shared(person: Person, friend: Person, cell: Callable[[], str]) -> Iterator[Row]:
    """The friend is the person before; the first person has nobody."""
    if friend.name and friend is not person:
        yield entry_reader, {"entry_id": person.entry_id, "user_id": friend.id}
        body = cell()
        yield Comment, {"entry_id": person.entry_id, "author_id": friend.id, "body": body}
        friend.expected.add(body)
        person.expected.add(friend.name)
