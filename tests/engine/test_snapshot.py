"""Every answer of a snapshot is of one moment, on both databases; the default isolation is not, and tears."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
import sqlalchemy as sa

from app.engine.snapshot import open_snapshot
from app.extensions import prepare_sqlite

ROUNDS = 40

Open = Callable[[sa.Engine], AbstractContextManager[sa.Connection]]


@contextmanager
def snapshot(engine: sa.Engine) -> Iterator[sa.Connection]:
    with open_snapshot(engine) as (connection, _moment):
        yield connection


@contextmanager
def default(engine: sa.Engine) -> Iterator[sa.Connection]:
    with engine.connect() as connection:
        yield connection


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{request.getfixturevalue('tmp_path') / 'bank.sqlite'}"
    settings = request.getfixturevalue("postgresql_settings")
    return str(settings["DATABASE_URL"]).replace("postgresql:", "postgresql+psycopg:")


def count_torn(url: str, open_: Open, *, prepared: bool) -> int:
    """Two accounts always hold 1000 together; how often does a reader see another sum?"""
    engine = sa.create_engine(url)
    if prepared:
        prepare_sqlite(engine)
    if engine.dialect.name == "sqlite":  # also in the control: otherwise nobody could write meanwhile
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
    with engine.begin() as connection:
        for table in ("a", "b"):
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {table}")
            connection.exec_driver_sql(f"CREATE TABLE {table} (v integer)")
            connection.exec_driver_sql(f"INSERT INTO {table} VALUES (500)")
    torn = sum(not _is_whole(engine, open_) for _ in range(ROUNDS))
    engine.dispose()
    return torn


def _is_whole(engine: sa.Engine, open_: Open) -> bool:
    with open_(engine) as connection:
        first = connection.exec_driver_sql("SELECT v FROM a").scalar_one()
        writer = threading.Thread(target=_move, args=(engine,))
        writer.start()
        writer.join()
        second = connection.exec_driver_sql("SELECT v FROM b").scalar_one()
    return bool(first + second == 1000)


def _move(engine: sa.Engine) -> None:
    """Somebody else's committed change, between two tables of ours."""
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE a SET v = v - 1")
        connection.exec_driver_sql("UPDATE b SET v = v + 1")


@pytest.mark.parametrize("prepared", [True, False])
def test_a_snapshot_is_never_torn(url: str, prepared: bool) -> None:
    """Nor with an engine that nobody has prepared, as another application may have it."""
    assert count_torn(url, snapshot, prepared=prepared) == 0


def test_the_default_isolation_tears_every_time(url: str) -> None:
    assert count_torn(url, default, prepared=False) == ROUNDS


def test_postgresql_refuses_to_write_in_a_snapshot(postgresql_settings: dict[str, str]) -> None:
    engine = sa.create_engine(postgresql_settings["DATABASE_URL"].replace("postgresql:", "postgresql+psycopg:"))
    with pytest.raises(sa.exc.InternalError, match="read-only"), open_snapshot(engine) as (connection, _):
        connection.exec_driver_sql("CREATE TABLE x (y integer)")
    engine.dispose()
