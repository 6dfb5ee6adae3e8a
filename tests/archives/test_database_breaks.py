"""The database breaks in the middle of an archive: the attempt may be lost, the archive comes anyway, once."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from celery.exceptions import SoftTimeLimitExceeded
from flask import Flask
from sqlalchemy.exc import OperationalError

from app.archives import making, reconciling, service, storage
from app.engine.snapshot import open_snapshot
from app.extensions import db
from app.models import Cause, Entry, State, User
from tests.archives.conftest import let_lease_pass, load, paths_of
from tests.databases import away, before_statement, cut_connections, freezer


@pytest.fixture
def settings(postgresql_settings: dict[str, Any]) -> dict[str, Any]:
    limits = {"DATABASE_CONNECT_SECONDS": 2, "DATABASE_LOST_SECONDS": 1}
    return {**postgresql_settings, **limits, "ARCHIVE_RETRY_SECONDS": 0}


@pytest.fixture(autouse=True)
def impatient_sweeper(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "SWEEP_AGE", -5)


def attempt(user_id: str) -> None:
    """As a worker does it: what fails here is a failed task, and the next one begins without a session."""
    try:
        making.generate(user_id)
    except OperationalError:
        db.session.rollback()
    finally:
        db.session.remove()


def assert_it_comes_once(app: Flask, ann: User, archive_id: str) -> None:
    """And the file that an attempt may have left, with no row that speaks of it, goes with the sweeper."""
    if load(archive_id).state == State.RUNNING:
        let_lease_pass(archive_id)
    reconciling.reconcile()
    attempt(ann.id)
    assert load(archive_id).state == State.READY
    reconciling.reconcile()
    folder = Path(app.config["ARCHIVE_DIR"])
    assert list((folder / "ready").iterdir()) == paths_of(load(archive_id))
    assert list((folder / "tmp").iterdir()) == []


def test_a_connection_that_breaks_costs_an_attempt_at_most(app: Flask, ann: User, journal: Entry) -> None:
    """Cut before every sixth statement of a whole attempt."""
    number = 1
    while True:
        archive_id, _ = service.request_archive(ann.id)
        with before_statement(number, db.engine, partial(cut_connections, app.config["DATABASE_URL"])) as sent:
            attempt(ann.id)
        if len(sent) < number:
            break
        assert_it_comes_once(app, ann, archive_id)
        service.delete(ann.id, archive_id)
        number += 6
    assert number > 20
    assert load(archive_id).state == State.READY


@contextmanager
def soft_limit_in(seconds: float) -> Iterator[None]:
    """Strikes as Celery's does: in the main thread, wherever that is."""

    def strike(*_: object) -> None:
        raise SoftTimeLimitExceeded

    before = signal.signal(signal.SIGALRM, strike)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture
def locked_table(app: Flask) -> Iterator[None]:
    """Whoever reads the comments waits."""
    with psycopg.connect(app.config["DATABASE_URL"]) as connection:
        connection.execute("LOCK TABLE comment IN ACCESS EXCLUSIVE MODE")
        yield
        connection.rollback()


@pytest.mark.usefixtures("journal", "locked_table")
def test_an_archive_that_is_too_slow_within_a_query_is_not_tried_again(
    ann: User, waiting: str, caplog: pytest.LogCaptureFixture
) -> None:
    with soft_limit_in(3):
        attempt(ann.id)
    [failure] = [each.exc_info[1] for each in caplog.records if each.name == making.__name__ and each.exc_info]
    assert isinstance(failure, OperationalError)  # the control: whoever looks no further sees no time limit
    assert (load(waiting).state, load(waiting).error) == (State.FAILED, Cause.TOO_SLOW)


def test_a_database_that_stays_away_for_the_rest_of_the_attempt(
    app: Flask, ann: User, journal: Entry, waiting: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Not even its end can be written down then; the lease says it."""
    with away(app.config["DATABASE_URL"]) as take_away:
        with before_statement(15, db.engine, take_away):
            attempt(ann.id)
        assert "left to the reconciler" in caplog.text
    assert load(waiting).state == State.RUNNING
    assert_it_comes_once(app, ann, waiting)
    assert load(waiting).attempt == 2


def test_a_server_that_hangs_in_the_middle_lets_the_worker_go(
    app: Flask, ann: User, journal: Entry, waiting: str, caplog: pytest.LogCaptureFixture
) -> None:
    """In a snapshot that may be read for long, and would be waited for as long."""
    with freezer(app.config["DATABASE_URL"]) as freeze:
        with before_statement(13, db.engine, freeze) as sent:
            attempt(ann.id)
        assert "the server has said nothing" in caplog.text
        assert "left to the reconciler" in caplog.text
    assert sent[12].startswith("SELECT")
    assert_it_comes_once(app, ann, waiting)
    assert load(waiting).attempt == 2


def test_a_long_reading_of_a_server_that_is_there_goes_on(app: Flask) -> None:
    """The control: without asking, it would be ended after a second."""
    with open_snapshot(db.engine) as (connection, _moment):
        assert connection.execute(sa.text("SELECT pg_sleep(1.5), 1")).one()[1] == 1
