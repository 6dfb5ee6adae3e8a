"""Reads JSON and CSV tables a few rows at a time, and nothing that is larger than a row may be."""

import csv
import io
import json
from collections.abc import Iterator
from functools import partial
from typing import IO, Any

from app.engine.verify.problems import VerificationError

csv.field_size_limit(2**31 - 1)  # the default refuses texts over 128 kB; `_Lines` has the limit that counts here

_BATCH = 64 * 1024
"""Characters of JSON that are parsed in one call: calling costs as much as parsing a short row."""
_NO_ARRAY = "not an array with one row a line"


def read_json(stream: IO[bytes], limit: int) -> Iterator[dict[str, Any]]:
    """An array with one object a line, which is valid JSON and can be read by the line."""
    lines = _Lines(stream, "utf-8", "\n", limit)
    each = iter(lines)
    opening = next(each, "")
    if opening == "[\n":
        yield from _read_array(lines, each)
    elif opening != "[]\n":
        raise VerificationError(_NO_ARRAY)
    if next(each, None) is not None:
        raise VerificationError(_NO_ARRAY)


def _read_array(lines: "_Lines", each: Iterator[str]) -> Iterator[dict[str, Any]]:
    """As far as the closing bracket; `lines.taken` has what of a batch was read."""
    batch: list[str] = []
    while (line := next(each, "")).endswith(",\n"):
        batch.append(line)
        if lines.taken > _BATCH:
            yield from _parse("".join(batch)[:-2], len(batch))
            batch.clear()
            lines.taken = 0
    batch.append(line)
    yield from _parse("".join(batch), len(batch))
    if next(each, "") != "]\n":
        raise VerificationError(_NO_ARRAY)


def _parse(text: str, count: int) -> list[dict[str, Any]]:
    try:
        rows = json.loads(f"[{text}]")
    except (ValueError, RecursionError) as error:
        raise VerificationError(f"not rows in JSON: {error}") from error
    if len(rows) != count or not all(type(row) is dict for row in rows):
        raise VerificationError(_NO_ARRAY)
    return list(rows)


def read_csv(stream: IO[bytes], limit: int) -> Iterator[list[str]]:
    """The line of names, then the rows."""
    lines = _Lines(stream, "utf-8-sig", "", limit)
    try:
        for row in csv.reader(lines, strict=True):
            lines.taken = 0
            yield row
    except csv.Error as error:
        raise VerificationError(f"not a CSV file: {error}") from error


class _Lines:
    """The lines of a text; `taken` counts characters and is set back by whoever has a whole row."""

    def __init__(self, stream: IO[bytes], encoding: str, newline: str, limit: int) -> None:
        self.taken = 0
        self._limit = limit
        self._text = io.TextIOWrapper(stream, encoding, newline=newline)

    def __iter__(self) -> Iterator[str]:
        for line in iter(partial(self._text.readline, self._limit + 1), ""):
            self.taken += len(line)
            if self.taken > self._limit:
                raise VerificationError(f"a row is longer than {self._limit:,} characters")
            yield line
