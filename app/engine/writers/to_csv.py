"""Rows as CSV for spreadsheets: UTF-8 with BOM, every cell quoted, formulas made harmless reversibly."""

import csv
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from app.engine.shape import Row, TableShape, Value
from app.engine.writers import Write

FORMULA = frozenset("=+-@\t\r\n\0|%＝＋－＠")  # noqa: RUF001  # the full-width forms work in spreadsheets too


@contextmanager
def csv_writer(path: Path, shape: TableShape) -> Iterator[Write]:
    """Column names in the first line. NULL is an empty cell; the JSON beside it tells it from an empty text."""
    # A negative decimal is text to keep its digits, yet a number to a spreadsheet, and calculates nothing.
    cells = [_number if field.number else _cell for field in shape.fields]

    with path.open("x", encoding="utf-8-sig", newline="", errors="backslashreplace") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        writer.writerow([escape_formula(field.name) for field in shape.fields])

        def write(rows: Sequence[Row]) -> None:
            writer.writerows([cell(value) for cell, value in zip(cells, row, strict=True)] for row in rows)

        yield write


def escape_formula(text: str) -> str:
    """One `'` before a text that a spreadsheet would calculate, and before one that begins with `'`."""
    if text[:1] == "'" or text[:1] in FORMULA or text.lstrip()[:1] in FORMULA:
        return f"'{text}" if text else text
    return text


def unescape_formula(text: str) -> str:
    return text.removeprefix("'")


def _number(value: Value) -> str:
    return "" if value is None else str(value)


def _cell(value: Value) -> str:
    if isinstance(value, str):
        return escape_formula(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return repr(value)
