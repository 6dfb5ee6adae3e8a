"""Connections to PostgreSQL that notice when it hangs, by TLS where it is on another machine.

On other databases no driver is loaded.
"""

from functools import partial
from typing import TYPE_CHECKING, Any

import click
from flask.cli import ScriptInfo
from sqlalchemy import Connection, Engine, event

from app.postgresql import tls
from app.postgresql.limits import Limits

if TYPE_CHECKING:
    from app.postgresql.attentive import AttentiveConnection


def demand_tls(engine: Engine) -> None:
    """As production wants it, see `tls`. Before `notice_hangs`, which connects; does nothing on other databases."""
    if engine.dialect.name == "postgresql":
        event.listen(engine, "do_connect", _secure)


def _secure(_dialect: object, _record: object, _args: object, named: dict[str, Any]) -> None:
    named.update(tls.secure(named))


def notice_hangs(engine: Engine, limits: Limits) -> None:
    """Let the engine's connections be attentive, and replace the lost ones; does nothing on other databases."""
    if engine.dialect.name != "postgresql":
        return
    from app.postgresql.pool import replace_lost  # noqa: PLC0415  # it loads psycopg

    replace_lost(engine)
    event.listen(engine, "do_connect", partial(_connect, limits))
    event.listen(engine, "before_cursor_execute", _set_limit)
    event.listen(engine, "checkin", _rest)


def _connect(limits: Limits, _dialect: object, _record: object, args: Any, named: Any) -> "AttentiveConnection":
    # They load psycopg, which nobody else has a use for.
    from psycopg import OperationalError  # noqa: PLC0415

    from app.postgresql.attentive import AttentiveConnection  # noqa: PLC0415

    try:
        made = AttentiveConnection.connect(*args, **{**named, "connect_timeout": limits.whole_connect})
    except OperationalError as error:
        if advice := tls.advise(error, named):
            raise OperationalError(f"{error}. {advice}") from error
        raise
    made.limits = limits
    _rest(made)
    return made


def _set_limit(connection: Connection, *_: object) -> None:
    attentive: Any = connection.connection.dbapi_connection
    attentive.is_patient = _has_time(connection)
    attentive.seconds = attentive.limits.lost if attentive.is_patient else attentive.limits.answer


def _has_time(connection: Connection) -> bool:
    """A snapshot that is read, or a command such as `flask db upgrade`."""
    command = click.get_current_context(silent=True)
    is_snapshot = connection.get_execution_options().get("postgresql_readonly", False)
    return is_snapshot or (command is not None and command.find_object(ScriptInfo) is not None)


def _rest(connection: Any, _record: object = None) -> None:
    """The next that is asked of it, if it rests, is whether it is there."""
    if connection is not None:
        connection.is_patient, connection.seconds = False, connection.limits.connect
