"""What is read past SQLAlchemy's types says the same as what they read."""

import datetime as dt
import enum
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from app.engine.stored import as_stored, find_convert, to_decimals, to_moments, to_uuids
from app.engine.values import to_document, to_values
from tests.engine.odd import Money

MOMENTS = st.datetimes(min_value=dt.datetime(1000, 1, 1))  # noqa: DTZ001  # as a column without zone holds it


@given(st.lists(st.one_of(st.none(), MOMENTS)), st.booleans())
def test_a_moment_in_text_is_the_moment(moments: list[dt.datetime | None], all_set: bool) -> None:
    kept: list[Any] = [moment for moment in moments if moment or not all_set]
    texts = [moment and moment.strftime("%Y-%m-%d %H:%M:%S.%f") for moment in kept]
    assert list(to_moments(texts)) == list(to_moments(kept)) == list(to_values(kept))


def test_what_is_no_moment_stays_as_it_is() -> None:
    texts = ["2026-01-01 09:30:00", "yesterday", "2026-01-01", "", 5, None]
    assert list(to_moments(texts)) == ["2026-01-01T09:30:00+00:00", "yesterday", "2026-01-01", "", 5, None]
    assert list(to_moments(["0000-00-00 00:00:00.000000\n"])) == ["0000-00-00 00:00:00.000000\n"]


@given(st.lists(st.one_of(st.none(), st.decimals(-(10**9), 10**9, places=2))))
def test_a_decimal_in_a_number_is_the_decimal(decimals: list[Decimal | None]) -> None:
    numbers = [None if each is None else float(each) for each in decimals]
    assert list(to_decimals(numbers, 2)) == [None if each is None else f"{each:.2f}" for each in decimals]
    assert list(to_decimals(decimals, 2)) == list(to_values(decimals))


@given(st.lists(st.one_of(st.none(), st.uuids())))
def test_a_uuid_in_text_is_the_uuid(uuids: list[UUID | None]) -> None:
    expected = [None if each is None else str(each) for each in uuids]
    assert list(to_uuids([each and each.hex for each in uuids])) == list(to_uuids(uuids)) == expected
    assert list(to_uuids([each and str(each).upper() for each in uuids])) == expected


def test_what_is_no_uuid_stays_as_it_is() -> None:
    texts = ["0" * 31, "g" * 32, "", f"{'0' * 32}\n", 5, None]
    assert list(to_uuids(texts)) == texts


class Mood(enum.Enum):
    CALM = "calm"
    STORMY = "stormy"


ID = UUID("0190e8a0-2b6f-7c3d-9e4f-a1b2c3d4e5f6")
COLUMNS: list[tuple[Any, list[Any]]] = [
    (sa.DateTime(), [dt.datetime(1660, 1, 1, 9, 30), dt.datetime(2026, 11, 22, 9, 14, 0, 5), None]),  # noqa: DTZ001
    (sa.DateTime(timezone=True), [dt.datetime(2026, 11, 22, 9, 14, tzinfo=dt.UTC), None]),
    (sa.Numeric(12, 2), [Decimal("1.10"), Decimal("-0.05"), Decimal(10**9), None]),
    (sa.Numeric(12, 4, asdecimal=False), [1.5, -2.25, None]),
    (sa.JSON(), [{"a": ["é", 1.5, None]}, [2**60], "text", 5, True, None]),
    (sa.Uuid(), [ID, None]),
    (sa.Uuid(as_uuid=False), [str(ID), None]),
    (sa.Uuid(native_uuid=False), [ID, None]),
    (sa.Date(), [dt.date(1, 1, 1), dt.date(2026, 11, 22), None]),
    (sa.Time(), [dt.time(9, 14), dt.time(9, 14, 30, 5), None]),
    (sa.Enum("a", "b", name="stored_letters"), ["b", "a", None]),
    (sa.Float(), [1.5, None]),
    (sa.Float(asdecimal=True), [Decimal("1.5"), Decimal("-0.1"), None]),
    (sa.Interval(), [dt.timedelta(days=-1), dt.timedelta(microseconds=1), None]),
    (sa.Interval(native=False), [dt.timedelta(days=-1), dt.timedelta(seconds=90), None]),
    (sa.LargeBinary(), [b"", b"\xff\x00", None]),
    (sa.PickleType(), [{"a": [1, None]}, "text", None]),
    (Money(), [None]),
]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
@pytest.mark.parametrize(("kind", "values"), COLUMNS)
def test_both_ways_to_read_a_column_agree(
    request: pytest.FixtureRequest, tmp_path: Path, database: str, kind: Any, values: list[Any]
) -> None:
    url = f"sqlite:///{tmp_path / 'stored.sqlite'}" if database == "sqlite" else request.getfixturevalue("postgres")
    engine = sa.create_engine(url)
    table = sa.Table(f"stored_{tmp_path.name[:20]}", sa.MetaData(), sa.Column("v", kind), prefixes=["TEMPORARY"])
    with engine.begin() as connection:
        table.create(connection)
        connection.execute(table.insert(), [{"v": value} for value in values])
        typed = connection.execute(sa.select(table.c.v)).scalars().all()
        convert = find_convert(table.c.v)
        is_document = isinstance(kind, sa.JSON | sa.PickleType)
        expected = list(map(to_document, typed)) if is_document else list(to_values(typed))
        if convert is None:
            assert isinstance(kind, Money) or not kind.asdecimal
        else:
            stored = connection.execute(sa.select(as_stored(table.c.v)).select_from(table)).scalars().all()
            assert [each and str(each).replace(" ", "") for each in convert(stored)] == [
                each and str(each).replace(" ", "") for each in expected
            ]
    engine.dispose()


@pytest.mark.parametrize("options", [{"name": "moods"}, {"native_enum": False}], ids=["native", "text"])
def test_lists_of_codes_are_those_of_the_database(postgres: str, options: dict[str, Any]) -> None:
    """Python's members have values that the database has never heard of; SQLAlchemy answers members."""
    engine = sa.create_engine(postgres)
    column: sa.Column[Any] = sa.Column("v", sa.ARRAY(sa.Enum(Mood, **options)))
    table = sa.Table("moods_of_days", sa.MetaData(), column)
    with engine.connect() as connection:
        table.create(connection)
        connection.execute(table.insert(), [{"v": [Mood.STORMY, Mood.CALM]}, {"v": []}, {"v": None}])
        convert = find_convert(column)
        assert convert
        stored = connection.execute(sa.select(as_stored(column)).select_from(table)).scalars().all()
        typed = connection.execute(sa.select(column)).scalars().all()
    engine.dispose()
    assert list(convert(stored)) == ['["STORMY", "CALM"]', "[]", None]
    assert to_document(typed[0]) == '["stormy", "calm"]'  # the control
