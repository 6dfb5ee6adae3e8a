"""Reads tables from blocks of bytes: what of a block are whole rows in one call, the rest with the next block.

Parsers with a call per row or per cell cost several times as much. Each is as strict as our archives are: one JSON
object a line, every cell of a CSV in quotes. Nothing is held that is larger than a row may be, and a row of more than
some blocks is read by itself: what fast parsers make of many pieces is many times as large as their text.
"""

from collections.abc import Callable, Iterable
from typing import Protocol

from app.engine.verify.limits import LONG
from app.engine.verify.problems import VerificationError
from app.engine.verify.unpack import BLOCK

Column = Callable[[int], list[bytes]]
"""The texts of one column, by its position, in the rows just read; UTF-8, and empty for what is nothing in SQL."""
See = Callable[[int, Column], None]
"""Told how many rows were read, and given their columns for as long as the call lasts."""


class Rows(Protocol):
    """Reads one format."""

    def take(self, text: bytes) -> int:
        """Read the whole rows that `text` begins with; how many bytes they are. Raises VerificationError."""

    def take_one(self, text: bytes) -> int:
        """The same of the first row alone, in little more memory than the text has."""

    def finish(self, rest: bytes) -> None:
        """What stands behind the rows that were taken. Raises VerificationError."""


def read_rows(blocks: Iterable[bytes], rows: Rows, limit: int, long: int = LONG) -> None:
    """`limit`: the most bytes held of a row that has not ended. One that lies in one block is held anyway. `long`: a
    text of more bytes is read by the row.

    Raises VerificationError, UnicodeDecodeError.
    """
    reading = _Reading(rows, limit, long)
    for block in blocks:
        reading.feed(block)
    reading.finish()


class _Reading:
    """What is held of a file: its rows before were read."""

    def __init__(self, rows: Rows, limit: int, long: int) -> None:
        self._rows = rows
        self._limit = limit
        self._long = long
        self._blocks: list[bytes] = []
        self._size = self._seen = 0
        """Bytes held, and how many of them no row ends in."""

    def feed(self, block: bytes) -> None:
        self._blocks.append(block)
        self._size += len(block)
        # A long row is looked at anew only when it has doubled.
        if self._size >= 2 * self._seen or self._size > self._limit:
            self._look()

    def finish(self) -> None:
        while self._size > self._seen:
            self._look()
        self._rows.finish(b"".join(self._blocks))

    def _look(self) -> None:
        text = b"".join(self._blocks)
        self._hold(b"")
        if len(text) <= self._long:
            self._hold(text[self._rows.take(text) :])
        elif not (taken := self._rows.take_one(text)):
            self._hold(text)
        else:  # what came while nobody looked, at most half of it
            for start in range(taken, len(text), BLOCK):
                self.feed(text[start : start + BLOCK])
        if self._seen > self._limit:
            raise VerificationError(f"a row is longer than {self._limit:,} bytes")

    def _hold(self, text: bytes) -> None:
        self._blocks = [text] if text else []
        self._size = self._seen = len(text)
