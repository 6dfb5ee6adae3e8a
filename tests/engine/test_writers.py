"""CSV that a spreadsheet cannot be tricked with, and values that lose nothing."""

import csv
import datetime as dt
import decimal
import enum
import io
import json
import uuid
from decimal import Decimal, InvalidOperation
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy.dialects.postgresql import INTERVAL

from app.engine.register import owned
from app.engine.shape import Field, Row, TableShape
from app.engine.values import to_document, to_documents, to_field, to_value, to_values
from app.engine.writers import Writer
from app.engine.writers.to_csv import FORMULA, CsvWriter, escape_formula, unescape_formula
from app.engine.writers.to_json import JsonWriter

NASTY = [
    "=1+1",
    "-5",
    "+49 30",
    "@x",
    "'",
    "''x",
    "'=1",
    "\t=1",
    " =1",
    "\r\n=cmd",
    "＝1",
    "a,b",
    '"q"',
    "x\ny",
    "\0",
    "|x",
    "%x",
]
TEXT = st.one_of(st.text(), st.sampled_from(NASTY), st.text(alphabet="=+-@'\t\r\n ,;\"a", max_size=6))


@given(TEXT)
def test_escaping_is_reversible_and_no_cell_begins_a_formula(text: str) -> None:
    escaped = escape_formula(text)
    assert unescape_formula(escaped) == text
    assert escaped[:1] not in FORMULA
    assert escaped.lstrip()[:1] not in FORMULA


def test_without_escaping_cells_begin_formulas() -> None:
    assert sum(text.lstrip()[:1] in FORMULA or text[:1] in FORMULA for text in NASTY) > 10


SHAPE = TableShape("t", owned("a")["satchel"], (Field("a", "A", "text"), Field("n", "N", "number", number=True)), ())


def write(writer: Writer, *batches: list[Row]) -> bytes:
    contents = [writer.encode(rows) for rows in batches]
    return writer.opening + writer.separator.join(contents) + writer.closing


def read_csv(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_csv_comes_back_through_the_csv_module() -> None:
    content = write(CsvWriter(SHAPE), [(text, None) for text in NASTY], [("Đà Lạt", "-12.50")])
    found = read_csv(content)
    assert found[0] == ["a", "n"]
    assert [unescape_formula(row[0]) for row in found[1:-1]] == NASTY
    assert found[-1] == ["Đà Lạt", "-12.50"]
    assert content[:3] == b"\xef\xbb\xbf"


@given(st.lists(st.one_of(TEXT, st.decimals().map(str), st.floats().map(str), st.none(), st.integers()), min_size=1))
@example(["1", "-1-1"])
@example(["1\n-1", "2"])
@example(["\n-"])
@example(["-"])
@example(["-1.2.3"])
@example(["-Infinity", "-1E-7", "-inf"])
def test_text_in_a_column_of_numbers_is_no_formula(column: list[Any]) -> None:
    """SQLite keeps it there; only what is a number may begin with a minus."""
    found = [row[1] for row in read_csv(write(CsvWriter(SHAPE), [("", value) for value in column]))[1:]]
    assert [unescape_formula(cell) for cell in found] == ["" if value is None else str(value) for value in column]
    for cell in found:
        assert cell.lstrip()[:1] not in FORMULA or is_number(cell)


def is_number(text: str) -> bool:
    try:
        Decimal(text)
    except InvalidOperation:
        return False
    return True


CELL = st.one_of(
    st.none(),
    TEXT,
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.just([{"b": 1, "a": '"'}]),
)


def say(value: Any) -> str:
    """What a cell holds, said without a thought of speed."""
    if value is None or value == "":
        return ""
    if isinstance(value, str):
        return escape_formula(value)
    if isinstance(value, bool | list):
        return json.dumps(value, sort_keys=True)
    return repr(value)


@given(st.lists(st.tuples(CELL, CELL), min_size=1))
def test_csv_by_columns_is_csv_by_cells(rows: list[Row]) -> None:
    shape = TableShape("t", SHAPE.declaration, (Field("=a", "A", "text"), Field("b", "B", "text")), ())
    found = read_csv(write(CsvWriter(shape), rows))
    assert found == [["'=a", "b"], *([say(value) for value in row] for row in rows)]


@given(st.lists(st.tuples(CELL, CELL), min_size=1), st.integers(1, 5))
def test_json_comes_back_however_it_is_divided(rows: list[Row], size: int) -> None:
    shape = TableShape("t", SHAPE.declaration, (Field("a", "A", "text"), Field("from", "B", "text")), ())
    content = write(JsonWriter(shape), *(rows[at : at + size] for at in range(0, len(rows), size)))
    assert json.loads(content) == [{"a": a, "from": b} for a, b in rows]
    assert len(content.splitlines()) == len(rows) + 2


class Colour(enum.Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (None, None),
        (True, True),
        (5, 5),
        (2**53, 2**53),
        (2**53 + 1, "9007199254740993"),
        (decimal.Decimal("1.10"), "1.10"),
        (1.5, 1.5),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (dt.datetime(2026, 11, 22, 9, 14, tzinfo=dt.UTC), "2026-11-22T09:14:00+00:00"),
        (dt.datetime(2026, 11, 22, 9, 14), "2026-11-22T09:14:00+00:00"),  # noqa: DTZ001  # a column without zone
        (dt.date(1660, 1, 1), "1660-01-01"),
        (dt.time(9, 14), "09:14:00"),
        (dt.timedelta(hours=1), 3600.0),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (b"\x00\xff", "AP8="),
        (Colour.RED, "red"),
        ([1, decimal.Decimal(2)], [1, "2"]),
        ({"a": {b"x"}}, {"a": ["eA=="]}),
        ({1: "a", 2: "b"}, {"1": "a", "2": "b"}),
        ({1: "a", "1": "b"}, [[1, "a"], ["1", "b"]]),
        (complex(1, 2), "(1+2j)"),
    ],
)
def test_every_value_becomes_what_json_can_say(raw: Any, value: Any) -> None:
    assert to_value(raw) == value
    json.dumps(to_value(raw), allow_nan=False)


