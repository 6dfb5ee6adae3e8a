"""Reads JSON and CSV tables a row at a time, and nothing that is larger than a row may be."""

import csv
import io
import json
from collections.abc import Iterator
from typing import IO, Any

from app.engine.verify.problems import VerificationError

csv.field_size_limit(2**31 - 1)  # the default refuses texts over 128 kB; `_Lines` has the limit that counts here


def read_json(stream: IO[bytes], limit: int) -> Iterator[dict[str, Any]]:
    """An array with one object a line, which is valid JSON and can be read by the line."""
    lines = _Lines(stream, "utf-8", "\n", limit)
    opening = next(lines, "")
    more = opening == "[\n"
    while more:
        line = next(lines, "")
        lines.taken = 0
        more = line.endswith(",\n")
        yield _parse(line[:-2] if more else line)
    if next(lines, "") != ("]\n" if opening == "[\n" else "") or opening not in {"[\n", "[]\n"} or next(lines, ""):
        raise VerificationError("not an array with one row a line")


def read_csv(stream: IO[bytes], limit: int) -> Iterator[list[str]]:
    """The line of names, then the rows."""
    lines = _Lines(stream, "utf-8-sig", "", limit)
    try:
        for row in csv.reader(lines, strict=True):
            lines.taken = 0
            yield row
    except csv.Error as error:
        raise VerificationError(f"not a CSV file: {error}") from error


def _parse(line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise VerificationError(f"not a row in JSON: {line[:100]!r}") from error
    if not isinstance(row, dict):
        raise VerificationError(f"not a row in JSON: {line[:100]!r}")
    return row


class _Lines:
    """The lines of a text; `taken` counts characters and is set back by whoever has a whole row."""

    def __init__(self, stream: IO[bytes], encoding: str, newline: str, limit: int) -> None:
        self.taken = 0
        self._limit = limit
        self._text = io.TextIOWrapper(stream, encoding, newline=newline)

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._text.readline(self._limit + 1)
        if not line:
            raise StopIteration
        self.taken += len(line)
        if self.taken > self._limit:
            raise VerificationError(f"a row is longer than {self._limit:,} characters")
        return line
