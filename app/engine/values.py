"""Database values as JSON can say them without loss, made once for each value and used by every writer.

Decimals and integers beyond 2**53 become text (a JavaScript or spreadsheet reader would lose digits), times ISO 8601
with zone, bytes base64, NaN and infinities text. A JSON document becomes its own text.
"""

import base64
import enum
import json
import math
import re
import uuid
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from types import NoneType
from typing import Any

import msgspec
from sqlalchemy import Column, TypeDecorator, types
from sqlalchemy.dialects.postgresql import HSTORE, INTERVAL
from sqlalchemy.dialects.postgresql.ranges import AbstractMultiRange

from app.engine.schema import stored_type
from app.engine.shape import Field, Kind, Value

EXACT = 2**53
LONG_TEXT = 200
"""A text column that holds more characters than this is shown as running text."""


class NoTextError(TypeError):
    """Python prints nothing of a value but its address in memory: it would be lost, and nobody would see that."""


def to_value(raw: Any) -> Value:
    """One value of any column. Types that nobody foresaw are written as Python prints them. Raises NoTextError."""
    if raw is None or (isinstance(raw, bool | str) and not isinstance(raw, enum.Enum)):
        return raw
    for kind, convert in _CONVERTERS:
        if isinstance(raw, kind):
            return convert(raw)
    return _text(raw)


def _text(raw: Any) -> str:
    text = str(raw)
    if hex(id(raw)) in text:
        raise NoTextError(f"{type(raw).__qualname__} has no text: give it a __str__, or declare the column internal()")
    return text


def to_values(column: Sequence[Any]) -> Sequence[Value]:
    """`to_value` of each. Most columns hold one type, and then it is asked once for a batch and not for each value."""
    kinds = set(map(type, column)) - {NoneType}
    if kinds <= _AS_THEY_ARE or (kinds == {int} and _are_exact(column)):
        return column
    if len(kinds) == 1 and (convert := _QUICK.get(kinds.pop())):
        return [None if raw is None else convert(raw) for raw in column]
    return list(map(to_value, column))


def _are_exact(column: Sequence[int | None]) -> bool:
    numbers = [raw for raw in column if raw is not None]
    return min(numbers) >= -EXACT and max(numbers) <= EXACT


def to_document(raw: Any) -> str | None:
    """One value of a column that holds documents, as the JSON text of it on one line; JSON's null is None."""
    if raw is None:
        return None
    # Half a surrogate pair, which JSON may hold as an escape, has no UTF-8; its escape does.
    text = json.dumps(to_value(raw), ensure_ascii=False, allow_nan=False)
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def to_documents(column: Sequence[Any]) -> list[str | None]:
    """The same for JSON that comes as the database's own text, which stays as it is wherever it can."""
    texts = [raw for raw in column if raw is not None]
    if _are_tidy(texts):
        return [None if raw == "null" else raw for raw in column]
    return [_to_tidy(raw) if isinstance(raw, str) else to_document(raw) for raw in column]


_split_json = msgspec.json.Decoder(list[msgspec.Raw]).decode
_check_json = msgspec.json.Decoder(msgspec.Raw).decode
_read_json, _write_json = msgspec.json.Decoder().decode, msgspec.json.Encoder().encode


def _are_tidy(texts: Sequence[Any]) -> bool:
    """Is each one document that stays as it is? Asked of a whole batch, in a fifth of the time.

    What the parser finds between the commas that we put there must have the lengths of what we put there: otherwise
    one text was several documents, or several texts were one.
    """
    if not all(type(text) is str for text in texts):
        return False
    whole = f"[{','.join(texts)}]"
    if "\\u" in whole or "\n" in whole or "\r" in whole or _has_long_integer(whole):
        return False
    try:
        lengths = list(map(len, texts if whole.isascii() else map(str.encode, texts)))
        return list(map(len, _split_json(whole))) == lengths
    except (ValueError, RecursionError):
        return False


def _has_long_integer(text: str) -> bool:
    """A reader could lose digits of it. What stands behind a point, or within a text, may be as long.

    The expression alone takes eight times as long as a look for so many digits anywhere.
    """
    zeros = text.encode("utf-8", "replace").translate(_ZEROS)
    return b"0" * 16 in zeros and _LONG_INTEGER.search(text) is not None


_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_LONG_INTEGER = re.compile(r"(?:^|[\s:\[,-])[0-9]{16}")


def _to_tidy(text: str) -> str | None:
    return _reread(text) if _has_long_integer(text) else _tidy(text)


