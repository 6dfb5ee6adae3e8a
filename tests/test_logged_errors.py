"""What PostgreSQL refuses is logged without the values that it was about."""

import logging
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from app.accounts.people import EmailTakenError
from app.extensions import db
from app.log_format import JsonFormatter
from app.models import User

CANARY = "canary-3f9a@example.org"
FORMS = {"text": logging.Formatter(), "json": JsonFormatter()}


@pytest.fixture
def settings(postgresql_settings: dict[str, Any]) -> dict[str, Any]:
    return postgresql_settings


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> logging.Formatter:
    return FORMS[request.param]


def insert(connection: Any) -> None:
    connection.execute(sa.insert(User).values(email=CANARY, name="Ann"))


def refuse_twin(connection: Any) -> IntegrityError:
    insert(connection)
    with pytest.raises(IntegrityError) as refused:
        insert(connection)
    return refused.value


def spell(form: logging.Formatter, error: BaseException) -> str:
    given = {"name": "app", "levelname": "ERROR", "msg": "It failed", "exc_info": (type(error), error, None)}
    return form.format(logging.makeLogRecord(given))


@pytest.mark.usefixtures("app")
def test_a_value_that_is_there_twice_is_not_named(form: logging.Formatter) -> None:
    """Nor where another error follows from this one."""
    with db.engine.connect() as connection:
        refused = refuse_twin(connection)
    with pytest.raises(EmailTakenError) as taken:
        raise EmailTakenError from refused
    for error in (refused, refused.orig, taken.value):
        assert error is not None
        line = spell(form, error)
        assert "duplicate key value violates unique constraint" in line
        assert CANARY not in line
    assert isinstance(refused.orig, psycopg.Error)
    assert CANARY in (refused.orig.diag.message_detail or "")


def test_a_value_of_a_function_is_not_named(app: Any, form: logging.Formatter) -> None:
    """PostgreSQL says in CONTEXT where it was, and by which values."""
    raising = f"DO $$ BEGIN EXECUTE 'SELECT 1 / length(substr(''{CANARY}'', 99))'; END $$"
    with db.engine.connect() as connection, pytest.raises(sa.exc.DBAPIError) as failed:
        connection.execute(sa.text(raising))
    error = failed.value.orig
    assert isinstance(error, psycopg.Error)
    assert CANARY in (error.diag.context or "")
    assert CANARY not in spell(form, error)


def test_without_our_connection_it_would_be(settings: dict[str, Any], form: logging.Formatter) -> None:
    """The control: psycopg's own."""
    url = sa.make_url(settings["DATABASE_URL"]).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(url, hide_parameters=True)
    with engine.connect() as connection:
        assert CANARY in spell(form, refuse_twin(connection))
    engine.dispose()
