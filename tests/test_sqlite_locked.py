"""Somebody else holds SQLite's write lock for longer than we wait: pages can still be read, changes say 503."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from app.archives import making
from app.extensions import db
from app.models import Archive, State, User
from app.tasks import generate_user_archive
from tests.conftest import PASSWORD

HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def locked(instance: Path) -> Iterator[subprocess.Popen[bytes]]:
    """By another process, which lets go when its input ends."""
    command = [sys.executable, "-c", HOLD, str(instance / "satchel.sqlite")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        yield holder


@pytest.fixture
def client(served: Flask, ann: User, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """Ann's."""
    monkeypatch.setattr(generate_user_archive, "delay", lambda _: None)  # no broker is needed to see that
    client = served.test_client()
    assert client.post("/sign-in", data={"email": ann.email, "password": PASSWORD}).status_code == 302
    return client


@contextmanager
def waiting_for(seconds: float, app: Flask) -> Iterator[None]:
    """For another time than the ten seconds that we give it."""
    with app.app_context():
        engine = db.engine
        with engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one() == 10_000
        engine.dispose()

    def wait(connection: Any, _record: object) -> None:
        connection.execute(f"PRAGMA busy_timeout = {1000 * seconds:.0f}")

    sa.event.listen(engine, "connect", wait)
    yield
    sa.event.remove(engine, "connect", wait)
    engine.dispose()


def test_a_lock_that_is_held_too_long(served: Flask, ann: User, client: FlaskClient, instance: Path) -> None:
    with waiting_for(0.2, served), locked(instance):
        for path in ("/journal", "/archives/"):
            assert client.get(path).status_code == 200
        answer = client.post("/archives/")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
        assert "The site is busy" in answer.text
        assert "Nothing was saved" in answer.text
        assert "sqlite" not in answer.text.lower()
    assert archives(served) == []
    assert client.post("/archives/").status_code == 303


def archives(app: Flask) -> list[State]:
    with app.app_context():
        return list(db.session.scalars(sa.select(Archive.state)))


def test_a_lock_that_is_held_while_we_wait(served: Flask, client: FlaskClient, instance: Path) -> None:
    """The control: the click waits, and is served."""
    with locked(instance) as holder:
        letting_go = threading.Timer(0.5, holder.communicate)
        letting_go.start()
        assert client.post("/archives/").status_code == 303
        letting_go.join()


def test_a_worker_that_finds_it_locked_comes_back(
    served: Flask, ann: User, client: FlaskClient, instance: Path
) -> None:
    assert client.post("/archives/").status_code == 303
    with waiting_for(0.2, served), locked(instance), served.app_context(), pytest.raises(OperationalError):
        making.generate(ann.id)
    assert archives(served) == [State.QUEUED]
    with served.app_context():
        making.generate(ann.id)
    assert archives(served) == [State.READY]
