"""PostgreSQL stands still and keeps its connections: pages say so soon. Workers: archives/test_database_breaks.py."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from app import create_app
from app.extensions import db
from app.models import User
from app.postgresql import pool
from app.postgresql.attentive import AttentiveConnection
from tests.conftest import PASSWORD
from tests.databases import before_statement, freezer, run_sql
from tests.programs import wait_until
from tests.test_database_away import is_busy

SHORT = {"DATABASE_CONNECT_SECONDS": 2, "DATABASE_ANSWER_SECONDS": 1}
PATIENT = {"DATABASE_CONNECT_SECONDS": 0, "DATABASE_ANSWER_SECONDS": 0, "DATABASE_LOST_SECONDS": 0}


@pytest.fixture
def settings(postgresql_settings: dict[str, Any]) -> dict[str, Any]:
    return postgresql_settings


@contextmanager
def signed_in(settings: dict[str, Any], ann: User) -> Iterator[tuple[FlaskClient, sa.Engine]]:
    """With a connection in the pool, as a web server has it."""
    app = create_app({**settings, "WTF_CSRF_ENABLED": False, "RATELIMIT_ENABLED": False})
    with app.app_context():
        engine = db.engine
    client = app.test_client()
    assert client.post("/sign-in", data={"email": ann.email, "password": PASSWORD}).status_code == 302
    try:
        yield client, engine
    finally:
        engine.dispose()


@pytest.mark.parametrize("trusted", [0, 3600])
def test_a_page_is_answered_in_words_although_the_server_hangs(
    settings: dict[str, Any], ann: User, monkeypatch: pytest.MonkeyPatch, trusted: float
) -> None:
    """Before its first statement: neither the connection from the pool answers nor a new one. A connection that was
    used just now is not asked; its first statement has to find out.
    """
    monkeypatch.setattr(pool, "TRUSTED_SECONDS", trusted)
    with signed_in({**settings, **SHORT}, ann) as (client, _):
        with freezer(settings["DATABASE_URL"]) as freeze:
            freeze()
            assert is_busy(client.get("/archives/"))
        assert client.get("/archives/").status_code == 200


def test_a_page_is_answered_in_words_although_the_server_stops_in_the_middle(
    settings: dict[str, Any], ann: User
) -> None:
    with signed_in({**settings, **SHORT}, ann) as (client, engine):
        with freezer(settings["DATABASE_URL"]) as freeze, before_statement(2, engine, freeze) as sent:
            assert is_busy(client.get("/archives/"))
        assert len(sent) == 2
        assert client.get("/archives/").status_code == 200


def test_without_the_limits_it_would_wait_for_the_server(settings: dict[str, Any], ann: User) -> None:
    """The control: longer than both limits above together, and then until it is there again."""
    with signed_in({**settings, **PATIENT}, ann) as (client, _), ThreadPoolExecutor(1) as apart:
        with freezer(settings["DATABASE_URL"]) as freeze:
            freeze()
            answer = apart.submit(client.get, "/archives/")
            with pytest.raises(TimeoutError):
                answer.result(5)
        assert answer.result(60).status_code == 200


SLOW = "SELECT pg_sleep(120)"
AT_WORK = f"SELECT FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query = '{SLOW}'"


def give_up(settings: dict[str, Any]) -> None:
    """As a page does on a server that is merely slow."""
    app = create_app({**settings, **SHORT})
    with app.app_context():
        try:
            with pytest.raises(OperationalError, match="the server has said nothing for 1 seconds"):
                db.session.execute(sa.text(SLOW))
        finally:
            db.session.remove()
            db.engine.dispose()


def test_what_was_given_up_does_not_go_on_in_the_server(settings: dict[str, Any]) -> None:
    """Each would hold one of `max_connections` for DATABASE_STATEMENT_SECONDS."""
    give_up(settings)
    wait_until(lambda: run_sql(settings["DATABASE_URL"], AT_WORK) == 0, what="the statement's end", seconds=5)


def test_without_a_cancel_it_would(settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the socket is closed all the same."""
    monkeypatch.setattr(AttentiveConnection, "_cancel", lambda _: None)
    give_up(settings)
    time.sleep(5)
    assert run_sql(settings["DATABASE_URL"], AT_WORK) == 1


def test_a_server_that_hangs_is_told_for_a_second_at_most(settings: dict[str, Any]) -> None:
    """It is the first error that is told."""
    app = create_app({**settings, **SHORT})
    with app.app_context():
        db.session.execute(sa.text("SELECT 1"))
        with freezer(settings["DATABASE_URL"]) as freeze:
            freeze()
            begun = time.monotonic()
            with pytest.raises(OperationalError, match="the server has said nothing for 1 seconds"):
                db.session.execute(sa.text("SELECT 1"))
            assert time.monotonic() - begun < 4
        db.session.remove()
        db.engine.dispose()
