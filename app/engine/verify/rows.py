"""Reads tables from blocks of bytes: what of a block are whole rows in one call, the rest with the next block.

Parsers with a call per row or per cell cost several times as much. Each is as strict as our archives are: one JSON
object a line, every cell of a CSV in quotes. Nothing is held that is larger than a row may be.
"""

from collections.abc import Callable, Iterable
from typing import Protocol

from app.engine.verify.problems import VerificationError

Column = Callable[[int], list[bytes]]
"""The texts of one column, by its position, in the rows just read; UTF-8, and empty for what is nothing in SQL."""
See = Callable[[int, Column], None]
"""Told how many rows were read, and given their columns for as long as the call lasts."""

class Rows(Protocol):
    """Reads one format."""

    def take(self, text: bytes) -> int:
        """Read the whole rows that `text` begins with; how many bytes they are. Raises VerificationError."""

    def finish(self, rest: bytes) -> None:
        """What stands behind the rows that were taken. Raises VerificationError."""


def read_rows(blocks: Iterable[bytes], rows: Rows, limit: int) -> None:
    """`limit`: the most bytes held of a row that has not ended. Raises VerificationError, UnicodeDecodeError."""
    held = b""
    more: list[bytes] = []
    size = 0
    for block in blocks:
        more.append(block)
        size += len(block)
        if size < len(held):  # a long row is looked at anew only when it has doubled
            continue
        held = _take(rows, b"".join((held, *more)))
        if len(held) > limit:
            raise VerificationError(f"a row is longer than {limit:,} bytes")
        more, size = [], 0
    rows.finish(_take(rows, b"".join((held, *more))))


def _take(rows: Rows, text: bytes) -> bytes:
    return text[rows.take(text) :]
