"""Connections of the pool that have gone are replaced, without asking PostgreSQL each time whether they are there.

SQLAlchemy's `pool_pre_ping` asks before each use: one of the five questions of a status page. One that has gone says
so by itself: its socket can be read, although nothing was asked. Only one that has rested for a while is asked.
"""

import select
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import psycopg
from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

TRUSTED_SECONDS = 1
"""A network can lose a connection without a word; `AttentiveConnection` gives up on it later than on a question."""
_RESTS_SINCE = "rests_since"


def replace_lost(engine: Engine) -> None:
    event.listen(engine, "checkin", _note)
    event.listen(engine, "checkout", partial(_look, engine.dialect.do_ping))


def _note(_connection: Any, record: Any) -> None:
    record.info[_RESTS_SINCE] = time.monotonic()


def _look(ask: Callable[[Any], bool], connection: Any, record: Any, _proxy: object) -> None:
    """Raises InvalidatePoolError, upon which the pool connects anew. It empties `info` then."""
    since = record.info.get(_RESTS_SINCE)
    if since is None or (time.monotonic() - since < TRUSTED_SECONDS and not _has_news(connection)):
        return
    try:
        ask(connection)
    except psycopg.Error as error:
        if not (connection.closed or connection.broken):
            raise
        raise InvalidatePoolError from error


def _has_news(connection: Any) -> bool:
    """Something was said that nobody asked for, such as the end."""
    if connection.closed:
        return True
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN)
    return bool(waiting.poll(0))
