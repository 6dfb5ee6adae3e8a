"""People whose every text says whose it is: `canary-<person>-<number>`, so that a foreign one is seen anywhere."""

import hashlib
import random
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from argon2 import PasswordHasher

from app import create_app
from app.extensions import begin_write, db
from app.models import Attachment, Entry, User
from app.models.columns import new_id
from tests.conftest import PASSWORD

SIZES = (10, 60, 250, 1000)
"""Entries in a journal."""
_QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""Checking a password takes a tenth of a second by design, and says nothing about archives."""
PICTURES = 99_000
"""Numbers of canaries from here on stand in files, not in texts."""


@dataclass(frozen=True)
class Person:
    number: int
    id: str
    email: str
    entries: int


def canary(person: int, number: int) -> str:
    return f"canary-{person:03}-{number:05}"


def make_people(
    settings: dict[str, Any], count: int, rng: random.Random, sizes: Sequence[int] = SIZES
) -> list[Person]:
    app = create_app(settings)
    with app.app_context():
        begin_write()
        hashed = _QUICK.hash(PASSWORD)
        uploads = Path(app.config["UPLOAD_DIR"])
        uploads.mkdir(mode=0o700, exist_ok=True)
        people = [_make_person(number, rng.choice(sizes), hashed, uploads) for number in range(count)]
        db.session.commit()
        db.session.remove()
        db.engine.dispose()
    return people


def _make_person(number: int, entries: int, hashed: str, uploads: Path) -> Person:
    person = Person(number, new_id(), f"person{number}@example.org", entries)
    db.session.add(User(id=person.id, name=canary(number, 0), email=person.email, password_hash=hashed))
    db.session.flush()
    rows = [_entry(person, each) for each in range(entries)]
    db.session.execute(sa.insert(Entry), rows)
    db.session.add(_attachment(number, rows, uploads))
    return person


def _entry(person: Person, number: int) -> dict[str, Any]:
    """Its body cannot be compressed, so archives take their time to write and to send."""
    name = canary(person.number, number)
    return {"id": new_id(), "author_id": person.id, "title": name, "body": f"{name} {secrets.token_hex(700)}"}


def _attachment(number: int, rows: Sequence[dict[str, Any]], uploads: Path) -> Attachment:
    content = canary(number, PICTURES).encode() * 2000
    stored_name = secrets.token_hex(16)
    (uploads / stored_name).write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    facts = {"media_type": "text/plain", "size": len(content), "sha256": digest, "stored_name": stored_name}
    return Attachment(entry_id=rows[0]["id"], name="file.txt", **facts)
