"""Breaks the connections to PostgreSQL from outside, at an exact moment."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import sqlalchemy as sa

from tests.databases import CUT


@contextmanager
def away(url: str) -> Iterator[Callable[[], None]]:
    """Yields what takes the database away: it cuts its connections and refuses new ones. At the end it is back."""
    parsed = sa.make_url(url)
    admin = parsed.set(database="postgres").render_as_string(hide_password=False)

    def allow(word: str) -> None:
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(f"ALTER DATABASE {parsed.database} WITH ALLOW_CONNECTIONS {word}")

    def take_away() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            allow("false")
            connection.execute(CUT)

    try:
        yield take_away
    finally:
        allow("true")


@contextmanager
def before_statement(number: int, engine: sa.Engine, strike: Callable[[], object]) -> Iterator[list[str]]:
    """Just before the statement with this number, from 1 on, something happens. Yields what was sent."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)
        if len(sent) == number:
            strike()

    sa.event.listen(engine, "before_cursor_execute", note)
    sa.event.listen(engine, "handle_error", _close)
    try:
        yield sent
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
        sa.event.remove(engine, "handle_error", _close)


def _close(error: sa.ExceptionContext) -> None:
    """SQLAlchemy lets go of the cursors of a broken connection without closing them, and psycopg warns of that."""
    if error.is_disconnect and error.execution_context is not None:
        error.execution_context.cursor.close()
