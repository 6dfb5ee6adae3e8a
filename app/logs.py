"""Which programs write which form of log: text for people at a terminal, or JSON for programs (`app.log_format`).

Gunicorn's own lines are set up in `gunicorn.conf.py`, since its main process must not load the application.
"""

import logging
import os
import sys
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import IO, Any

from billiard.util import get_logger as get_pool_logger
from celery.signals import after_setup_logger, after_setup_task_logger, celeryd_init
from flask import Flask

from app.log_format import JsonFormatter


def init_app(app: Flask) -> None:
    _write_utc()
    if app.config["LOG_FORMAT"] == "json":
        _write_json()
        _write_json_in_celery()


def _write_utc() -> None:
    """Lines of web servers, workers and beat can be put in order, wherever they run."""
    logging.Formatter.converter = time.gmtime
    logging.Formatter.default_time_format = "%Y-%m-%dT%H:%M:%S"
    logging.Formatter.default_msec_format = "%s.%03dZ"


def _write_json() -> None:
    """What is logged, warned of, or raised and caught by nobody."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(handlers=[handler])
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda given: _log_uncaught(given.exc_type, given.exc_value, given.exc_traceback)


def _log_uncaught(kind: type[BaseException], error: BaseException | None, _traceback: TracebackType | None) -> None:
    if issubclass(kind, SystemExit | KeyboardInterrupt):  # somebody has ended it, or a thread itself
        return
    logging.getLogger("app").critical("Nobody caught %s", kind.__name__, exc_info=error)


def _write_json_in_celery() -> None:
    """Celery sets up loggers of its own, as its command says; only the form is ours."""

    @after_setup_logger.connect(weak=False)
    @after_setup_task_logger.connect(weak=False)
    def take_form(logger: logging.Logger, **_: Any) -> None:
        for handler in (*logger.handlers, *get_pool_logger().handlers):
            handler.setFormatter(JsonFormatter())

    @celeryd_init.connect(weak=False)
    def speak_in_form(**_: Any) -> None:
        from celery.apps import worker  # noqa: PLC0415  # no web server needs it

        worker.safe_say = _say


def _say(words: str, stream: IO[str] | None = sys.__stderr__) -> None:
    """What Celery's worker says past every logger, in handlers of signals, where a logger could wait for itself."""
    record = logging.makeLogRecord({"name": "celery.worker", "levelname": "WARNING", "msg": words})
    with suppress(OSError):
        os.write(stream.fileno() if stream else 2, f"{JsonFormatter().format(record)}\n".encode())
