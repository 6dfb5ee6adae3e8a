"""Rows as JSON: one array, one row a line, so that JSON readers and line tools both understand it."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from app.engine.shape import Row, TableShape
from app.engine.writers import Write

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


@contextmanager
def json_writer(path: Path, shape: TableShape) -> Iterator[Write]:
    """Keys are the column names, in the table's order."""
    keys = [field.name for field in shape.fields]
    separator = "[\n"

    # Half of a surrogate pair, which some databases take, becomes its JSON escape.
    with path.open("x", encoding="utf-8", newline="\n", errors="backslashreplace") as file:

        def write(rows: Sequence[Row]) -> None:
            nonlocal separator
            for row in rows:
                file.write(separator + _encode(dict(zip(keys, row, strict=True))))
                separator = ",\n"

        yield write
        file.write("[]\n" if separator == "[\n" else "\n]\n")
