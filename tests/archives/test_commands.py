"""`flask archives …` from the terminal."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from kombu.exceptions import OperationalError

from app.archives import ledger, making, service
from app.models import State, User
from app.tasks import generate_user_archive
from tests.archives.conftest import change, load, paths_of
from tests.archives.parts import finish_in_parts
from tests.programs import Program


@pytest.fixture
def settings(any_database: dict[str, Any], request: pytest.FixtureRequest) -> dict[str, Any]:
    needs_broker = request.node.get_closest_marker("worker")
    return {**any_database, "REDIS_URL": request.getfixturevalue("valkey")} if needs_broker else any_database


@pytest.fixture
def run(app: Flask) -> Callable[..., Any]:
    return lambda *words: app.test_cli_runner().invoke(args=["archives", *words])


@pytest.mark.worker
def test_request_and_wait(run: Callable[..., Any], ann: User, start_worker: Callable[..., Program]) -> None:
    start_worker()
    done = run("request", "--user", "Ann@Example.org", "--wait")
    assert done.exit_code == 0, done.output
    (archive,) = service.list_archives(ann.id)
    assert f"Archive {archive.reference} is requested." in done.output
    assert done.output.splitlines()[-1] == str(paths_of(archive)[0])
    assert "ready" in done.output


@pytest.mark.worker
def test_waiting_ends_when_somebody_cancels(run: Callable[..., Any], app: Flask, ann: User, waiting: str) -> None:
    """No worker runs; the row that the terminal watches is changed by somebody else, as in another process."""

    def cancel() -> None:
        with app.app_context():
            ledger.cancel(ann.id, waiting)

    threading.Timer(1, cancel).start()
    done = run("request", "--user", "ann@example.org", "--wait")
    assert done.exit_code == 1
    assert "is being made already" in done.output
    assert "is cancelled" in done.output


def test_without_a_broker_the_request_is_kept(
    run: Callable[..., Any], ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: str) -> None:
        raise OperationalError("nobody listens")

    monkeypatch.setattr(generate_user_archive, "delay", away)
    done = run("request", "--user", "ann@example.org")
    assert done.exit_code == 0
    assert "The broker cannot be reached (nobody listens). The request is kept" in done.output
    assert [archive.state for archive in service.list_archives(ann.id)] == [State.QUEUED]


def test_reconcile_rings_for_those_who_wait(
    run: Callable[..., Any], ann: User, waiting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[str] = []
    monkeypatch.setattr(generate_user_archive, "delay", rung.append)
    change(waiting, created_at=load(waiting).created_at.replace(year=2025))
    assert run("reconcile").output == "Rang for 1 person.\n"
    assert rung == [ann.id]


def test_list(run: Callable[..., Any], ann: User, waiting: str) -> None:
    making.generate(ann.id)
    ledger.insert(ann.id)
    newest, oldest, path = run("list", "--user", "ann@example.org").output.splitlines()
    assert "queued" in newest
    assert f"{load(waiting).size:,} bytes" in oldest
    assert [Path(path.strip())] == paths_of(load(waiting))


def test_list_shows_every_file(run: Callable[..., Any], ann: User, waiting: str) -> None:
    names = finish_in_parts(ann.id)
    _, *paths = run("list", "--user", "ann@example.org").output.splitlines()
    assert [Path(path.strip()).name for path in paths] == names
    ledger.delete_ready(ann.id, waiting)
    assert len(run("list", "--user", "ann@example.org").output.splitlines()) == 1


@pytest.mark.worker
def test_waiting_ends_with_every_file(run: Callable[..., Any], app: Flask, ann: User, waiting: str) -> None:
    """No worker runs; the files become ready while the terminal watches."""

    def finish() -> None:
        with app.app_context():
            finish_in_parts(ann.id)

    threading.Timer(1, finish).start()
    done = run("request", "--user", "ann@example.org", "--wait")
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[-3:] == service.places_of(load(waiting))


def test_an_unknown_address_is_said(run: Callable[..., Any]) -> None:
    done = run("list", "--user", "nobody@example.org")
    assert done.exit_code == 1
    assert "flask users create nobody@example.org" in done.output
