"""Rows in CSV with every cell in quotes. Where quotes are, is where cells begin and end: one split finds them all.

Cut at its quotes, a text stands alternately outside and inside of cells. Outside there may be a comma, the end of a
row, or nothing: that is a quote within a cell, which is written twice.
"""

import re
from collections.abc import Sequence
from functools import cached_property
from itertools import compress, count, islice

from app.engine.verify.json_text import check_utf_8
from app.engine.verify.problems import VerificationError
from app.engine.verify.rows import See

_BOM, _COMMA, _END = b"\xef\xbb\xbf", b",", b"\r\n"
_CELL = rb'"((?:[^"]++|"")*+)"'
_find_row = re.compile(rb"(?:%b,)*+%b\r\n" % (_CELL, _CELL)).match
_find_cells = re.compile(_CELL + rb"(?:,|\r\n)").finditer


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

    def take_one(self, text: bytes) -> int:
        """Cell by cell: cut at its quotes, a text of nothing else becomes eight times as long."""
        start = 0 if self._begun or not text.startswith(_BOM) else len(_BOM)
        found = _find_row(text, start)
        if found is None:
            return 0
        check_utf_8(memoryview(text)[: found.end()])
        width = len(self._row)
        some = islice(_find_cells(text, start, found.end()), width + 1)
        cells = [cell[1].replace(b'""', b'"') for cell in some]
        if not self._begun:
            _check_first(cells, self._header)
            self._begun = True
            return found.end()
        if len(cells) != width:
            raise VerificationError(f"row {self._rows + 1} has not {width} cells")
        self._rows += 1
        self._see(1, lambda position: [cells[position]])
        return found.end()

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
        _check_first([cell for position in range(self._width) for cell in self.column(position)[:1]], header)
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


def _check_first(cells: Sequence[bytes], header: Sequence[str]) -> None:
    if [cell.decode() for cell in cells] != header:
        raise VerificationError("the first line has other columns than the data package says")
