"""Rows as JSON: one array, one row a line, so that JSON readers and line tools both understand it."""

import json
from collections.abc import Callable, Sequence

import msgspec

from app.engine.shape import Row, TableShape, Value

encode_lines = msgspec.json.Encoder().encode_lines
_encode_value = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


class JsonWriter:
    """Keys are the column names, in the table's order. Documents stand in it as the database has them."""

    ending = "json"
    opening = b"[\n"
    separator = b",\n"
    closing = b"\n]\n"

    def __init__(self, shape: TableShape) -> None:
        names = [field.name for field in shape.fields]
        self._keys = [_encode_value(name) for name in names]
        self._documents = [position for position, field in enumerate(shape.fields) if field.kind == "json"]
        self._record = _make_record(names)

    def encode(self, rows: Sequence[Row]) -> bytes:
        if self._record is None:
            return b",\n".join(map(self._encode_row, rows))
        try:
            columns = list(zip(*rows, strict=True))
            for position in self._documents:
                columns[position] = tuple(map(_as_it_is, columns[position]))
            lines = encode_lines(list(map(self._record, *columns)))
        except UnicodeEncodeError:
            return b",\n".join(map(self._encode_row, rows))
        # Within a text a line end is an escape, so each that stands here is the end of a row.
        return lines[:-1].replace(b"\n", b",\n")

    def _encode_row(self, row: Row) -> bytes:
        """Half of a surrogate pair, which some databases take, becomes its JSON escape."""
        cells = (
            str(value) if value is not None and position in self._documents else _encode_value(value)
            for position, value in enumerate(row)
        )
        text = ",".join(f"{key}:{cell}" for key, cell in zip(self._keys, cells, strict=True))
        return f"{{{text}}}".encode("utf-8", "backslashreplace")


def encode_document(value: Value) -> bytes:
    """Indented, for people who look into it; in a fifth of the time that `json.dumps` takes to indent."""
    return msgspec.json.format(_encode_value(value).encode(), indent=1) + b"\n"


def _make_record(names: Sequence[str]) -> Callable[..., msgspec.Struct] | None:
    """Written by msgspec in a third of the time that a dict takes. None: it does not take these names."""
    fields = [(f"f{number}", object) for number in range(len(names))]
    aliases = {f"f{number}": str(name) for number, name in enumerate(names)}
    try:
        return msgspec.defstruct("Record", fields, rename=aliases, gc=False)
    except ValueError:  # there is a quote, a backslash or a control character in one
        return None


def _as_it_is(document: Value) -> msgspec.Raw | None:
    return None if document is None else msgspec.Raw(document)
