"""One person's large archive on PostgreSQL, made by one worker process and by two that share it in pieces.

Celery's own workers make it, with everything that belongs to it. They are started anew each time, in turns, and are
ready before the archive is asked for.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa

from app.archives import service
from app.config import LARGE_QUEUE
from app.extensions import db
from app.models import State, User
from app.models.columns import new_id
from app.tasks import generate_large_archive
from benchmarks.content import Expected, make_rows
from benchmarks.databases import created_database
from benchmarks.measured import Measurement
from benchmarks.shapes import CASES, PEOPLE, PERSON
from benchmarks.site import load_archive, open_app
from tests.programs import run_valkey, start_worker

WORKERS = {1: "one worker", 2: "two workers"}
COLUMNS = "id, author_id, title, body, visibility, created_at, updated_at"


def measure_pieces(rows: int, server: str, folder: Path, *, runs: int) -> list[Measurement]:
    """Seconds from the claim until it is ready, by the database's clock."""
    found = {number: Measurement(name) for number, name in WORKERS.items()}
    with created_database("pieces", server) as database, run_valkey() as (_, broker):
        settings = {"DATABASE_URL": database.dsn, "REDIS_URL": broker, "INSTANCE_PATH": str(folder / "pieces")}
        with _journal(rows, settings) as person:
            for _ in range(runs):
                for number, measurement in found.items():
                    measurement.seconds.append(_make_archive(person, number, settings, folder))
    return list(found.values())


@contextmanager
def _journal(rows: int, settings: dict[str, Any]) -> Iterator[str]:
    """The application, with so many entries of each of two people; yields the id of the first."""
    with open_app(settings):
        people = [new_id() for _ in range(PEOPLE)]
        db.session.execute(sa.insert(User), [{"id": person, "name": "Ann"} for person in people])
        db.session.commit()
        with psycopg.connect(settings["DATABASE_URL"], autocommit=True) as connection:
            _write_entries(connection, rows, people)
            connection.execute("VACUUM (ANALYZE)")
        yield people[0]


def _write_entries(connection: psycopg.Connection, rows: int, people: list[str]) -> None:
    """The events of the other cases, as entries."""
    with connection.cursor().copy(f"COPY entry ({COLUMNS}) FROM STDIN".encode()) as copy:
        for _, person, moment, _, place, body, _, meta in make_rows(CASES["events"], 0, rows, Expected()):
            author = people[int(str(person)) - PERSON]
            copy.write_row((new_id(), author, place, f"{body}\n{meta}", "private", moment, moment))


def _make_archive(person: str, workers: int, settings: dict[str, Any], folder: Path) -> float:
    worker = start_worker(folder / "pieces.log", settings, concurrency=workers, queue=LARGE_QUEUE)
    try:
        archive_id, _ = service.request_beyond_limit(person)
        generate_large_archive.delay(person)
        while (archive := load_archive(archive_id)).is_active:
            time.sleep(0.1)
    finally:
        worker.stop()
    if archive.state != State.READY or archive.attempt != 1 or not (archive.started_at and archive.finished_at):
        raise ValueError(f"the archive is {archive.state} after {archive.attempt} attempts: {worker.log()[-2000:]}")
    service.delete(person, archive_id)
    return round((archive.finished_at - archive.started_at).total_seconds(), 3)
