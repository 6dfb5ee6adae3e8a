"""Reads what a way has written, with nothing of ours and nothing of the peers', and counts and sums its rows.

A safety net for the comparison: a way that loses or changes rows must not look fast.
"""

import codecs
import csv
import gzip
import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from benchmarks.content import Expected
from benchmarks.fingerprint import fingerprint

CHUNK = 1024**2
BETWEEN = re.compile(r"[\s,\[\]]*")
DECODER = json.JSONDecoder(parse_float=str)


class LostRowsError(Exception):
    """The output does not hold the rows that are in the database."""


def check_rows(folder: Path, expected: Expected) -> None:
    """Raises LostRowsError, and whatever a broken file raises."""
    found = Expected()
    for row in read_rows(folder):
        found.rows += 1
        found.checksum += _sum(row)
    if found != expected:
        raise LostRowsError(f"{folder.name} holds {found}, the database {expected}")


def _sum(row: dict[str, Any]) -> int:
    meta = json.loads(row["meta"]) if isinstance(row["meta"], str) else row["meta"]
    return fingerprint(row["id"], row["created_at"], row["body"], row["amount"], meta["n"])


def read_rows(folder: Path) -> Iterator[dict[str, Any]]:
    """Of every ZIP and gzip file in the folder. In an archive of ours: the rows in `data/json/`."""
    for path in sorted(folder.glob("*.gz")):
        with gzip.open(path) as file:
            yield from _read_json(file)
    for path in sorted(folder.glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            for member in filter(_holds_rows, archive.namelist()):
                with archive.open(member) as file:
                    yield from _read_csv(file) if member.endswith(".csv") else _read_json(file)


def _holds_rows(member: str) -> bool:
    """The person's own row has none of the columns; of an archive's formats JSON is the one that all of them have."""
    parts = member.split("/")
    return len(parts) == 1 or (parts[1:3] == ["data", "json"] and parts[-1] != "person.json")


def _read_csv(file: IO[bytes]) -> Iterator[dict[str, Any]]:
    yield from csv.DictReader(io.TextIOWrapper(file, "utf-8", newline=""))


def _read_json(file: IO[bytes] | gzip.GzipFile) -> Iterator[dict[str, Any]]:
    """Objects of an array on any number of lines, of several arrays one after the other, or one a line."""
    decoder, rest = codecs.getincrementaldecoder("utf-8")(), ""
    while chunk := file.read(CHUNK):
        rest += decoder.decode(chunk)
        position = _skip(rest, 0)
        while position < len(rest):
            try:
                row, end = DECODER.raw_decode(rest, position)
            except json.JSONDecodeError:
                break  # the rest of it is in the next chunk
            yield {**row["fields"], "id": row["pk"]} if "fields" in row else row  # the first is dumpdata's form
            position = _skip(rest, end)
        rest = rest[position:]
    if rest:
        raise LostRowsError(f"the output ends within a row: {rest[:80]!r}")


def _skip(text: str, position: int) -> int:
    found = BETWEEN.match(text, position)
    return found.end() if found else position
