"""Columns of the site's own types, and values that their type refuses: none costs a person the archive."""

import base64
import enum
import json
import pickle
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import INT4MULTIRANGE, Range
from sqlalchemy.dialects.postgresql.ranges import MultiRange

from app.engine.register import owned, subject, words
from app.engine.values import NoTextError, to_document, to_field
from app.extensions import prepare_sqlite
from tests.engine.conftest import ANN, make_archive
from tests.engine.forging import Members, unpack

Build = Callable[..., Members]


@pytest.fixture
def build_things(tmp_path: Path) -> Build:
    """Ann's archive of one table with one row more for each value of its column, which is called `v`."""

    def build(column: sa.Column[Any], *values: Any, raw: bool = False, stored: str = ":v") -> Members:
        metadata = sa.MetaData()
        number = sa.Column("id", sa.Integer, primary_key=True)
        sa.Table("person", metadata, number, sa.Column("name", sa.Text), info=subject())
        owner: sa.Column[Any] = sa.Column("owner_id", sa.ForeignKey("person.id"))
        thing = sa.Table(
            "thing", metadata, sa.Column("id", sa.Integer, primary_key=True), owner, column, info=owned("owner_id")
        )
        engine = sa.create_engine(f"sqlite:///{tmp_path / 'things.sqlite'}")
        prepare_sqlite(engine)
        metadata.create_all(engine)
        with engine.begin() as connection:
            connection.execute(metadata.tables["person"].insert(), {"id": 1, "name": "Ann"})
            for value in values:
                row = {"owner_id": 1, column.key: value}
                as_it_is = sa.text(f"INSERT INTO thing (owner_id, {column.name}) VALUES (1, {stored})")
                connection.execute(*((as_it_is, {"v": value}) if raw else (thing.insert(), row)))
        built = make_archive(ANN, engine, metadata, tmp_path / "workspace")
        engine.dispose()
        return unpack(built.parts[0].file)

    return build


def read_json(members: Members) -> list[Any]:
    return [row["v"] for row in json.loads(members["data/json/thing.json"])]


def read_pages(members: Members) -> tuple[str, str]:
    """What the report's script holds, and its page without one."""
    return members["viewer/thing.0000.js"].decode(), members["thing.html"].decode()


def describe(members: Members) -> dict[str, Any]:
    """What the data package says of the column."""
    tables = json.loads(members["data/datapackage.json"])["resources"]
    (found,) = [each for table in tables for each in table["schema"]["fields"] if each["name"] == "v"]
    return dict(found)


