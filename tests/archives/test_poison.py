"""Archives that nobody can make: they end in words, leave a trace, and keep nobody else waiting."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.archives import making, service
from app.extensions import db
from app.models import Attachment, Entry, State, User
from app.tasks import generate_user_archive
from tests.archives.conftest import change, load, sign_in
from tests.archives.poison import POISON
from tests.programs import PYTHON, QUIET, Program, wait_until

pytestmark = pytest.mark.worker


@pytest.fixture
def settings(postgresql_settings: dict[str, Any], valkey: str) -> dict[str, Any]:
    fast = {"ARCHIVE_LEASE_SECONDS": 4, "RECONCILE_SECONDS": 0.5, "ARCHIVE_RETRY_SECONDS": 0.1}
    return {**postgresql_settings, **fast, "REDIS_URL": valkey}


@pytest.fixture
def deadly(ann: User) -> str:
    """Id of Ann's archive, for which a picture is read that kills the worker each time."""
    entry = Entry(author_id=ann.id, title="Photo", body="")
    entry.attachments = [
        Attachment(name="a.jpg", media_type="image/jpeg", size=1, sha256="0" * 64, stored_name=POISON)
    ]
    db.session.add(entry)
    db.session.commit()
    return service.request_archive(ann.id)[0]


@pytest.fixture
def unreadable(bob: User) -> str:
    """Id of Bob's archive, of which a row holds what Python has no value for."""
    entry = Entry(author_id=bob.id, title="For ever", body="")
    db.session.add(entry)
    db.session.commit()
    db.session.execute(sa.text("UPDATE entry SET date = 'infinity' WHERE id = :id"), {"id": entry.id})
    db.session.commit()
    return service.request_archive(bob.id)[0]


@pytest.fixture
def worker(settings: dict[str, Any], tmp_path: Path, deadly: str, unreadable: str) -> Iterator[Program]:
    command = [*PYTHON, "celery", "-A", "tests.archives.poison", "worker", "--loglevel", "INFO", "--concurrency", "2"]
    worker = Program([*command, *QUIET], tmp_path / "worker.log", settings=settings)
    yield worker
    worker.stop(seconds=0)


def test_poison_ends_after_five_attempts_and_others_are_served_meanwhile(
    app: Flask,
    make_person: Callable[..., User],
    deadly: str,
    unreadable: str,
    worker: Program,
    beat: Program,
) -> None:
    for number in range(1, 6):
        wait_until(partial(_has_begun, deadly, number), what="another attempt")
        _check_served(make_person(f"Person{number}"))
    wait_until(lambda: not any(load(each).is_active for each in (deadly, unreadable)), seconds=100, what="the end")
    _check_words(app, "ann@example.org", deadly, "the server was restarted too often")
    _check_words(app, "bob@example.org", unreadable, "of a fault on our side")
    log = worker.log()
    for archive_id in (deadly, unreadable):
        assert (load(archive_id).state, load(archive_id).attempt) == (State.FAILED, 5)
        assert f"archive {load(archive_id).reference}: attempt 5\n" in log
    assert f"archive {load(deadly).reference}: has failed, interrupted in attempt 5" in log
    assert f"archive {load(unreadable).reference}: attempt 5 of 5 failed" in log
    assert f"archive {load(unreadable).reference}: has failed in attempt 5: fault" in log
    assert "psycopg.DataError: date too large" in log  # what it was, for the operator


def _has_begun(archive_id: str, attempt: int) -> bool:
    return load(archive_id).attempt >= attempt


def _check_served(person: User) -> None:
    archive_id, _ = service.request_archive(person.id)
    generate_user_archive.delay(person.id)
    wait_until(lambda: load(archive_id).state == State.READY, what="another person's archive")
    assert load(archive_id).attempt == 1


def _check_words(app: Flask, email: str, archive_id: str, reason: str) -> None:
    with app.app_context():  # of its own: it remembers who has signed in
        page = sign_in(app.test_client(), email).get(f"/archives/{archive_id}").text
    assert f"because {reason} (reference {load(archive_id).reference})" in page
    assert "Try again" in page


def test_without_a_limit_it_would_be_tried_for_ever(app: Flask, bob: User, unreadable: str) -> None:
    """The control."""
    app.config["ARCHIVE_MAX_ATTEMPTS"] = 10**6
    for _ in range(7):
        change(unreadable, not_before=None)
        making.generate(bob.id)
    assert (load(unreadable).state, load(unreadable).attempt) == (State.QUEUED, 7)
