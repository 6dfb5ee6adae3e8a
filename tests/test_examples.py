"""The manual's tasks, sent by forms and done by a real worker."""

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from celery.result import AsyncResult
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis

from app import create_app
from app.tasks import add_together, process
from app.web import examples
from tests.programs import Program, wait_until

PATIENCE = 10
"""Seconds in which every page must answer, whatever the broker does. Celery's own settings wait 19 s, or for ever."""


@pytest.fixture
def settings(sqlite_settings: dict[str, Any], valkey: str) -> dict[str, Any]:
    """With CSRF protection on, as it is for curl."""
    return {**sqlite_settings, "REDIS_URL": valkey, "EXAMPLES": True, "WTF_CSRF_ENABLED": True}


def start(client: FlaskClient, path: str, **form: object) -> str:
    response = client.post(path, data=form)
    assert response.status_code == 200, response.text
    return f"/result/{response.get_json()['result_id']}"


def look(client: FlaskClient, result: str) -> dict[str, Any]:
    response = client.get(result)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.get_json()
    return found


def wait_for_result(client: FlaskClient, result: str) -> dict[str, Any]:
    return wait_until(lambda: found if (found := look(client, result))["ready"] else None)


def sign(result: AsyncResult) -> str:
    return f"/result/{examples._signer().dumps(result.id)}"


@pytest.mark.worker
def test_add_and_process(client: FlaskClient, start_worker: Callable[..., Program]) -> None:
    start_worker()
    adding = start(client, "/add", a=4, b=2)
    assert wait_for_result(client, adding) == {"ready": True, "successful": True, "value": 6}
    counting = start(client, "/process", total=2)
    seen = wait_until(lambda: found if (found := look(client, counting)).get("current") else None)
    assert seen == {
        "ready": False, "successful": False, "value": None, "state": "PROGRESS", "current": seen["current"], "total": 2
    }  # fmt: skip
    assert wait_for_result(client, counting)["value"] == {"current": 2, "total": 2}


@pytest.mark.worker
def test_the_answer_comes_before_the_work(client: FlaskClient, start_worker: Callable[..., Program]) -> None:
    result = start(client, "/block")
    assert look(client, result)["state"] == "PENDING"  # nobody works yet
    start_worker()
    started = wait_until(lambda: found if (found := look(client, result))["state"] == "STARTED" else None)
    assert started == {"ready": False, "successful": False, "value": None, "state": "STARTED"}


@pytest.mark.worker
def test_a_failed_task_says_why(client: FlaskClient, start_worker: Callable[..., Program]) -> None:
    start_worker()
    found = wait_for_result(client, sign(add_together.delay("four", 2)))
    assert found["error"].startswith("The task failed: TypeError: ")
    assert (found["successful"], found["value"]) == (False, None)


def test_a_result_that_changes_between_two_reads(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = add_together.delay(4, 2)
    monkeypatch.setattr(AsyncResult, "state", "PROGRESS")
    monkeypatch.setattr(AsyncResult, "result", ValueError("it failed meanwhile"))
    assert look(client, sign(sent))["ready"] is False


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/add", {}),
        ("/add", {"a": "4"}),
        ("/add", {"a": "four", "b": "2"}),
        ("/add", {"a": "4.5", "b": "2"}),
        ("/add", {"a": "1" * 5000, "b": "2"}),
        ("/add", {"a": "4", "b": str(10**12 + 1)}),
        ("/process", {"total": "0"}),
        ("/process", {"total": "61"}),
        ("/process", {"total": ""}),
    ],
)
def test_a_bad_number_is_explained(client: FlaskClient, path: str, form: dict[str, str]) -> None:
    response = client.post(path, data=form)
    assert response.status_code == 422
    assert response.get_json()["error"].startswith("Send ")


def test_no_worker_is_said(client: FlaskClient) -> None:
    found = look(client, start(client, "/add", a=4, b=2))
    assert (found["state"], found["worker"]) == ("PENDING", False)
    assert "No worker is running" in found["error"]


@pytest.mark.worker
def test_a_busy_worker_counts_as_running(client: FlaskClient, start_worker: Callable[..., Program]) -> None:
    start_worker()
    busy = start(client, "/block")
    wait_until(lambda: look(client, busy)["state"] == "STARTED")
    assert look(client, start(client, "/add", a=4, b=2)) == {
        "ready": False, "successful": False, "value": None, "state": "PENDING"
    }  # fmt: skip


def test_only_what_the_forms_sent_is_found(client: FlaskClient) -> None:
    other = process.delay(1).id
    for result_id in (other, f"{examples._signer().dumps(other)}x", "unknown"):
        response = client.get(f"/result/{result_id}")
        assert response.status_code == 404
        assert "no such result" in response.get_json()["error"]
    assert client.get(f"/result/{examples._signer().dumps(other)}").status_code == 200


def test_a_result_is_forgotten(app: Flask, client: FlaskClient) -> None:
    result = start(client, "/add", a=4, b=2)
    app.extensions["celery"].conf.result_expires = -1
    assert client.get(result).status_code == 404


def test_no_result_is_subscribed_to(client: FlaskClient, valkey: str) -> None:
    """Celery does by default, and then a broker that has gone holds the next request for 19 s."""
    with Redis.from_url(valkey) as broker:
        start(client, "/add", a=4, b=2)
        assert "cmdstat_subscribe" not in broker.info("commandstats")
        add_together.delay(4, 2)
        assert "cmdstat_subscribe" in broker.info("commandstats")


def assert_unavailable(client: FlaskClient, method: str, path: str) -> None:
    before = time.monotonic()
    response = client.open(path, method=method, data={"a": 4, "b": 2})
    assert response.status_code == 503
    assert "broker does not answer" in response.get_json()["error"]
    assert time.monotonic() - before < PATIENCE


def test_a_broker_that_has_gone(client: FlaskClient, valkey_server: tuple[Program, str]) -> None:
    result = start(client, "/add", a=4, b=2)
    valkey_server[0].kill()
    assert_unavailable(client, "POST", "/add")
    assert_unavailable(client, "GET", result)


def test_a_broker_that_hangs(client: FlaskClient, valkey_server: tuple[Program, str]) -> None:
    result = start(client, "/add", a=4, b=2)
    valkey_server[0].send(signal.SIGSTOP)
    assert_unavailable(client, "POST", "/add")
    assert_unavailable(client, "GET", result)
    valkey_server[0].send(signal.SIGCONT)
    look(client, start(client, "/add", a=4, b=2))


def test_a_broker_that_never_was(sqlite_settings: dict[str, Any], tmp_path: Path) -> None:
    nowhere = f"unix://{tmp_path / 'nowhere'}"
    client = create_app({**sqlite_settings, "REDIS_URL": nowhere, "EXAMPLES": True}).test_client()
    assert_unavailable(client, "POST", "/add")


def test_the_page_works_without_javascript(client: FlaskClient) -> None:
    page = client.get("/examples").text
    assert page.count("<form") >= 3
    for path in ("/add", "/block", "/process"):
        assert f'action="{path}"' in page


@pytest.mark.parametrize("path", ["/examples", "/result/x"])
def test_off_in_production(sqlite_settings: dict[str, Any], path: str) -> None:
    client = create_app({**sqlite_settings, "REDIS_URL": "redis://localhost"}).test_client()
    assert client.get(path).status_code == 404
