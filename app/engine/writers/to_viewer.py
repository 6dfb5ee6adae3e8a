"""Rows as scripts that the report's pages load: `ARCHIVE_CHUNK("entry", 7, [[…], …])`.

Browsers block fetch, modules and workers on `file://`; a classic script is what is left. It holds at most one chunk
in memory. The same rows give the same chunks, however they were divided into batches.
"""

import base64
import itertools
import json
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence

from app.engine.names import file_name
from app.engine.shape import Row, TableShape, Value
from app.engine.values import to_document
from app.engine.writers.to_json import encode_lines

MOST_ROWS = 2000
MOST_BYTES = 512_000

PutChunk = Callable[[str, bytes], None]
"""Stores one member: its path below the top folder, and its content."""

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class ViewerWriter:
    """Divides one table into chunks."""

    def __init__(self, shape: TableShape, put_chunk: PutChunk) -> None:
        self.name = shape.name
        self.file = file_name(shape.name)
        self.starts: list[int] = []
        """The number of each chunk's first row."""
        self._put = put_chunk
        self._shown = {
            position: count_bytes if field.kind == "bytes" else flatten
            for position, field in enumerate(shape.fields)
            if field.kind == "bytes" or field.may_nest
        }
        self._lines: list[bytes] = []
        """Of one row or of many, each with the comma and the line end that stand behind a row."""
        self._size = 0
        self._held = 0
        self._flushed = 0

    def write(self, rows: Sequence[Row]) -> None:
        text = _to_lines(self.convert(rows))
        if len(rows) <= MOST_ROWS - self._held and len(text) <= MOST_BYTES - self._size:
            self._add(len(rows), text)
            return
        lines = text.splitlines(keepends=True)
        while lines:
            count = self._count_fitting(lines)
            if not count and self._held:
                self.flush()
                continue
            count = count or 1  # a row that is too long has a chunk to itself
            self._add(count, b"".join(lines[:count]))
            del lines[:count]

    def convert(self, rows: Sequence[Row]) -> Sequence[Row]:
        """What people read of values that would be long in a browser, or no text there."""
        if not self._shown:
            return rows
        columns: list[Iterable[Value]] = list(zip(*rows, strict=True))
        for position, show in self._shown.items():
            columns[position] = map(show, columns[position])
        return list(zip(*columns, strict=True))

    def flush(self) -> None:
        """End the chunk, if it holds anything."""
        if not self._held:
            return
        name, opening = self._begin(self._flushed)
        self._put(name, b"".join([opening, *self._lines])[:-2] + b"\n]);\n")
        self._flushed += self._held
        self._lines, self._size, self._held = [], 0, 0

    def append(self, starts: Sequence[int], rows: int) -> list[tuple[str, bytes]]:
        """Chunks that another writer has made of the next rows: the name here and the first line of each."""
        self.flush()
        begun = [self._begin(self._flushed + start) for start in starts]
        self._flushed += rows
        return begun

    def _begin(self, start: int) -> tuple[str, bytes]:
        number = len(self.starts)
        self.starts.append(start)
        return f"viewer/{self.file}.{number:04}.js", b"ARCHIVE_CHUNK(%s,%d,[\n" % (to_script(self.name), number)

    def _count_fitting(self, lines: Sequence[bytes]) -> int:
        """How many of the lines this chunk still takes."""
        by_size = bisect_right(list(itertools.accumulate(map(len, lines))), MOST_BYTES - self._size)
        return min(by_size, MOST_ROWS - self._held)

    def _add(self, rows: int, text: bytes) -> None:
        self._lines.append(text)
        self._size += len(text)
        self._held += rows


def without_number(chunk: bytes) -> bytes:
    """All but its first line: what is the same whatever chunks come before it."""
    return chunk.partition(b"\n")[2]


def _to_lines(rows: Sequence[Row]) -> bytes:
    """Each row as an array, a comma and a line end, safe inside any script."""
    try:
        text = encode_lines(rows)
    except UnicodeEncodeError:
        return b"".join(to_script(row) + b",\n" for row in rows)
    return _harmless(text).replace(b"\n", b",\n")


def _harmless(text: bytes) -> bytes:
    """No tag can end the script, no old browser trips over a line separator."""
    text = text.replace(b"<", b"\\u003c")
    if b"\xe2\x80" in text:
        text = text.replace(b"\xe2\x80\xa8", b"\\u2028").replace(b"\xe2\x80\xa9", b"\\u2029")
    return text


def to_script(value: Value) -> bytes:
    """JSON that is safe inside any script."""
    # Half of a surrogate pair, which JSON columns may hold, has no UTF-8; its escape is what JavaScript reads.
    return _harmless(_encode(value).encode("utf-8", "backslashreplace"))


def count_bytes(value: Value) -> int | None:
    """Nobody reads base64: the page says how much there is, the JSON file has it."""
    return None if value is None else len(base64.b64decode(value))


def flatten(value: Value) -> Value:
    """A list or a dict as its JSON text, as it would stand in a column of documents."""
    return to_document(value) if isinstance(value, list | dict) else value
