"""Columns of SQLAlchemy's own types as the driver has them, where we say the same of them in less time.

SQLite holds documents, times and UUIDs as text and decimals as numbers; PostgreSQL's driver knows all but documents,
which it would parse. A type of somebody's own may answer something else, and is always asked.

SQLite takes any value for any column. What SQLAlchemy's types refuse costs nobody the archive: it stays as it is.
"""

import base64
import re
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Column, types
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from app.engine.shape import Value
from app.engine.values import to_document, to_documents, to_value, to_values

Convert = Callable[[Sequence[Any]], Sequence[Value]]
"""A column of a batch, as it comes from the driver, to what the archive says."""

_DECIMALS: frozenset[type] = frozenset(
    {
        *(types.Numeric, types.NUMERIC, types.DECIMAL),
        *(types.Float, types.FLOAT, types.REAL, types.Double, types.DOUBLE, types.DOUBLE_PRECISION),
    }
)


class as_stored(FunctionElement[Any]):  # noqa: N801  # reads as a function in statements, like SQLAlchemy's own
    """The column, which is its one argument, without what its type would make of it."""

    inherit_cache = True
    type = types.NullType()


def find_convert(column: Column[Any]) -> Convert | None:
    """What makes of the stored values what the column's type and `to_values` would; None: the type must be asked."""
    kind = column.type
    if isinstance(kind, types.JSON) and _is_known(kind):
        return to_documents
    if _is_enumeration(kind):
        return to_values
    if _holds_lists_of_codes(kind):
        return _to_lists
    if type(kind) is types.PickleType:
        return partial(to_unpickled, load=kind.pickler.loads)
    if type(kind) in _DECIMALS and isinstance(kind, types.Numeric | types.Float) and kind.asdecimal:
        return partial(to_decimals, scale=_scale(kind))
    return _BY_TYPE.get(type(kind))


def holds_codes(column: Column[Any]) -> bool:
    """Of an enumeration, and as the database has them: its type knows none that Python has dropped."""
    return _is_enumeration(column.type)


def _is_enumeration(kind: types.TypeEngine[Any]) -> bool:
    return isinstance(kind, types.Enum) and _is_known(kind)


def _holds_lists_of_codes(kind: types.TypeEngine[Any]) -> bool:
    return isinstance(kind, types.ARRAY) and _is_known(kind) and _is_enumeration(kind.item_type)


def _is_known(kind: types.TypeEngine[Any]) -> bool:
    """Whether it is SQLAlchemy's own."""
    return type(kind).__module__.startswith("sqlalchemy.")


def to_code(column: Column[Any], given: Any) -> Value:
    """A member of the column's enumeration, or another value, as the archive has it."""
    if holds_codes(column) and (convert := column.type.bind_processor(DefaultDialect())):
        with suppress(LookupError):  # no member of it
            return to_value(convert(given))
    return to_value(given)


def _scale(kind: types.Numeric[Any] | types.Float[Any]) -> int:
    """As SQLAlchemy chooses it for databases that hold floating-point numbers."""
    chosen = (kind.decimal_return_scale, kind.scale, 10)
    return next(scale for scale in chosen if scale is not None)


def to_moments(column: Sequence[Any]) -> Sequence[Value]:
    """SQLite's text needs a letter and a zone; what is no moment stays as it is."""
    if not all(type(raw) is str for raw in column):
        return [_to_moment(raw) if isinstance(raw, str) else raw for raw in to_values(column)]
    lines = "\n".join(column)
    if not _ARE_MOMENTS(lines):
        return list(map(_to_moment, column))
    return f"{lines}\n".replace(" ", "T").replace(".000000", "").replace("\n", "+00:00\n").split("\n")[:-1]


_MOMENT = r"\d{4}-\d\d-\d\d [0-2]\d:[0-5]\d:[0-5]\d(?:\.\d{6})?"
_IS_MOMENT = re.compile(_MOMENT, re.ASCII).fullmatch
_ARE_MOMENTS = re.compile(rf"{_MOMENT}(?:\n{_MOMENT})*", re.ASCII).fullmatch


def _to_moment(text: str) -> str:
    return f"{text.replace(' ', 'T').removesuffix('.000000')}+00:00" if _IS_MOMENT(text) else text


