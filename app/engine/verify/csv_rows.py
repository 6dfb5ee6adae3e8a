"""Rows in CSV with every cell in quotes. Where quotes are, is where cells begin and end: one split finds them all.

Cut at its quotes, a text stands alternately outside and inside of cells. Outside there may be a comma, the end of a
row, or nothing: that is a quote within a cell, which is written twice.
"""

from collections.abc import Sequence
from functools import cached_property
from itertools import compress, count

from app.engine.verify.problems import VerificationError
from app.engine.verify.rows import See

_BOM, _COMMA, _END = b"\xef\xbb\xbf", b",", b"\r\n"


class CsvRows:
    def __init__(self, header: Sequence[str], see: See) -> None:
        """`header`: what the first line must say."""
        self._header = list(header)
        self._row = [*[_COMMA] * (len(header) - 1), _END]
        self._see = see
        self._begun = False
        self._rows = 0

    def take(self, text: bytes) -> int:
        pieces = (text if self._begun else text.removeprefix(_BOM)).split(b'"')
        last = len(pieces) - 1 >> 1 << 1
        end = next((at for at in range(last, 0, -2) if pieces[at] == _END), 0)
        if not end:
            return 0
        taken = len(text) - sum(map(len, pieces[end + 1 :])) - (len(pieces) - 1 - end)
        text[:taken].decode()
        if pieces[0]:
            raise VerificationError("not a CSV file: a cell without quotes")
        self._read(pieces, end)
        return taken

    def finish(self, rest: bytes) -> None:
        if rest or not self._begun:
            raise VerificationError("not a CSV file: its last row does not end, or it has none")

    def _read(self, pieces: list[bytes], end: int) -> None:
        width, outside = len(self._row), pieces[2 : end + 1 : 2]
        marks = list(filter(None, outside))
        rows = len(marks) // width
        if marks != self._row * rows:
            self._complain(marks)
        cells = _Cells(outside, pieces[1:end:2], width)
        if not self._begun:
            cells.check_first(self._header)
        rows, self._begun = rows - len(cells.skipped), True
        self._rows += rows
        if rows:
            self._see(rows, cells.column)

    def _complain(self, marks: list[bytes]) -> None:
        """Says which row is the first that is wrong."""
        width, row = len(self._row), self._rows if self._begun else -1
        while marks[:width] == self._row:
            del marks[:width]
            row += 1
        if row < 0:
            raise VerificationError("the first line has other columns than the data package says")
        cells = marks.index(_END) + 1 if _END in marks else 0
        if cells == width or set(marks[:cells]) - {_COMMA, _END}:
            raise VerificationError(f"not a CSV file: row {row + 1}")
        raise VerificationError(f"row {row + 1} has {cells} cells in place of {width}")


class _Cells:
    """Some rows, by column."""

    def __init__(self, outside: list[bytes], inside: list[bytes], width: int) -> None:
        self._outside = outside
        self._inside = inside
        self._width = width
        self.skipped: list[int] = []

    @cached_property
    def _bounds(self) -> list[int]:
        """Where each cell begins, and the last ends: at a mark, not at the second half of a quote."""
        return [0, *compress(count(1), self._outside)]

    def check_first(self, header: list[str]) -> None:
        """It is no row."""
        if [cell.decode() for position in range(self._width) for cell in self.column(position)[:1]] != header:
            raise VerificationError("the first line has other columns than the data package says")
        self.skipped = [0]

    def column(self, position: int) -> list[bytes]:
        """Cells of several pieces have quotes between them."""
        first, inside = position + self._width * len(self.skipped), self._inside
        if len(self._bounds) > len(inside):
            return inside[first :: self._width]
        starts, ends = self._bounds[first :: self._width], self._bounds[first + 1 :: self._width]
        return [
            inside[start] if end - start == 1 else b'"'.join(inside[start:end])
            for start, end in zip(starts, ends, strict=False)
        ]
