"""The libraries that the rest shares, each made once and bound to the application in `create_app`.

Anyone may import this room; of ours it imports only what says which task a line of the log is about.
"""

import sqlite3
from functools import partial
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING, Any, cast

from argon2 import PasswordHasher
from celery import Celery, Task
from celery.signals import worker_process_init
from flask import Flask, current_app, has_request_context, request
from flask_limiter import Limiter
from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from sqlalchemy import (
    Connection,
    CursorResult,
    Delete,
    Engine,
    ForeignKeyConstraint,
    MetaData,
    Select,
    Table,
    Update,
    event,
)
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase
from werkzeug.local import LocalProxy

from app.log_format import about

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
UNENFORCED = {"unenforced": True}
"""`info` of a foreign key that the models know and the database does not: its row may outlive the one it names."""


def client_network() -> str:
    """Who asks, as limits count them."""
    return find_network(request.remote_addr or "")


def client_line() -> str:
    """The same for what a customer must not take from all others: many have a /56 of IPv6, some a /48."""
    return find_network(request.remote_addr or "", 48)


def find_network(address: str, bits: int = 64) -> str:
    """An IPv4 address as it is; of an IPv6 address its first `bits`: every customer has all of the second half."""
    try:
        found = ip_address(address)
    except ValueError:
        return address or "unknown"
    if not isinstance(found, IPv6Address):
        return address
    return str(found.ipv4_mapped or IPv6Address(int(found) >> 128 - bits << 128 - bits))


class Base(DeclarativeBase):
    """Names every constraint, so that a later migration can find it."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        },
        info={"satchel": "own"},  # models of our own are loaded with the engine, wherever that is used
    )


# A commit does not expire loaded rows: the ledger commits often, and current_user stays usable after it.
db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})
login_manager = LoginManager()
csrf = CSRFProtect()
limiter = Limiter(client_network)
password_hasher = PasswordHasher()

if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model


def count_changed(statement: Update | Delete) -> int:
    """Execute it; how many rows it changed, which decides between two who change the same. Does not commit."""
    return cast("CursorResult[Any]", db.session.execute(statement)).rowcount


def is_any(rows: Select[Any]) -> bool:
    """Whether there is one of these. It is asked apart: whoever wants to know may be in a transaction."""
    with db.engine.connect().execution_options(writes=False) as connection:
        return connection.scalar(rows.limit(1)) is not None


def offer_migrations(app: Flask) -> None:
    """Flask-Migrate as soon as somebody asks for it: `flask db` does.

    It loads Alembic, Mako and Pygments, 10 MB that no worker and no web server needs.
    """
    app.extensions["migrate"] = LocalProxy(partial(_load_migrate, app))


def _load_migrate(app: Flask) -> object:
    from flask_migrate import Migrate  # noqa: PLC0415  # see above

    Migrate(app, db, render_as_batch=True, include_object=is_in_database)  # takes the place of the proxy
    return app.extensions["migrate"]


def is_in_database(item: Any, *_: object) -> bool:
    """For Alembic, which otherwise asks for a migration that adds the key.

    A Table without columns only says what becomes of one that somebody else makes and changes.
    """
    if isinstance(item, Table):
        return bool(item.columns)
    return not (isinstance(item, ForeignKeyConstraint) and item.info == UNENFORCED)


def celery_init_app(app: Flask) -> Celery:
    """The manual's function: tasks run inside the application context, settings come from CELERY."""

    class FlaskTask(Task):
        Request = "app.broker.acknowledgement:Request"

        def __call__(self, *args: object, **kwargs: object) -> object:
            with app.app_context(), about(task=self.name, task_id=str(self.request.id)):
                return self.run(*args, **kwargs)

    celery_app = Celery(app.name, task_cls=FlaskTask)
    celery_app.config_from_object(app.config["CELERY"])
    celery_app.set_default()
    app.extensions["celery"] = celery_app

    # A prefork child that uses its parent's connection reads answers meant for another process: 68 of 300
    # on PostgreSQL without this line, 0 of 480 with it.
    @worker_process_init.connect(weak=False)
    def open_own_connections(**_: object) -> None:
        with app.app_context():
            db.engine.dispose(close=False)

    return celery_app


def close_session(_error: BaseException | None) -> None:
    """At the end of each request and task. A connection that broke meanwhile has nothing left to roll back.

    Without this, the failed rollback replaced the page, which was finished already, by the server's bare 500.
    """
    try:
        db.session.remove()
    except OperationalError as error:
        db.session.registry.clear()
        current_app.logger.warning("the database went away before its session was closed: %s", error.orig)


def prepare_sqlite(engine: Engine) -> None:
    """Make SQLite keep the promises that PostgreSQL keeps by itself; does nothing on other databases."""
    if engine.dialect.name != "sqlite":
        return
    event.listen(engine, "connect", _prepare_connection)
    event.listen(engine, "begin", _begin)


def _prepare_connection(connection: sqlite3.Connection, _record: object) -> None:
    # Python's own transaction control would begin late and tear a snapshot (40 of 40 archives).
    connection.isolation_level = None
    for pragma in (
        "busy_timeout = 10000",
        "journal_mode = WAL",  # readers and one writer at a time, so a long snapshot blocks nobody
        "synchronous = FULL",  # a committed request survives a power cut; NORMAL may lose the last commits
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")
    # SQLite's own lower() knows ASCII only, and a search for "đêm" would not find "Đêm".
    connection.create_function("lower", 1, _lower, deterministic=True)
    # It has none before 3.43.
    connection.create_function("octet_length", 1, _octet_length, deterministic=True)


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _octet_length(value: Any) -> Any:
    return len(value.encode()) if isinstance(value, str) else value


def _begin(connection: Connection) -> None:
    """Take the write lock at once where a write is to be expected.

    A transaction that reads first and writes later is refused without waiting when somebody else wrote in
    between (SQLITE_BUSY_SNAPSHOT), whatever busy_timeout says.
    """
    writes = connection.get_execution_options().get("writes", _request_writes())
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _request_writes() -> bool:
    return has_request_context() and request.method not in SAFE_METHODS


def begin_write() -> None:
    """Start a write transaction on the session where none is to be expected: in commands, tasks and safe requests."""
    db.session.commit()
    options: dict[str, Any] = {"writes": True}
    db.session.connection(execution_options=options)
