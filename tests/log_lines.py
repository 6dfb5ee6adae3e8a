"""Reads logs as programs do."""

import json
from typing import Any

FIELDS = {"time", "level", "logger", "message", "process"}
"""What each line has; others stand there where there is something to say."""


def read_lines(log: str) -> list[dict[str, Any]]:
    """Raises ValueError where a line is not a JSON object with the fields of a line."""
    return [_read(line) for line in log.split("\n") if line]


def _read(line: str) -> dict[str, Any]:
    found = json.loads(line)
    if not (isinstance(found, dict) and found.keys() >= FIELDS):
        raise ValueError(line)
    return found
