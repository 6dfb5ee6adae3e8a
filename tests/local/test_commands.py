"""The manual's commands work as it types them."""

from pathlib import Path
from typing import Any

import pytest

from app import create_app
from tests.programs import PYTHON, Program

pytestmark = pytest.mark.worker


@pytest.fixture
def settings(sqlite_settings: dict[str, Any], valkey: str) -> dict[str, Any]:
    return {**sqlite_settings, "REDIS_URL": valkey}


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("celery -A make_celery worker --loglevel INFO", " ready."),
        ("celery -A make_celery beat --loglevel INFO", "beat: Starting..."),
        ("flask --help", "serve"),
    ],
)
def test_as_typed(settings: dict[str, Any], tmp_path: Path, typed: str, line: str) -> None:
    program = Program((*PYTHON, *typed.split()), tmp_path / "log", settings=settings)
    try:
        program.wait_for(line)
    finally:
        program.stop(seconds=0)


def test_the_environment_names_another_broker(settings: dict[str, Any], valkey: str, tmp_path: Path) -> None:
    """FLASK_CELERY__broker_url, as the manual's `from_prefixed_env` has it."""
    elsewhere = {**settings, "REDIS_URL": "redis://127.0.0.1:1/0"}
    other = valkey.replace("unix", "redis+socket")
    worker = Program(
        (*PYTHON, "celery", "-A", "make_celery", "worker", "--loglevel", "INFO", "--concurrency", "1"),
        tmp_path / "log",
        settings={**elsewhere, "CELERY__broker_url": other, "CELERY__result_backend": other},
    )
    try:
        worker.wait_for(" ready.")
        assert f"Connected to {other}" in worker.log()
    finally:
        worker.stop(seconds=0)


def test_one_key_of_celery_leaves_its_siblings(monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any]) -> None:
    monkeypatch.setenv("FLASK_CELERY__broker_url", "redis://elsewhere")
    celery_app = create_app(settings).extensions["celery"]
    assert celery_app.conf.broker_url == "redis://elsewhere"
    assert celery_app.conf.task_acks_late is True
