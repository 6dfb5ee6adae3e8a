"""PostgreSQL's limits on time and connections, on a real server: what they end, and what they leave alone."""

from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask
from psycopg.errors import QueryCanceled
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app import audit, create_app
from app.archives import making, service
from app.config import SettingError
from app.extensions import db
from app.models import State, User, What
from app.postgresql import pool
from tests.databases import cut_connections

SLOW_ROWS = "SELECT number, pg_sleep(0.05) FROM generate_series(1, 40) AS number"


@pytest.fixture
def settings(postgresql_settings: dict[str, Any]) -> dict[str, Any]:
    limits = {"DATABASE_STATEMENT_SECONDS": 1, "DATABASE_POOL_SIZE": 2, "DATABASE_POOL_OVERFLOW": 1}
    return {**postgresql_settings, **limits, "DATABASE_POOL_WAIT_SECONDS": 0.5}


def test_a_statement_that_takes_too_long_is_ended(app: Flask) -> None:
    with db.engine.connect() as connection, pytest.raises(OperationalError) as ended:
        connection.execute(sa.text(SLOW_ROWS)).all()
    assert isinstance(ended.value.orig, QueryCanceled)


def test_a_long_reading_is_not(app: Flask) -> None:
    """A server-side cursor, as archives are read by: the time counts for each batch anew. The whole takes 2 s."""
    rows = sa.text(SLOW_ROWS).columns(sa.column("number"), sa.column("slept"))
    with db.engine.connect() as connection:
        before = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
        with connection.execute(rows, execution_options={"yield_per": 10}) as found:
            assert sum(len(batch) for batch in found.partitions()) == 40
        after = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
    assert (after - before).total_seconds() > 2


def test_a_batch_that_takes_too_long_is(app: Flask) -> None:
    """The control: the limit does reach a server-side cursor."""
    rows = sa.text(SLOW_ROWS).columns(sa.column("number"), sa.column("slept"))
    with db.engine.connect() as connection, pytest.raises(OperationalError):
        connection.execute(rows, execution_options={"yield_per": 30}).all()


@pytest.mark.parametrize(("limit", "waited_for"), [(0.5, True), (0, False)], ids=["ended", "control"])
def test_who_stands_still_with_the_end_of_the_audit_does_not_stop_everybody(
    app: Flask, ann: User, limit: float, waited_for: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that is gone closes no connection; 0 is without limit."""
    monkeypatch.setattr(import_module("app.audit.record"), "IDLE_SECONDS", limit)
    with app.app_context(), suppress(OperationalError):
        audit.record(What.SIGNED_OUT, ann.id)
        with app.app_context():
            try:
                audit.record(What.SIGNED_OUT, ann.id)
                db.session.commit()
                has_waited = True
            except OperationalError:
                db.session.rollback()
                has_waited = False
        db.session.commit()
    assert has_waited == waited_for
    assert app.config["DATABASE_LOCK_SECONDS"] > limit


def test_no_more_connections_than_set(app: Flask) -> None:
    held = [db.engine.connect() for _ in range(3)]
    with pytest.raises(PoolTimeoutError):
        db.engine.connect()
    for connection in held:
        connection.close()
    assert db.engine.pool.status().startswith("Pool size: 2")


@pytest.fixture
def ended(app: Flask, settings: dict[str, Any], make_person: Callable[..., User]) -> None:
    """The database was restarted while nobody asked: one connection of the pool is left, and is no longer one."""
    make_person("Ann")
    db.session.remove()
    assert cut_connections(settings["DATABASE_URL"]) >= 1


def count_people() -> int:
    return db.session.execute(sa.select(sa.func.count()).select_from(User)).scalar_one()


@pytest.mark.parametrize("trusted", [0, 3600])
@pytest.mark.usefixtures("ended")
def test_a_connection_that_the_server_ended_is_replaced(monkeypatch: pytest.MonkeyPatch, trusted: float) -> None:
    """Used an hour ago, as it were, and just now."""
    monkeypatch.setattr(pool, "TRUSTED_SECONDS", trusted)
    assert count_people() == 1


@pytest.mark.usefixtures("ended")
def test_without_listening_it_would_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control."""
    monkeypatch.setattr(pool, "TRUSTED_SECONDS", 3600)
    monkeypatch.setattr(pool, "_has_news", lambda _connection: False)
    with pytest.raises(OperationalError):
        count_people()
    db.session.remove()
    assert count_people() == 1  # and then it is replaced


@pytest.mark.parametrize(("trusted", "times"), [(0, 3), (3600, 0)])
def test_only_a_connection_that_has_rested_is_asked_whether_it_is_there(
    app: Flask, monkeypatch: pytest.MonkeyPatch, trusted: float, times: int
) -> None:
    monkeypatch.setattr(pool, "TRUSTED_SECONDS", trusted)
    asked: list[Any] = []

    def listen(connection: psycopg.Connection[Any], **more: Any) -> psycopg.Cursor[Any]:
        asked.append(connection)
        return psycopg.Cursor(connection, **more)

    with db.engine.connect() as connection:
        attentive: Any = connection.connection.dbapi_connection
        attentive.cursor_factory = listen
    for _ in range(3):
        db.engine.connect().close()
    assert len(asked) == times


def test_an_archive_needs_two_connections(
    postgresql_settings: dict[str, Any], make_person: Callable[..., User], caplog: pytest.LogCaptureFixture
) -> None:
    """One for the snapshot, one for whoever keeps the lease: with no more than two nobody waits."""
    person = make_person("Ann").id
    tight = {"DATABASE_POOL_SIZE": 2, "DATABASE_POOL_OVERFLOW": 0, "DATABASE_POOL_WAIT_SECONDS": 0.2}
    app = create_app({**postgresql_settings, **tight, "ARCHIVE_LEASE_SECONDS": 0.4})
    with app.app_context():
        service.request_archive(person)
        making.generate(person)
        assert service.list_archives(person)[0].state == State.READY
        assert "could not be renewed" not in caplog.text
        db.session.remove()
        db.engine.dispose()


@pytest.mark.parametrize("name", ["DATABASE_POOL_SIZE", "DATABASE_STATEMENT_SECONDS"])
def test_a_limit_that_is_no_number_is_explained(settings: dict[str, Any], name: str) -> None:
    with pytest.raises(SettingError, match=name):
        create_app({**settings, name: "many"})
