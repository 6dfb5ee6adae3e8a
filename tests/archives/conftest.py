import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.archives import ledger, service, storage
from app.extensions import db
from app.models import Archive, Attachment, Comment, Entry, State, Tag, User
from app.models.columns import database_time
from app.tasks import generate_user_archive
from tests.conftest import PASSWORD
from tests.programs import CELERY, Program, wait_until


@pytest.fixture
def settings(any_database: dict[str, Any]) -> dict[str, Any]:
    """Everything an archive goes through is tried on SQLite and on PostgreSQL."""
    return any_database


@pytest.fixture
def journal(app: Flask, ann: User, bob: User) -> Entry:
    """Two entries of Ann's and one of Bob's, each commented on by both; returns Ann's first.

    Ann's second has lost its picture; the folder of uploads is there.
    """
    Path(app.config["UPLOAD_DIR"]).mkdir()
    entries = [
        Entry(author_id=ann.id, title="By the sea", body="Waves", tags=[Tag(name="sea")]),
        Entry(author_id=ann.id, title="At home", body="=1+1", attachments=[_file("lost.jpg")]),
        Entry(author_id=bob.id, title="Bob's day", body="CANARY of Bob"),
    ]
    db.session.add_all(entries)
    db.session.flush()
    for entry in entries:
        db.session.add_all(Comment(entry_id=entry.id, author_id=person.id, body="Nice") for person in (ann, bob))
    db.session.commit()
    return entries[0]


def _file(name: str) -> Attachment:
    return Attachment(name=name, media_type="image/jpeg", size=1, sha256="0" * 64, stored_name=f"nowhere-{name}")


@pytest.fixture
def waiting(app: Flask, ann: User) -> str:
    """Id of Ann's queued archive."""
    return ledger.insert(ann.id)[0]


def load(archive_id: str) -> Archive:
    archive = db.session.get(Archive, archive_id, populate_existing=True)
    assert archive is not None
    db.session.commit()
    return archive


def path_of(name: str) -> Path:
    """Where a published file lies, in tests without a bucket."""
    return Path(storage.place_of(name))


def paths_of(archive: Archive) -> list[Path]:
    return [Path(place) for place in service.places_of(archive)]


def files_of(app: Flask) -> list[str]:
    """Names of all files that archives have left on this machine: published ones, and those of attempts."""
    folder = Path(app.config["ARCHIVE_DIR"])
    return sorted(path.name for path in folder.rglob("*") if path.parent != folder)


def let_lease_pass(archive_id: str) -> None:
    """As if its worker had been silent for long."""
    change(archive_id, lease_until=database_time(-1))


def change(archive_id: str, **values: Any) -> None:
    db.session.execute(sa.update(Archive).where(Archive.id == archive_id).values(**values))
    db.session.commit()


@pytest.fixture
def beat(settings: dict[str, Any], tmp_path: Path) -> Iterator[Program]:
    beat = Program([*CELERY, "beat", "--loglevel", "INFO"], tmp_path / "beat.log", settings=settings)
    yield beat
    beat.stop(seconds=0)


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Who was rung for; no broker is needed to see that."""
    people: list[str] = []
    monkeypatch.setattr(generate_user_archive, "delay", people.append)
    return people


def request(person: User) -> str:
    """The row, then the bell, as the page does it; returns the archive's id."""
    archive_id, _ = service.request_archive(person.id)
    generate_user_archive.delay(person.id)
    return archive_id


def wait_for_state(archive_id: str, state: State, *, done: int = 0) -> Archive:
    """`done`: at least so far, in thousandths."""

    def look() -> Archive | None:
        archive = load(archive_id)
        return archive if archive.state == state and archive.done >= done else None

    return wait_until(look, what=f"{state} of {archive_id}")


def sign_in(client: FlaskClient, email: str) -> FlaskClient:
    answer = client.post("/sign-in", data={"email": email, "password": PASSWORD})
    assert answer.status_code in {302, 303}
    return client


@pytest.fixture
def ann_client(app: Flask, ann: User, client: FlaskClient, rung: list[str]) -> FlaskClient:
    return sign_in(client, "ann@example.org")


@pytest.fixture
def guarded(settings: dict[str, Any], ann: User) -> FlaskClient:
    """Ann, on the site with its protection against forged forms as in production."""
    site = create_app({"TESTING": True, "RATELIMIT_ENABLED": False, **settings})
    return sign_in_by_form(site.test_client())


def sign_in_by_form(client: FlaskClient) -> FlaskClient:
    form = {"email": "ann@example.org", "password": PASSWORD, "csrf_token": find_token(client.get("/sign-in").text)}
    assert client.post("/sign-in", data=form).status_code in {302, 303}
    return client


def find_token(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    return found[1]
