"""Column types and SQL that all models share."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import uuid_utils
from sqlalchemy import ColumnElement, DateTime, Dialect, TypeDecorator, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class Moment(TypeDecorator[datetime]):
    """A point in time, always in UTC and aware, also on SQLite, which stores no zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class database_time(FunctionElement[datetime]):  # noqa: N801  # reads as the SQL function it is
    """The database's clock, `seconds` from now: leases of several machines are compared on one clock."""

    type = Moment()
    inherit_cache = True

    def __init__(self, seconds: float = 0) -> None:
        self.seconds = float(seconds)
        # Written into the SQL, and so a part of what SQLAlchemy remembers a compiled statement by. Without that it
        # would compile each anew: three quarters of the time of a status page.
        super().__init__(literal_column(repr(self.seconds)))


@compiles(database_time, "postgresql")
def _postgresql_time(element: database_time, _compiler: object, **_: object) -> str:
    return f"(clock_timestamp() + interval '{element.seconds} seconds')"


@compiles(database_time, "sqlite")
def _sqlite_time(element: database_time, _compiler: object, **_: object) -> str:
    # Six digits of fraction, as SQLAlchemy writes them: SQLite compares times as text.
    return f"strftime('%Y-%m-%d %H:%M:%f000', 'now', '{element.seconds:+f} seconds')"


def now() -> datetime:
    return datetime.now(UTC)


def in_days(days: float) -> ColumnElement[datetime]:
    return database_time(timedelta(days=days).total_seconds())


def fit_origin(ip_address: str | None, user_agent: str | None) -> dict[str, Any]:
    """Where a request comes from, cut to what the columns of these names hold: browsers may claim anything."""
    return {"ip_address": ip_address and ip_address[:45], "user_agent": user_agent and user_agent[:400]}


def is_id(text: object) -> bool:
    """A forged message may carry anything."""
    try:
        uuid.UUID(str(text))
    except ValueError:
        return False
    return isinstance(text, str)


def new_id() -> str:
    """UUIDv7: sorts in the order of creation, so a table read by its primary key tells a story."""
    return str(uuid_utils.uuid7())
