"""Lines of the log have their times in UTC and say so, wherever the machine is and whichever program writes."""

import logging
import time
from collections.abc import Iterator

import pytest
from celery.app.log import TaskFormatter
from celery.utils.log import ColorFormatter
from flask import Flask
from flask.logging import default_handler

BEGINNING = logging.makeLogRecord({"created": 0.5, "msecs": 500.0, "msg": "x", "levelname": "INFO"})


@pytest.fixture
def in_hanoi(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "ICT-7")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def lines(app: Flask) -> list[str]:
    """The same moment, as the web server, a worker, beat and a task write it."""
    celery = app.extensions["celery"].conf
    own = (ColorFormatter(celery.worker_log_format), TaskFormatter(celery.worker_task_log_format))
    assert default_handler.formatter
    return [formatter.format(BEGINNING) for formatter in (default_handler.formatter, *own)]


@pytest.mark.usefixtures("in_hanoi")
def test_times_are_utc(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: as Python has it, the machine's own time."""
    assert all("1970-01-01T00:00:00.500Z" in line for line in lines(app))
    monkeypatch.setattr(logging.Formatter, "converter", time.localtime)
    assert all("1970-01-01T07:00:00.500Z" in line for line in lines(app))
