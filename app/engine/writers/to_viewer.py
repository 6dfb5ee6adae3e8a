"""Rows as scripts that the report's pages load: `ARCHIVE_CHUNK("entry", 7, [[…], …])`.

Browsers block fetch, modules and workers on `file://`; a classic script is what is left. It holds at most one chunk
in memory. The same rows give the same chunks, however they were divided into batches.
"""

import base64
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from app.engine.names import file_name
from app.engine.shape import Field, Kind, Row, TableShape, Value

MOST_ROWS = 2000
MOST_BYTES = 512_000
PIECE = 64
"""Rows encoded in one call. Where they would overfill a chunk they are encoded again, one by one."""

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_encode_text = json.JSONEncoder(ensure_ascii=False).encode


class ViewerWriter:
    """Writes the chunks of one table into `folder`."""

    def __init__(self, folder: Path, shape: TableShape) -> None:
        self.name = shape.name
        self.file = file_name(shape.name)
        self.starts: list[int] = []
        """The number of each chunk's first row."""
        self._folder = folder
        self._convert = [(position, _CONVERTERS[field.kind]) for position, field in _converted(shape.fields)]
        self._parts: list[bytes] = []
        self._size = 0
        self._held = 0
        self._flushed = 0

    def write(self, rows: Sequence[Row]) -> None:
        for start in range(0, len(rows), PIECE):
            self._write_piece(self.convert(rows[start : start + PIECE]))

    def finish(self) -> None:
        if self._held:
            self._flush()

    def convert(self, rows: Sequence[Row]) -> Sequence[Row]:
        """What people read of values that would be long or lose digits in a browser."""
        if not self._convert:
            return rows
        converted = [list(row) for row in rows]
        for row in converted:
            for position, convert in self._convert:
                if row[position] is not None:
                    row[position] = convert(row[position])
        return [tuple(row) for row in converted]

    def _write_piece(self, rows: Sequence[Row]) -> None:
        text = to_script(rows)[1:-1]
        if self._fits(len(rows), text):
            self._add(len(rows), text)
            return
        for row in rows:
            self._write_one(to_script(row))

    def _write_one(self, text: bytes) -> None:
        if self._held and not self._fits(1, text):
            self._flush()
        self._add(1, text)

    def _fits(self, rows: int, text: bytes) -> bool:
        return self._held + rows <= MOST_ROWS and self._size + len(text) + 1 <= MOST_BYTES

    def _add(self, rows: int, text: bytes) -> None:
        self._parts.append(text)
        self._size += len(text) + 1  # the comma, so that the sum is the same for one batch and for many
        self._held += rows

    def _flush(self) -> None:
        number = len(self.starts)
        with (self._folder / f"{self.file}.{number:04}.js").open("xb") as chunk:
            chunk.write(b"ARCHIVE_CHUNK(%s,%d,[\n" % (to_script(self.name), number))
            chunk.write(b",".join(self._parts))
            chunk.write(b"\n]);\n")
        self.starts.append(self._flushed)
        self._flushed += self._held
        self._parts, self._size, self._held = [], 0, 0


def to_script(value: Value) -> bytes:
    """JSON that is safe inside any script: no tag can end it, no old browser trips over a line separator."""
    text = _encode(value).replace("<", "\\u003c")
    if not text.isascii():
        text = text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    # Half of a surrogate pair, which JSON columns may hold, has no UTF-8; its escape is what JavaScript reads.
    return text.encode("utf-8", "backslashreplace")


def to_json_text(value: Value) -> str:
    """Text keeps the digits of large numbers, and keys such as `__proto__`, that a script's literal would lose."""
    return _encode_text(value)


def count_bytes(value: Value) -> int:
    """Nobody reads base64: the page says how much there is, the JSON file has it."""
    return len(base64.b64decode(value))


_CONVERTERS: dict[Kind, Callable[[Value], Value]] = {"json": to_json_text, "bytes": count_bytes}


def _converted(fields: Sequence[Field]) -> list[tuple[int, Field]]:
    return [(position, field) for position, field in enumerate(fields) if field.kind in _CONVERTERS]