class Compressed(sa.TypeDecorator[str]):
    impl = sa.LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> bytes | None:  # noqa: ARG002
        return None if value is None else zlib.compress(value.encode())

    def process_result_value(self, value: bytes | None, dialect: sa.Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else zlib.decompress(value).decode()


def test_text_that_is_kept_as_bytes_reads_as_text(build_things: Build) -> None:
    texts = ["Chào Ann", "Four score word!"]  # no base64, and what could be some
    members = build_things(sa.Column("v", Compressed), *texts, None)
    assert read_json(members) == [*texts, None]
    for page in read_pages(members):
        assert all(text in page for text in texts)


def test_bytes_are_counted(build_things: Build) -> None:
    script, page = read_pages(build_things(sa.Column("v", sa.LargeBinary), b"Four score"))
    assert "[1,1,10]" in script
    assert "Bytes: 10" in page


class Preferences(sa.TypeDecorator[Any]):
    """As SQLAlchemy's manual shows it."""

    impl = sa.VARCHAR
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else json.dumps(value)

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> Any:  # noqa: ARG002
        return None if value is None else json.loads(value)


def test_lists_and_dicts_of_an_own_type_read_as_json(build_things: Build) -> None:
    """JavaScript would say "[object Object]", and Python what only Python reads."""
    members = build_things(sa.Column("v", Preferences), {"theme": "dark"}, [1, "é"], "text", None)
    assert read_json(members) == [{"theme": "dark"}, [1, "é"], "text", None]
    script, page = read_pages(members)
    assert r'[1,1,"{\"theme\": \"dark\"}"]' in script
    assert r'[2,1,"[1, \"é\"]"]' in script
    assert '[3,1,"text"]' in script
    assert "{&#34;theme&#34;: &#34;dark&#34;}" in page


def test_several_ranges_are_a_list_of_them() -> None:
    assert to_field(sa.Column("v", INT4MULTIRANGE), is_file=False).kind == "json"
    assert to_document(MultiRange([Range(1, 3), Range(5, 8)])) == '["[1,3)", "[5,8)"]'


@pytest.mark.parametrize(
    ("kind", "texts"),
    [(sa.Date(), ["", "0000-00-00", "2026-11-22"]), (sa.Time(), ["", "25:00", "soon.000000", "09:14:00"])],
)
def test_what_is_no_day_and_no_time_stays_as_it_is(build_things: Build, kind: Any, texts: list[str]) -> None:
    """SQLite takes any text; the column's type raises an error for such ones."""
    assert read_json(build_things(sa.Column("v", kind), *texts, raw=True)) == texts


@pytest.mark.parametrize(
    ("kind", "stored", "said"),
    [
        (sa.LargeBinary(), ["", "café", b"\xff", 5, None], [b"", "café".encode(), b"\xff", b"5", None]),
        (sa.Interval(), ["", "soon", 5, "1970-01-01 00:01:30.000000", None], ["", "soon", 5, 90.0, None]),
        (sa.Float(asdecimal=True), ["", "much", 1.5, None], ["", "much", "1.5000000000", None]),
        (sa.Double(asdecimal=True), ["", "much", 1.5, None], ["", "much", "1.5000000000", None]),
        (sa.PickleType(), ["", b"\xff", pickle.dumps([1, "a"]), None], ["", "/w==", [1, "a"], None]),
    ],
    ids=["LargeBinary", "Interval", "Float", "Double", "PickleType"],
)
def test_what_a_type_cannot_read_is_in_the_archive(
    build_things: Build, kind: Any, stored: list[Any], said: list[Any]
) -> None:
    """SQLite takes any value for any column; one of these cost its owner everything."""
    expected = [base64.b64encode(each).decode() if isinstance(each, bytes) else each for each in said]
    assert read_json(build_things(sa.Column("v", kind), *stored, raw=True)) == expected


def test_a_text_that_is_no_utf_8_is_in_the_archive(build_things: Build) -> None:
    """Another program has written it, in an older encoding; SQLite's driver refuses it with its neighbours."""
    texts = [b"caf\xe9", "café".encode(), b"\\xe9"]
    members = build_things(sa.Column("v", sa.Text), *texts, raw=True, stored="CAST(:v AS TEXT)")
    assert read_json(members) == ["caf\\xe9", "café", "\\xe9"]


class Point:
    """Nothing of it is printed but its address in memory."""

    def __init__(self, x: int) -> None:
        self.x = x


class Place(Point):
    def __str__(self) -> str:
        return f"at {self.x}"


class Places(sa.TypeDecorator[Any]):
    impl = sa.Integer
    cache_ok = True

    def __init__(self, kind: type[Point], wrap: Callable[[Any], Any] = lambda it: it) -> None:
        super().__init__()
        self.kind, self.wrap = kind, wrap

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> Any:  # noqa: ARG002
        return None if value is None else self.wrap(self.kind(value))


@pytest.mark.parametrize("wrap", [lambda it: it, lambda it: [it], lambda it: {it: 1}], ids=["alone", "list", "key"])
def test_an_address_in_memory_is_no_value(build_things: Build, wrap: Callable[[Any], Any]) -> None:
    """It says nothing of what was stored, and nobody would see that it is lost."""
    with pytest.raises(NoTextError, match=r"^thing\.v: Point has no text: give it a __str__, or"):
        build_things(sa.Column("v", Places(Point, wrap)), 3)


def test_a_text_of_its_own_is_one(build_things: Build) -> None:
    assert read_json(build_things(sa.Column("v", Places(Place)), 3, None)) == ["at 3", None]


class Step(enum.Enum):
    OPEN = 1
    PAID = 2


STEPS = {Step.OPEN: "It is open", Step.PAID: "It is paid"}


@pytest.mark.parametrize(
    ("stored_as", "codes"),
    [(None, ["OPEN", "PAID"]), (lambda step: [f"s{each.value}" for each in step], ["s1", "s2"])],
    ids=["names", "values_callable"],
)
def test_codes_are_those_of_the_database(build_things: Build, stored_as: Any, codes: list[str]) -> None:
    """Also one of a member that Python has no longer."""
    kind = sa.Enum(Step, native_enum=False, create_constraint=False, values_callable=stored_as)
    members = build_things(sa.Column("v", kind, info=words(STEPS)), *codes, "DRAFT", raw=True)
    assert read_json(members) == [*codes, "DRAFT"]
    assert [each["value"] for each in describe(members)["categories"]] == codes
    page = read_pages(members)[1]
    assert all(text in page for text in ("It is open", "It is paid", "DRAFT"))


def test_a_column_is_described_by_its_name(build_things: Build) -> None:
    """Python may know it by another."""
    assert describe(build_things(sa.Column("v", sa.Integer, key="number"), 5))["type"] == "integer"
