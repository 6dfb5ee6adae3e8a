"""CSV that a spreadsheet cannot be tricked with, and values that lose nothing."""

import csv
import datetime as dt
import decimal
import enum
import io
import json
import uuid
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from app.engine.register import owned
from app.engine.shape import Field, TableShape
from app.engine.values import to_field, to_value
from app.engine.writers.to_csv import FORMULA, csv_writer, escape_formula, unescape_formula
from app.engine.writers.to_json import json_writer

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


def test_csv_comes_back_through_the_csv_module(tmp_path: Path) -> None:
    with csv_writer(tmp_path / "t.csv", SHAPE) as write:
        write([(text, None) for text in NASTY])
        write([("Đà Lạt", "-12.50")])
    with (tmp_path / "t.csv").open(encoding="utf-8-sig", newline="") as file:
        found = list(csv.reader(file))
    assert found[0] == ["a", "n"]
    assert [unescape_formula(row[0]) for row in found[1:-1]] == NASTY
    assert found[-1] == ["Đà Lạt", "-12.50"]
    assert (tmp_path / "t.csv").read_bytes()[:3] == b"\xef\xbb\xbf"


def test_json_of_no_rows_is_an_empty_array(tmp_path: Path) -> None:
    with json_writer(tmp_path / "t.json", SHAPE):
        pass
    assert json.loads((tmp_path / "t.json").read_text()) == []


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
        (sa.Column("is_open", sa.Boolean), "flag", "Is open"),
        (sa.Column("extra", sa.JSON), "json", "Extra"),
        (sa.Column("blob", sa.LargeBinary), "bytes", "Blob"),
    ],
)
def test_a_column_is_shown_as_what_it_is(column: sa.Column[Any], kind: str, label: str) -> None:
    field = to_field(column, is_file=False)
    assert (field.kind, field.label) == (kind, label)


def test_half_a_surrogate_pair_costs_nobody_the_archive(tmp_path: Path) -> None:
    """JSON columns may hold it; there is no UTF-8 for it, but an escape in JSON."""
    shape = TableShape("t", owned("x")["satchel"], (Field("a", "A", "json"),), ("a",))
    row = ({"half": "\ud800", "whole": "\U0001f30a"},)
    for writer, path in ((json_writer, tmp_path / "t.json"), (csv_writer, tmp_path / "t.csv")):
        with writer(path, shape) as write:
            write([row])
    assert json.loads((tmp_path / "t.json").read_bytes()) == [{"a": row[0]}]
    text = (tmp_path / "t.csv").read_bytes().decode("utf-8-sig")
    assert json.loads(list(csv.reader(io.StringIO(text, newline="")))[1][0]) == row[0]
