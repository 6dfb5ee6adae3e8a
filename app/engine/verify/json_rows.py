"""Rows in JSON: an array with one object a line, which is valid JSON and can be read by the line."""

import json
from collections.abc import Sequence
from typing import Any, NoReturn

import msgspec

from app.engine.verify.problems import VerificationError
from app.engine.verify.rows import See

_NO_ARRAY = "not an array with one row a line"
_OPEN, _CLOSE = b"[\n", b"\n]\n"

# Values are checked and skipped, and made into something only where somebody asks for their column.
_decode = msgspec.json.Decoder(list[dict[str, msgspec.Raw]]).decode


class JsonRows:
    def __init__(self, names: Sequence[str], see: See) -> None:
        """`names`: the columns that each row must have, in order."""
        self._names = tuple(names)
        self._see = see
        self._opened = False

    def take(self, text: bytes) -> int:
        end = text.rfind(b",\n")
        if end < 0:
            return 0
        start = self._open(text)
        if end > start:
            self._read(text[start:end], text.count(b"\n", start, end) + 1)
        return end + 2

    def finish(self, rest: bytes) -> None:
        if not self._opened and rest == b"[]\n":
            return
        if not rest.endswith(_CLOSE):
            raise VerificationError(_NO_ARRAY)
        self._read(rest[self._open(rest) : -len(_CLOSE)], 1)

    def _open(self, text: bytes) -> int:
        if self._opened:
            return 0
        if not text.startswith(_OPEN):
            raise VerificationError(_NO_ARRAY)
        self._opened = True
        return len(_OPEN)

    def _read(self, text: bytes, count: int) -> None:
        rows = _parse(text)
        if len(rows) != count:
            raise VerificationError(_NO_ARRAY)
        if set(map(tuple, rows)) != {self._names}:
            raise VerificationError("a row has other columns than the data package says")
        self._see(count, lambda position: [_text(row[self._names[position]]) for row in rows])


def _parse(text: bytes) -> list[dict[str, Any]]:
    """The fast parser looks into no text for bytes that are no UTF-8, and knows no half of a surrogate pair."""
    text.decode()
    whole = b"[%b]" % text
    try:
        return _decode(whole)
    except (msgspec.DecodeError, RecursionError):
        return _parse_slowly(whole)


def _parse_slowly(text: bytes) -> list[dict[str, Any]]:
    try:
        rows = list(json.loads(text, parse_constant=_refuse))
    except (ValueError, RecursionError) as error:
        raise VerificationError(f"not rows in JSON: {error}") from error
    if not all(type(row) is dict for row in rows):
        raise VerificationError(_NO_ARRAY)
    return rows


def _refuse(name: str) -> NoReturn:
    raise VerificationError(f"not rows in JSON: {name}")


def _text(value: Any) -> bytes:
    try:
        found = msgspec.json.decode(value) if type(value) is msgspec.Raw else value
    except (msgspec.DecodeError, RecursionError) as error:
        raise VerificationError(f"not a value that can be a key: {error}") from error
    return b"" if found is None else str(found).encode("utf-8", "backslashreplace")