def to_times(column: Sequence[Any]) -> Sequence[Value]:
    """SQLite's text always has microseconds; what is no time stays as it is."""
    return [_to_time(raw) if isinstance(raw, str) else raw for raw in to_values(column)]


_IS_TIME = re.compile(r"[0-2]\d:[0-5]\d:[0-5]\d\.000000", re.ASCII).fullmatch


def _to_time(text: str) -> str:
    return text.removesuffix(".000000") if _IS_TIME(text) else text


def to_uuids(column: Sequence[Any]) -> Sequence[Value]:
    """SQLite's text has no dashes; what is no UUID stays as it is. A `UUID` for each takes three times as long."""
    if str not in set(map(type, column)):
        return to_values(column)
    return [_to_uuid(raw) if isinstance(raw, str) else to_value(raw) for raw in column]


def _to_uuid(text: str) -> str:
    if _IS_PLAIN_UUID(text):
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return text


_IS_PLAIN_UUID = re.compile(r"[0-9a-f]{32}").fullmatch


def to_decimals(column: Sequence[Any], scale: int) -> Sequence[Value]:
    """SQLite's numbers get as many digits behind the point as the column has."""
    form = f"%.{scale}f"
    if column and _NUMBERS.issuperset(map(type, column)):
        return ("\n".join([form] * len(column)) % tuple(column)).split("\n")
    return [form % raw if isinstance(raw, int | float) else to_value(raw) for raw in column]


_NUMBERS = frozenset({int, float})


def to_seconds(column: Sequence[Any]) -> Sequence[Value]:
    """Without a type for it, a database holds the moment so long after the first of 1970."""
    return [to_value(_to_duration(raw)) for raw in column]


def _to_duration(raw: Any) -> Any:
    with suppress(ValueError, TypeError):  # no moment, or one with a zone
        return (datetime.fromisoformat(raw) if isinstance(raw, str) else raw) - _FIRST
    return raw


_FIRST = datetime(1970, 1, 1)  # noqa: DTZ001  # as SQLAlchemy has it


def to_base64(column: Sequence[Any]) -> Sequence[Value]:
    """The bytes of a text are those that SQLite itself would cast it to."""
    return [_to_base64(raw) for raw in column]


def _to_base64(raw: Any) -> str | None:
    if raw is None:
        return None
    content = raw if isinstance(raw, bytes | bytearray | memoryview) else str(raw).encode("utf-8", "surrogatepass")
    return base64.b64encode(content).decode("ascii")


def to_unpickled(column: Sequence[Any], load: Callable[[Any], Any]) -> Sequence[Value]:
    """What nobody can unpickle any more is written as the bytes it is."""
    return [to_document(raw if raw is None else _unpickle(raw, load)) for raw in column]


def _unpickle(raw: Any, load: Callable[[Any], Any]) -> Any:
    try:
        return load(raw)
    except Exception:  # noqa: BLE001  # it runs what the site's classes do: they may be gone, or refuse
        return raw


def _to_lists(column: Sequence[Any]) -> Sequence[Value]:
    return list(map(to_document, column))


_BY_TYPE: dict[type, Convert] = {
    **dict.fromkeys((types.DateTime, types.DATETIME, types.TIMESTAMP), to_moments),
    **dict.fromkeys((types.Date, types.DATE), to_values),  # SQLite's text is what we say
    **dict.fromkeys((types.Time, types.TIME), to_times),
    **dict.fromkeys((types.Uuid, types.UUID), to_uuids),
    **dict.fromkeys((types.LargeBinary, types.BLOB, types.VARBINARY, types.BINARY), to_base64),
    types.Interval: to_seconds,
}


@compiles(as_stored)
def _compile(element: as_stored, compiler: SQLCompiler, **kw: Any) -> str:
    [column] = element.clauses
    return compiler.process(column, **kw)


@compiles(as_stored, "postgresql")
def _compile_postgresql(element: as_stored, compiler: SQLCompiler, **kw: Any) -> str:
    [column] = element.clauses
    stored = compiler.process(column, **kw)
    if _holds_lists_of_codes(column.type):  # the driver knows no array of somebody's enumeration
        return f"CAST({stored} AS TEXT[])"
    return f"CAST({stored} AS TEXT)" if isinstance(column.type, types.JSON) else stored
