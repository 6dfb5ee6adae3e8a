"""What `/readyz` tells operators: would archives be made? In time, whatever hangs, and nothing that is secret."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis

from app import create_app
from app.archives import ledger, readiness, reconciling
from app.archives.watching import silence
from app.extensions import db
from app.models import Pulse, User
from app.models.columns import database_time
from tests.programs import ROOT, Program, frozen, wait_until

pytestmark = pytest.mark.worker

WELL = {"database": "ok", "broker": "ok", "workers": "ok", "reconciliation": "ok", "disk": "ok", "scanner": "none"}
LONG = 10.0
"""Seconds; the patience that operators are told of, and what a machine with much else to do needs."""


@pytest.fixture
def settings(sqlite_settings: dict[str, Any], valkey: str) -> dict[str, Any]:
    return {**sqlite_settings, "REDIS_URL": valkey, "ARCHIVE_RESERVE_BYTES": 1}


def ask(client: FlaskClient) -> tuple[int, dict[str, Any]]:
    """The status, and the words without numbers."""
    began = time.monotonic()
    answer = client.get("/readyz")
    assert time.monotonic() - began < LONG
    config = client.application.config
    for name in ("REDIS_URL", "SQLALCHEMY_DATABASE_URI", "ARCHIVE_DIR"):
        assert config[name].rpartition("/")[2] not in answer.text, name
    assert "Set-Cookie" not in answer.headers
    found = dict(answer.get_json())
    assert found.pop("ready") == (answer.status_code == 200)
    return answer.status_code, {name: found[name] for name in WELL}


@pytest.fixture
def reconciled(app: Flask) -> None:
    with app.app_context():
        assert reconciling.reconcile() == []


def test_operators_are_told_the_patience() -> None:
    assert readiness.PATIENCE == 3
    assert "after three seconds at most" in (ROOT / "docs" / "monitoring.md").read_text()


def test_everything_is_there(client: FlaskClient, reconciled: None) -> None:
    assert ask(client) == (200, WELL)
    numbers = client.get("/readyz").get_json()
    assert 0 <= numbers["reconciled_seconds_ago"] < 60
    assert numbers["disk_free_bytes"] > numbers["disk_reserve_bytes"] == 1


def test_nobody_has_worked_yet(client: FlaskClient) -> None:
    assert ask(client) == (503, {**WELL, "workers": "away", "reconciliation": "late"})
    assert client.get("/readyz").get_json()["reconciled_seconds_ago"] is None


def test_a_worker_that_works_while_beat_is_dead(app: Flask, ann: User, client: FlaskClient, reconciled: None) -> None:
    with app.app_context():
        db.session.execute(sa.update(Pulse).values(at=database_time(-silence() - 1)))
        db.session.commit()
        assert ask(client) == (503, {**WELL, "workers": "away", "reconciliation": "late"})
        ledger.insert(ann.id)
        ledger.claim(ann.id)
    assert ask(client) == (503, {**WELL, "reconciliation": "late"})


def test_a_disk_with_less_than_the_reserve(settings: dict[str, Any], reconciled: None) -> None:
    client = create_app({**settings, "ARCHIVE_RESERVE_BYTES": 2**53}).test_client()
    assert ask(client) == (503, {**WELL, "disk": "full"})


def test_a_scanner_that_is_away(settings: dict[str, Any], reconciled: None) -> None:
    """Nothing that people add could be kept."""
    client = create_app({**settings, "SCANNER_URL": "tcp://127.0.0.1:1"}).test_client()
    assert ask(client) == (503, {**WELL, "scanner": "away"})


@contextmanager
def hung(server: Program, _url: str) -> Iterator[None]:
    with frozen(server):
        yield


@contextmanager
def full(_server: Program, url: str) -> Iterator[None]:
    with Redis.from_url(url) as client:
        client.config_set("maxmemory", 1)
        assert client.ping()
        yield
        client.config_set("maxmemory", 0)


@contextmanager
def another_password(_server: Program, url: str) -> Iterator[None]:
    with Redis.from_url(url) as client:
        client.config_set("requirepass", "another")
        yield
        client.config_set("requirepass", "")


@pytest.mark.parametrize("fault", [hung, full, another_password])
def test_a_broker_that_takes_no_message(
    client: FlaskClient,
    reconciled: None,
    valkey_server: tuple[Program, str],
    monkeypatch: pytest.MonkeyPatch,
    fault: Callable[..., Any],
) -> None:
    monkeypatch.setattr(readiness, "PATIENCE", 1)
    with fault(*valkey_server):
        wait_until(lambda: ask(client) == (503, {**WELL, "broker": "away"}), what="the others")
    wait_until(lambda: ask(client) == (200, WELL), what="the broker")


def test_a_broker_that_is_gone(
    client: FlaskClient, reconciled: None, valkey_server: tuple[Program, str], caplog: pytest.LogCaptureFixture
) -> None:
    valkey_server[0].kill()
    assert ask(client) == (503, {**WELL, "broker": "away"})
    assert "not ready: the broker: " in caplog.text


UNKNOWN = {**WELL, "database": "away", "workers": "unknown", "reconciliation": "unknown"}


def test_a_database_that_hangs(
    postgresql_settings: dict[str, Any], valkey: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked once, and everybody is told in time that it does not answer."""
    monkeypatch.setattr(readiness, "PATIENCE", 0.3)
    app = create_app({**postgresql_settings, "REDIS_URL": valkey, "ARCHIVE_RESERVE_BYTES": 1})
    with app.app_context():
        reconciling.reconcile()
        backend = db.session.execute(sa.select(sa.func.pg_backend_pid())).scalar_one()
        db.session.remove()
    os.kill(backend, signal.SIGSTOP)
    try:
        for _ in range(3):
            wait_until(lambda: ask(app.test_client()) == (503, UNKNOWN), what="the others")
        waiting = [thread for thread in threading.enumerate() if thread.name == "readiness: database"]
        assert len(waiting) == 1
    finally:
        os.kill(backend, signal.SIGCONT)
    wait_until(lambda: ask(app.test_client()) == (200, WELL), what="the database")
    with app.app_context():
        db.engine.dispose()


def test_a_machine_without_a_free_thread_is_asked_again(
    client: FlaskClient, reconciled: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name == "readiness: database":
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert ask(client) == (503, UNKNOWN)
    assert "not ready: the database: can't start new thread" in caplog.text
    monkeypatch.undo()
    assert ask(client) == (200, WELL)


def test_a_database_that_is_gone(settings: dict[str, Any]) -> None:
    client = create_app({**settings, "DATABASE_URL": "postgresql://127.0.0.1:1/nowhere"}).test_client()
    assert ask(client) == (503, UNKNOWN)
