"""Connections to PostgreSQL that notice when it hangs. psycopg waits for an answer as long as the connection is open.

A process that stands still is not gone: the kernel goes on acknowledging what is sent to it, so that neither TCP's
limits nor the server's own timeouts end the wait. Here the client counts the seconds without a byte.
"""

import math
import time
from collections.abc import Generator
from dataclasses import dataclass
from functools import partial
from typing import Any

import click
import psycopg
from flask.cli import ScriptInfo
from sqlalchemy import Connection, Engine, event


@dataclass(frozen=True)
class Limits:
    """In seconds."""

    connect: float
    """For a new connection, and for one from the pool to say that it is alive."""
    answer: float
    """For a statement. Pages, the ledger and the lease's renewal have no time for more."""
    lost: float
    """For a statement that may take long: an archive's reading, an operator's command. Then the server is asked by
    another connection whether it is there."""
    longest: float
    """For the same, although the server is there."""


class AttentiveConnection(psycopg.Connection[Any]):
    """Gives up, and is closed, when the server says nothing for too long."""

    limits = Limits(math.inf, math.inf, math.inf, math.inf)
    seconds = math.inf
    """Without an answer, from now on."""
    is_patient = False
    """Asks whether the server is there, and goes on waiting if it is."""

    def wait(self, gen: Generator[Any, Any, Any], *args: Any, **more: Any) -> Any:
        """Raises OperationalError."""
        return super().wait(self._watch(gen), *args, **more)

    def _watch(self, gen: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        """What `gen` wants and gives. Each tenth of a second psycopg says, by a false value, that there is nothing."""
        heard = asked = time.monotonic()
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                now = time.monotonic()
                if ready:
                    heard = asked = now
                elif now - asked > self.seconds:
                    self._give_up_unless_it_is_there(now - heard)
                    asked = time.monotonic()
                wanted = gen.send(ready)
        except StopIteration as end:
            return end.value

    def _give_up_unless_it_is_there(self, silence: float) -> None:
        if self.is_patient and silence < self.limits.longest and self._is_server_there():
            return
        self.close()
        raise psycopg.OperationalError(f"the server has said nothing for {silence:.0f} seconds")

    def _is_server_there(self) -> bool:
        """One that refuses us is there."""
        try:
            psycopg.connect(self.info.dsn, password=self.info.password, connect_timeout=_whole(self.limits)).close()
        except psycopg.errors.ConnectionTimeout:
            return False
        except psycopg.OperationalError:
            return True
        return True


def notice_hangs(engine: Engine, limits: Limits) -> None:
    """Let the engine's connections be attentive; does nothing on other databases."""
    if engine.dialect.name != "postgresql":
        return
    event.listen(engine, "do_connect", partial(_connect, limits))
    event.listen(engine, "before_cursor_execute", _set_limit)
    event.listen(engine, "checkin", _rest)


def _connect(limits: Limits, _dialect: object, _record: object, args: Any, named: Any) -> AttentiveConnection:
    made = AttentiveConnection.connect(*args, **{**named, "connect_timeout": _whole(limits)})
    made.limits = limits
    _rest(made)
    return made


def _whole(limits: Limits) -> int:
    """As libpq has it: 0 is without limit."""
    return math.ceil(limits.connect) if math.isfinite(limits.connect) else 0


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
    """The next that is asked of it is whether it is alive."""
    if connection is not None:
        connection.is_patient, connection.seconds = False, connection.limits.connect
