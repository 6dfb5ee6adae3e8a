"""What a line of the log is where programs read it: one JSON object, whatever was to be said.

`gunicorn.conf.py` loads this file alone, without the rest of the application, so it imports nothing but Python's own.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType

_about: ContextVar[Mapping[str, str]] = ContextVar("about", default=MappingProxyType({}))


@contextmanager
def about(**fields: str) -> Iterator[None]:
    """What is logged in the block has these fields as well: `reference`, `archive_id`, `task`, `task_id`."""
    token = _about.set({**_about.get(), **fields})
    try:
        yield
    finally:
        _about.reset(token)


class JsonFormatter(logging.Formatter):
    """In ASCII, the rest escaped: nothing in a message ends the line, or sends commands to a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {
            "time": at.replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
            **_about.get(),
            **_task_of(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            line["stack"] = self.formatStack(record.stack_info)
        return json.dumps(line)


def enclose(program: str, line: str) -> str:
    """A line of any program as one of these: as it is, if it is one already."""
    return (
        line
        if _is_ours(line)
        else JsonFormatter().format(logging.makeLogRecord({"name": program, "levelname": "INFO", "msg": line}))
    )


def _is_ours(line: str) -> bool:
    try:
        said = json.loads(line) if line.isascii() else None
    except (ValueError, RecursionError):
        return False
    return isinstance(said, dict) and {"time", "level", "logger", "message", "process"} <= said.keys()


def _task_of(record: logging.LogRecord) -> dict[str, str]:
    """Celery's own lines about a task hand it on in `data`; anything may stand there, if a message was forged."""
    data = getattr(record, "data", None)
    if not isinstance(data, dict) or "id" not in data:
        return {}
    return {"task": str(data.get("name")), "task_id": str(data["id"])}