def _tidy(text: str) -> str | None:
    """On one line, without escapes that would hide text from a search."""
    try:
        if "\\u" in text or "\n" in text or "\r" in text:
            text = _write_json(_read_json(text)).decode()
        else:
            _check_json(text)
    except (ValueError, RecursionError):
        # No JSON, though the column is declared so; SQLite takes anything. NaN, which Python writes, is read by it.
        return _reread(text)
    return None if text == "null" else text


def _reread(text: str) -> str | None:
    """By Python's own reader and `to_value`; what is no JSON becomes a text in JSON."""
    try:
        return to_document(json.loads(text))
    except (ValueError, RecursionError):
        return to_document(text)


def _integer(raw: int) -> Value:
    return raw if -EXACT <= raw <= EXACT else str(raw)


def _float(raw: float) -> Value:
    return raw if math.isfinite(raw) else str(raw)


def _moment(raw: datetime) -> str:
    return raw.isoformat() + "+00:00" if raw.tzinfo is None else raw.isoformat()


def _list(raw: list[Any] | tuple[Any, ...] | set[Any] | frozenset[Any]) -> Value:
    return [to_value(each) for each in (sorted(raw, key=str) if isinstance(raw, set | frozenset) else raw)]


def _dict(raw: dict[Any, Any]) -> Value:
    written = {_text(key): to_value(each) for key, each in raw.items()}
    # Python tells 1 from "1", JSON does not: then a list of pairs, so that nothing is lost.
    return written if len(written) == len(raw) else [[to_value(key), to_value(each)] for key, each in raw.items()]


_CONVERTERS: tuple[tuple[type | tuple[type, ...], Callable[[Any], Value]], ...] = (
    (enum.Enum, lambda raw: to_value(raw.value)),
    (int, _integer),
    (float, _float),
    (Decimal, str),
    (datetime, _moment),
    ((date, time), lambda raw: raw.isoformat()),
    (timedelta, lambda raw: raw.total_seconds()),
    (uuid.UUID, str),
    ((bytes, bytearray, memoryview), lambda raw: base64.b64encode(raw).decode("ascii")),
    ((list, tuple, set, frozenset), _list),
    (dict, _dict),
)


_AS_THEY_ARE = frozenset({str, bool})
_QUICK = {
    kind: convert for kinds, convert in _CONVERTERS for kind in (kinds if isinstance(kinds, tuple) else (kinds,))
}
"""By exact type; a subclass may be an enumeration, and goes the long way."""


def to_field(column: Column[Any], *, is_file: bool) -> Field:
    kind = "file" if is_file else _kind(column)
    # Not so where a pseudonym may stand: it is somebody's text and must stay harmless in a spreadsheet.
    number = isinstance(column.type, _NUMBERS) and not column.foreign_keys
    may_nest = kind not in {"json", "file"} and not type(column.type).__module__.startswith("sqlalchemy.")
    return Field(column.name, _label(column), kind, number=number, may_nest=may_nest)


def _kind(column: Column[Any]) -> Kind:
    if column.primary_key or column.foreign_keys:
        return "id"
    for known, name in _DECORATED:
        if isinstance(column.type, known):
            return name
    kind = stored_type(column)
    if isinstance(kind, types.String) and not isinstance(kind, types.Enum):
        return "longtext" if (kind.length or LONG_TEXT + 1) > LONG_TEXT else "text"
    if isinstance(kind, types.LargeBinary) and isinstance(column.type, TypeDecorator):
        return "longtext"  # what was compressed or encrypted is text as a rule; bytes would read as their base64
    return next((name for known, name in _KINDS if isinstance(kind, known)), "text")


DURATIONS = (types.Interval, INTERVAL)
_DECORATED: tuple[tuple[type | tuple[type, ...], Kind], ...] = ((DURATIONS, "number"), (types.PickleType, "json"))
"""Kept as a moment or as bytes where the database has nothing better; read as seconds, or as whatever was put in."""
_NUMBERS: tuple[type, ...] = (types.Integer, types.Numeric, types.Float)
_KINDS: tuple[tuple[type, Kind], ...] = (
    (types.Boolean, "flag"),
    *((number, "number") for number in _NUMBERS),
    (types.DateTime, "moment"),
    (types.Date, "date"),
    (types.JSON, "json"),
    (types.ARRAY, "json"),
    (HSTORE, "json"),
    (AbstractMultiRange, "json"),
    (types.LargeBinary, "bytes"),
)


def _label(column: Column[Any]) -> str:
    """`created_at` → "Created"; the keys in JSON and CSV stay the column names."""
    words = column.name.replace("_", " ").strip()
    if column.foreign_keys and words.endswith(" id"):
        words = words[:-3]
    if words.endswith(" at") and len(words) > len(" at"):
        words = words[:-3]
    return words[:1].upper() + words[1:]
