"""The whole site, to be measured from outside: web server, a worker of all queues, Valkey, database."""

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask

from app import create_app
from app.extensions import db, password_hasher
from app.models import Archive, Entry, State, User
from app.models.columns import new_id
from benchmarks.databases import start_postgres
from tests.brokers import HOST, free_port
from tests.databases import migrate
from tests.programs import CELERY, PYTHON, QUIET, Program, run_valkey, wait_until

PASSWORD = "a password of the benchmark"  # noqa: S105  # of people who live as long as it runs
BODY = "A day by the sea. " * 20
# As in the units of docs/systemd: pages go before archives.
WORKER = ("nice", "-n", "10", *CELERY, "worker", "--loglevel", "INFO", *QUIET)
WEB = ("gunicorn", "make_celery:flask_app", "--workers", "2", "--threads", "8", "--no-control-socket")


@dataclass(frozen=True)
class Site:
    kind: str
    """Of its database: sqlite or postgresql."""
    app: Flask
    port: int
    programs: Path | None
    """Where PostgreSQL's own programs are, when it takes part."""


@contextmanager
def run_site(kind: str, folder: Path, *, processes: int = 1) -> Iterator[Site]:
    """In an empty folder; inside the application's context. `processes`: of the worker."""
    with ExitStack() as stack:
        settings: dict[str, Any] = {
            "INSTANCE_PATH": str(folder / "instance"),
            "TRUSTED_PROXIES": 1,  # each client comes from an address of its own, as people do
            "REDIS_URL": stack.enter_context(run_valkey())[1],
        }
        programs = None
        if kind == "postgresql":
            settings["DATABASE_URL"], programs = stack.enter_context(start_postgres())
        app = stack.enter_context(open_app(settings))
        yield Site(kind, app, _start_programs(stack, folder, settings, processes), programs)


@contextmanager
def open_app(settings: dict[str, Any]) -> Iterator[Flask]:
    """On an empty database; inside the application's context."""
    migrate(settings)
    app = create_app(settings)
    with app.app_context():
        try:
            yield app
        finally:
            db.session.remove()
            db.engine.dispose()


def _start_programs(stack: ExitStack, folder: Path, settings: dict[str, Any], processes: int) -> int:
    """The port of the web server."""
    port = free_port()
    web = Program((*PYTHON, *WEB, "--bind", f"{HOST}:{port}"), folder / "web.log", settings=settings)
    stack.callback(web.stop, seconds=0)  # nobody waits for what they could still do
    command = (*WORKER, "--concurrency", str(processes))
    worker = Program(command, folder / "worker.log", settings=settings, REMAP_SIGTERM="SIGQUIT")
    stack.callback(worker.stop, seconds=0)
    worker.wait_for(" ready.", seconds=120)
    wait_until(lambda: web.log().count("Booting worker") >= 2, seconds=120, what=web.log())  # noqa: PLR2004
    return port


def add_people(count: int, entries: int) -> list[str]:
    """Their ids. Each has so many entries and can sign in: see `email_of`."""
    people = [_person(new_id()) for _ in range(count)]
    db.session.execute(sa.insert(User), people)
    rows = [
        {"id": new_id(), "author_id": person["id"], "title": f"Day {day}", "body": BODY}
        for person in people
        for day in range(entries)
    ]
    db.session.execute(sa.insert(Entry), rows)
    db.session.commit()
    return [person["id"] for person in people]


def _person(user_id: str) -> dict[str, str]:
    return {"id": user_id, "name": "Ann", "email": email_of(user_id), "password_hash": _password_hash()}


def email_of(user_id: str) -> str:
    return f"{user_id}@example.org"


@cache
def _password_hash() -> str:
    """Made once, since it takes a tenth of a second by design."""
    return password_hasher.hash(PASSWORD)


def count_ready() -> int:
    """Archives."""
    ready = sa.select(sa.func.count()).where(Archive.state == State.READY)
    found = db.session.execute(ready).scalar_one()
    db.session.commit()  # the next look must see what has happened since
    return found


def load_archive(archive_id: str) -> Archive:
    archive = db.session.get_one(Archive, archive_id, populate_existing=True)
    db.session.commit()  # and not expired, as after a rollback
    return archive


def request_archives(people: list[str]) -> dict[str, str]:
    """Archive of each person. All at once: a thousand commits would take longer than the first archives."""
    asked = {person: secrets.token_hex(32) for person in people}
    rows = [{"id": archive, "user_id": person} for person, archive in asked.items()]
    db.session.execute(sa.insert(Archive), rows)
    db.session.commit()
    return asked