@pytest.mark.parametrize(
    ("column", "kind", "label"),
    [
        (sa.Column("id", sa.Integer, primary_key=True), "id", "Id"),
        (sa.Column("author_id", sa.ForeignKey("person.id")), "id", "Author"),
        (sa.Column("created_at", sa.DateTime), "moment", "Created"),
        (sa.Column("at", sa.DateTime), "moment", "At"),
        (sa.Column("born", sa.Date), "date", "Born"),
        (sa.Column("title", sa.String(80)), "text", "Title"),
        (sa.Column("body", sa.Text), "longtext", "Body"),
        (sa.Column("visibility", sa.Enum("a", "b")), "text", "Visibility"),
        (sa.Column("price", sa.Numeric), "number", "Price"),
        (sa.Column("lasted", sa.Interval), "number", "Lasted"),
        (sa.Column("lasted", INTERVAL), "number", "Lasted"),
        (sa.Column("is_open", sa.Boolean), "flag", "Is open"),
        (sa.Column("extra", sa.JSON), "json", "Extra"),
        (sa.Column("blob", sa.LargeBinary), "bytes", "Blob"),
    ],
)
def test_a_column_is_shown_as_what_it_is(column: sa.Column[Any], kind: str, label: str) -> None:
    field = to_field(column, is_file=False)
    assert (field.kind, field.label) == (kind, label)


def test_half_a_surrogate_pair_costs_nobody_the_archive() -> None:
    """JSON columns may hold it; there is no UTF-8 for it, but an escape in JSON."""
    document = {"half": "\ud800", "whole": "\U0001f30a"}
    shape = TableShape("t", owned("x")["satchel"], (Field("a", "A", "json"), Field("b", "B", "text")), ("a",))
    for documents in (to_documents([json.dumps(document)]), [to_document(document)]):
        rows: list[Row] = [(documents[0], "\ud800\n")]
        assert json.loads(write(JsonWriter(shape), rows)) == [{"a": document, "b": "\ud800\n"}]
        (_, row) = read_csv(write(CsvWriter(shape), rows))
        assert json.loads(row[0]) == document
        assert row[1] == "\\ud800\n"


VALUES: tuple[st.SearchStrategy[Any], ...] = (
    st.text(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals(),
    st.datetimes(timezones=st.one_of(st.none(), st.timezones())),
    st.dates(),
    st.times(),
    st.timedeltas(),
    st.uuids(),
    st.binary(),
    st.sampled_from(Colour),
    st.lists(st.integers()),
)
COLUMN = st.one_of(*(st.lists(st.one_of(st.none(), kind)) for kind in (*VALUES, st.one_of(*VALUES))))


@given(COLUMN)
def test_a_column_at_a_time_is_a_value_at_a_time(column: list[Any]) -> None:
    assert list(map(repr, to_values(column))) == [repr(to_value(raw)) for raw in column]


DOCUMENT = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(), inner, max_size=4)),
    max_leaves=12,
)


@given(DOCUMENT, st.booleans(), st.sampled_from([None, 1]))
def test_a_document_loses_nothing_on_its_way(document: Any, ascii_only: bool, indent: int | None) -> None:
    (text,) = to_documents([json.dumps(document, ensure_ascii=ascii_only, indent=indent)])
    if document is None:
        assert text is None
        return
    assert text is not None
    assert "\n" not in text
    assert json.loads(text) == to_value(document)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("null", None),
        (None, None),
        ('{"a": 1.10}', '{"a": 1.10}'),
        ('{"a":\n1}', '{"a":1}'),
        ('"\\u0111"', '"đ"'),
        ("[9007199254740993]", '["9007199254740993"]'),
        ("[0.12345678901234567890]", "[0.12345678901234567890]"),
        ("[NaN]", '["nan"]'),
        ("[1e999]", "[1e999]"),
        ("not JSON", '"not JSON"'),
        ("[" * 100_000, json.dumps("[" * 100_000)),
        (5, "5"),
        (1.5, "1.5"),
        (b"x", '"eA=="'),
    ],
)
def test_a_document_is_one_line_of_json_whatever_the_database_holds(raw: Any, text: str | None) -> None:
    assert to_documents([raw]) == [text]


TEXTS = [
    "1,2",
    "[3",
    "4]",
    '{"a": 1}',
    " 5",
    "6 ",
    "null",
    '""',
    "",
    "NaN",
    '"é"',
    "[12345678901234567]",
    '"\\u00e9"',
    "[\n1]",
    None,
]


@given(st.lists(st.sampled_from(TEXTS), max_size=6))
@example(["1,2", "[3", "4]"])
def test_texts_that_are_no_documents_are_not_taken_for_their_neighbours(batch: list[str | None]) -> None:
    """Put side by side, the three of the example are three documents: 1, 2 and [3,4]."""
    assert to_documents(batch) == [found for raw in batch for found in to_documents([raw])]
